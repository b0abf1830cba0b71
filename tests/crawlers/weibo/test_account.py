"""The bureau's own account: three lists, one call budget, a token that ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from archive.models import Post, Source
from bench.weibo import FIRST_ID, Weibo, comment, placeholder, status
from config.clock import SHANGHAI
from crawlers.models import CallCount, Rejection, SourceRun, Token
from crawlers.posts import id_key
from tests.crawlers.weibo.conftest import APPROVED, authorise
from tests.sources import change, enabled

NOW = datetime.now(UTC).replace(microsecond=0)


def test_mentions_and_comments_become_posts_without_a_person_in_them(account: Source, weibo: Weibo, said, read) -> None:
    said(3)
    under = status(FIRST_ID + 500, "本局通报：今日凌晨……", NOW - timedelta(hours=3), user={"id": 2000000001, "screen_name": "西安公安"})
    weibo.lists["comments/to_me"] = [comment(FIRST_ID + 900, "电话 13912345678 没人接", NOW, under)]
    report = read(account)[0]
    assert (report["state"], report["new"], report["error"]) == ("alive", 5, "")
    assert account.state == "alive" and account.last_ok_at
    post = Post.objects.get(external_id=str(FIRST_ID + 1))
    assert (post.site, post.platform, post.outlet, post.follower_band) == ("新浪微博", "weibo", "individual", "1k-10k")
    assert post.url == f"https://m.weibo.cn/detail/{FIRST_ID + 1}" and post.published_at <= datetime.now(UTC)
    remark = Post.objects.get(external_id=f"c{FIRST_ID + 900}")
    assert remark.body == "电话 139****5678 没人接" and "评论于微博" in remark.notes[0]
    assert Post.objects.get(external_id=str(FIRST_ID + 500)).outlet == "own"
    kept = str(list(Post.objects.values()))
    assert not [word for word in ("用户1", "1700000001", "热爱生活", "陕西 西安", "tvax1") if word in kept]
    assert len(post.author) == 32


def test_the_token_goes_in_a_header_and_stands_nowhere_in_clear(account: Source, weibo: Weibo, said, read) -> None:
    said(1)
    read(account)
    assert {a.authorization for a in weibo.asked} == {"OAuth2 good-token"}
    assert not [a for a in weibo.asked if "good-token" in str(a.params)]
    assert "good-token" not in Token.objects.get().sealed
    assert "good-token" not in str(list(Source.objects.values())) + str(list(SourceRun.objects.values()))


def test_a_second_round_asks_from_where_the_first_ended_and_stores_nothing_twice(account: Source, weibo, said, read) -> None:
    said(5)
    read(account)
    said(2)
    assert read(account)[0]["new"] == 2
    assert Post.objects.count() == 7
    asked = [a.params for a in weibo.asked if "statuses/mentions" in a.path]
    assert asked[0]["since_id"] == "0" and all("page" not in a for a in asked)


def test_more_than_a_page_is_fetched_over_the_next_rounds_and_nothing_is_left_out(account: Source, weibo, said, read) -> None:
    said(3)
    read(account)
    said(700)  # a storm: three and a half pages of two hundred
    for _ in range(6):
        read(account)
    assert Post.objects.count() == 703
    assert account.cursor["streams"]["statuses/mentions"]["gaps"] == []


def test_the_day_s_calls_are_counted_before_they_are_made_and_spread_over_the_day(account: Source, weibo: Weibo, read) -> None:
    read(account)
    count = CallCount.objects.get()
    assert count.used == 3 and count.meter == "100200300:2000000001" and count.day == datetime.now(SHANGHAI).date()
    end = datetime.now(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    apart = min((end - datetime.now(UTC)) / 32, end - datetime.now(UTC))
    assert account.next_run_at and abs(account.next_run_at - (datetime.now(UTC) + apart)) < timedelta(minutes=2)


def test_a_used_up_budget_rests_until_midnight_and_asks_nothing(account: Source, weibo: Weibo, read) -> None:
    change(account, options={"budget": 2})
    report = read(account)[0]
    assert report["state"] == "capped" and "2 次调用额度已用完" in report["error"] and len(weibo.asked) == 2
    assert account.next_run_at and account.next_run_at.astimezone(SHANGHAI).strftime("%H:%M") == "00:00"
    read(account)
    assert len(weibo.asked) == 2


def test_weibo_s_own_quota_counts_as_capped(account: Source, weibo: Weibo, read) -> None:
    weibo.quota = 1
    report = read(account)[0]
    assert report["state"] == "capped" and "10023" in report["error"]
    assert account.next_run_at and account.next_run_at > datetime.now(UTC)


@pytest.mark.parametrize("as_text", [True, False], ids=["text", "number"])
def test_a_token_that_was_revoked_is_shown_to_weibo_once_and_never_again(account: Source, weibo: Weibo, read, as_text) -> None:
    weibo.code_as_text, weibo.tokens = as_text, set()
    report = read(account)[0]
    assert report["state"] == "failing" and "重新授权" in report["error"] and "21332" in report["error"]
    assert account.authorised_until and account.authorised_until <= datetime.now(UTC)
    asked = len(weibo.asked)
    assert "授权已失效" in read(account)[0]["error"] and len(weibo.asked) == asked
    weibo.tokens = {"next-token"}
    authorise(account, "next-token")
    assert read(account)[0]["state"] == "alive" and account.failures == 0


def test_what_came_before_the_token_ended_is_kept(account: Source, weibo: Weibo, said, read) -> None:
    said(4)
    weibo.fail["/2/comments/mentions.json"] = (403, {"error_code": "21327", "error": "expired_token"})
    report = read(account)[0]
    assert (report["state"], report["new"]) == ("failing", 4) and "21327" in report["error"]


def test_a_source_without_an_authorisation_is_off_and_says_what_to_do(transactional_db, weibo: Weibo, read) -> None:
    source = enabled(name="新账号", kind=Source.Kind.WEIBO, **APPROVED)
    report = read(source)[0]
    assert report["state"] == "off" and "尚未授权" in source.detail and source.failures == 0 and weibo.asked == []


def test_a_list_without_permission_does_not_cost_the_others(account: Source, weibo: Weibo, said, read) -> None:
    said(2)
    weibo.fail["/2/comments/to_me.json"] = (403, {"error_code": 10014, "error": "Insufficient app permissions!"})
    report = read(account)[0]
    assert (report["state"], report["new"]) == ("alive", 2) and "comments/to_me 无权限" in report["error"]
    read(account)
    assert weibo.paths().count("/2/comments/to_me.json") == 1  # asked again the next day


def test_a_deleted_mention_withdraws_the_post_and_a_lost_original_is_said(account: Source, weibo: Weibo, said, read) -> None:
    first, second = said(2)
    lost = {"id": FIRST_ID + 77, "text": "抱歉，此微博已被作者删除。", "user": None, "deleted": "1"}
    weibo.lists["statuses/mentions"].append(status(FIRST_ID + 50, "转发微博", NOW, retweeted_status=lost))
    read(account)
    assert "转发的原微博已被删除" in Post.objects.get(external_id=str(FIRST_ID + 50)).notes
    weibo.lists["statuses/mentions"] = [placeholder(first["id"]), second]
    read(account)
    assert Post.objects.get(key=id_key("weibo", str(first["id"]))).withdrawn_at
    assert Post.objects.get(key=id_key("weibo", str(second["id"]))).withdrawn_at is None


def test_an_entry_that_cannot_be_read_is_refused_by_name_and_the_rest_goes_on(account: Source, weibo: Weibo, said, read) -> None:
    said(2)
    weibo.lists["statuses/mentions"][0]["text"] = ""
    weibo.lists["comments/to_me"] = [comment(FIRST_ID + 900, "  ", NOW, None), comment(FIRST_ID + 901, "路灯修好了", NOW, None)]
    assert read(account)[0]["new"] == 2
    assert {r.field for r in Rejection.objects.all()} == {"text"}


@pytest.mark.parametrize(
    ("answer", "state", "said"),
    [
        ((200, b"<html>busy</html>"), "failing", "不是 JSON"),
        ((200, {"ok": 1}), "failing", "没有 statuses"),
        ((503, b"upstream"), "failing", "HTTP 503"),
        ((429, b""), "capped", "过于频繁"),
        ((400, {"error_code": "10006", "error": "source missing"}), "failing", "AppKey"),
        ((200, {"error_code": 99999, "error": "?"}), "failing", "未知错误"),
    ],
)
def test_bad_answers_are_told_in_words(account: Source, weibo: Weibo, read, answer, state, said) -> None:
    weibo.fail["/2/statuses/mentions.json"] = answer
    report = read(account)[0]
    assert report["state"] == state and said in report["error"]
    assert "streams" not in account.cursor
