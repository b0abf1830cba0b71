"""公众号本账号, read by a real crawler child from a local WeChat: articles, comments, the token, and what is refused."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings

from archive.models import Post, Showing, Source
from crawlers.child import Child
from crawlers.models import AppToken
from crawlers.sealed import seal, unseal
from crawlers.wechat import answers
from crawlers.wechat.errors import judge, midnight
from tests.crawlers.conftest import database_env
from tests.crawlers.wechat import APPID, Article, WeChat, comment
from tests.sources import change, enabled

NOW = int(time.time())
APPROVED = {"purpose": "核对本局发布", "legal_basis": "本局账号，官方接口", "approved_by": "主任"}
ASKED = {"comments": [{"msg_data_id": 9001, "index": 0, "url": "https://mp.weixin.qq.com/s/fire", "title": "灞桥火灾通报"}]}


@pytest.fixture(scope="module")
def server() -> Iterator[WeChat]:
    server = WeChat()
    yield server
    server.close()


@pytest.fixture(scope="module")
def crawler(django_db_setup: None, server: WeChat, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (database_env(tmp_path_factory.mktemp("data")) | server.env).items():
            patch.setenv(name, value)
        patch.setenv("HUIYING_SECRET_KEY", "the key of these tests")
        child = Child()
        yield child
        child.stop()


@pytest.fixture
def wechat(server: WeChat, settings: Any) -> WeChat:
    settings.SECRET_KEY = "the key of these tests"
    url_kept = server.url
    server.articles, server.comments, server.asked, server.refuse, server.status = [], {}, [], {}, {}
    server.lasts_s, server.slow_s, server.forced = 7200, 0.0, 0
    server._n, server._valid = 1, {"token-1": float("inf")}
    assert server.url == url_kept
    return server


@pytest.fixture
def source(transactional_db: None, wechat: WeChat) -> Source:
    return enabled(name="西安公安微信", kind="wechat", outlet="own", interval_s=600, **APPROVED)


def article(n: int, title: str = "", content: str = "", **more: Any) -> Article:
    body = content or f"<p>第{n}篇正文。</p><p>警方提示。</p>"
    return Article(number=f"a{n}", title=title or f"第{n}篇", content=body, updated=NOW - 3600 * n, **more)


Read = Callable[..., list[dict[str, Any]]]


def test_published_articles_are_posts_of_our_own(source: Source, wechat: WeChat, read: Read) -> None:
    wechat.articles = [article(1, "灞桥火灾通报"), article(2)]
    report = read(source)[0]
    assert (report["state"], report["new"], report["error"]) == ("alive", 2, "")
    post = Post.objects.get(title="灞桥火灾通报")
    assert (post.platform, post.outlet, post.site, post.body) == ("wechat", "own", "西安公安微信", "第1篇正文。\n警方提示。")
    assert int(post.published_at.timestamp()) == NOW - 3600 and post.url.startswith("http://mp.weixin.qq.com/s?")
    assert read(source)[0]["new"] == 0


def test_many_articles_are_read_page_by_page_and_later_only_the_newest_whole(source: Source, wechat: WeChat, read: Read) -> None:
    wechat.articles = [article(n * 24) for n in range(1, 41)]
    assert read(source)[0]["new"] == 40
    wechat.asked.clear()
    wechat.articles.append(article(1))
    assert read(source)[0]["new"] == 1
    asked = [(p["offset"], p["count"], p["no_content"]) for path, p in wechat.asked if "batchget" in path]
    assert asked == [(0, 10, 0), (10, 20, 1), (30, 20, 1)]


def test_an_article_deleted_on_the_platform_is_withdrawn_here(source: Source, wechat: WeChat, read: Read) -> None:
    wechat.articles = [article(1), article(2)]
    read(source)
    wechat.articles[1].deleted = True
    assert read(source)[0]["state"] == "alive"
    assert [p.withdrawn_at is not None for p in Post.objects.order_by("-published_at")] == [False, True]


def test_an_article_that_leaves_the_list_is_counted_missing_until_it_is_back(source: Source, wechat: WeChat, read: Read) -> None:
    wechat.articles = [article(n) for n in range(1, 5)]
    read(source)
    gone = wechat.articles.pop(1)
    for n in (1, 2, 3):
        read(source)
        assert Showing.objects.get().missed == n
    wechat.articles.append(gone)
    read(source)
    assert Showing.objects.get().missed == 0


def test_comments_are_individuals_posts_under_their_article(source: Source, wechat: WeChat, read: Read) -> None:
    change(source, options=ASKED)
    wechat.comments[9001, 0] = [comment(n, f"第{n}条留言，什么时候通报？", NOW - n) for n in range(1, 121)]
    report = read(source)[0]
    assert (report["state"], report["new"]) == ("alive", 120)
    pages = [(p["begin"], p["count"], p["type"]) for path, p in wechat.asked if "comment" in path]
    assert pages == [(0, 49, 0), (49, 49, 0), (98, 49, 0)]
    post = Post.objects.get(body__startswith="第7条")
    assert (post.outlet, post.platform, post.url) == ("individual", "wechat", "https://mp.weixin.qq.com/s/fire")
    assert post.notes == ["留言于本局公众号文章《灞桥火灾通报》"] and int(post.published_at.timestamp()) == NOW - 7
    assert len(post.author) == 32 and not Post.objects.filter(author__contains="oReader").exists()
    assert Post.objects.values("author").distinct().count() == 7


def test_unchanged_comments_cost_one_page_and_a_deleted_one_is_withdrawn(source: Source, wechat: WeChat, read: Read) -> None:
    change(source, options=ASKED)
    wechat.comments[9001, 0] = [comment(n, f"第{n}条留言", NOW - n) for n in range(1, 61)]
    read(source)
    wechat.asked.clear()
    assert read(source)[0]["new"] == 0
    assert wechat.paths().count("comment/list") == 1
    del wechat.comments[9001, 0][40]
    wechat.comments[9001, 0].insert(0, comment(900, "新的一条", NOW))
    read(source)
    assert Post.objects.get(withdrawn_at__isnull=False).body == "第41条留言"
    assert Post.objects.filter(body="新的一条").exists()


def test_an_article_with_very_many_comments_is_read_on_at_once(source: Source, wechat: WeChat, read: Read) -> None:
    change(source, options=ASKED)
    wechat.comments[9001, 0] = [comment(n, f"第{n}条留言", NOW - n) for n in range(1, 600)]
    assert read(source)[0]["new"] == 490
    assert source.next_run_at <= source.last_ok_at
    assert read(source)[0]["new"] == 109
    assert source.next_run_at > source.last_ok_at


def test_without_the_privilege_for_comments_the_articles_are_read_and_the_reason_is_shown(
    source: Source, wechat: WeChat, read: Read
) -> None:
    change(source, options=ASKED)
    wechat.articles = [article(1)]
    wechat.refuse["/cgi-bin/comment/list"] = 88000
    assert read(source)[0]["state"] == "alive" and Post.objects.count() == 1
    assert "没有留言权限（88000）" in source.detail


def test_one_unknown_article_does_not_keep_the_others_from_being_read(source: Source, wechat: WeChat, read: Read) -> None:
    change(source, options={"comments": [{"msg_data_id": 404}, *ASKED["comments"]]})
    wechat.comments[9001, 0] = [comment(1, "请问何时通报", NOW)]
    assert read(source)[0]["new"] == 1 and "88001" in source.detail


def test_a_token_that_ended_is_fetched_anew_once_and_the_call_repeated(source: Source, wechat: WeChat, read: Read) -> None:
    wechat.articles = [article(1)]
    read(source)
    wechat.rotate(overlap_s=0)  # another program fetched one, and the overlap is over
    wechat.articles.append(article(2))
    wechat.asked.clear()
    assert read(source)[0]["new"] == 1
    assert wechat.paths() == ["freepublish/batchget", "stable_token", "freepublish/batchget"]
    assert wechat.forced == 0


def test_within_the_overlap_the_old_token_still_serves(source: Source, wechat: WeChat, read: Read) -> None:
    wechat.articles = [article(1)]
    read(source)
    wechat.rotate()
    wechat.asked.clear()
    assert read(source)[0]["state"] == "alive" and wechat.paths() == ["freepublish/batchget"]


def test_a_token_near_its_end_is_replaced_before_it_is_used(source: Source, wechat: WeChat, read: Read) -> None:
    wechat.lasts_s = 240
    read(source)
    read(source)
    assert wechat.paths().count("stable_token") == 2


def test_a_token_that_stays_invalid_is_forced_once_and_then_told(source: Source, wechat: WeChat, read: Read) -> None:
    wechat._valid.clear()  # WeChat hands out what it does not take
    wechat.rotate = lambda **more: setattr(wechat, "_n", wechat._n + 1)  # type: ignore[method-assign]
    report = read(source)[0]
    assert (report["state"], wechat.forced) == ("failing", 1) and "40001" in report["error"]
    assert read(source)[0]["state"] == "capped"  # the next forced one has to wait its 30 seconds
    assert wechat.forced == 1
    del wechat.rotate


def test_of_two_processes_at_once_one_fetches_the_token(source: Source, wechat: WeChat, crawler: Child, read: Read) -> None:
    other = enabled(name="公安微信二号读取", kind="wechat", outlet="own", interval_s=600, **APPROVED)
    third = enabled(name="公安微信三号读取", kind="wechat", outlet="own", interval_s=600, **APPROVED)
    wechat.slow_s = 1.0
    second = Child()
    heard: list[Any] = []
    second._heard = heard.append
    try:
        second.crawl([other.pk])
        reports = read(source, third)
        assert second.wait(20)
    finally:
        second.stop()
    assert [r["state"] for r in [*reports, *heard]] == ["alive"] * 3
    assert wechat.paths().count("stable_token") == 1


def test_the_stored_token_is_sealed_and_the_secret_is_nowhere(source: Source, wechat: WeChat, read: Read) -> None:
    read(source)
    row = AppToken.objects.get(appid=APPID)
    assert "token-1" not in row.sealed and unseal(row.sealed) == "token-1" and not row.lease
    wechat.status["/cgi-bin/freepublish/batchget"] = 502
    report = read(source)[0]
    assert report["state"] == "failing" and "token-1" not in report["error"] + source.detail


def test_a_token_sealed_under_another_key_is_fetched_anew(source: Source, wechat: WeChat, read: Read, settings: Any) -> None:
    read(source)
    settings.SECRET_KEY = "an older key"
    AppToken.objects.update(sealed=seal("token-1"))
    assert read(source)[0]["state"] == "alive"
    assert wechat.paths().count("stable_token") == 2


@pytest.mark.parametrize(
    ("path", "code", "state", "says"),
    [
        ("stable_token", 40125, "failing", "AppSecret 无效"),
        ("stable_token", (40164, "invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, not in whitelist rid: 6"), "failing", "203.0.113.9"),
        ("freepublish/batchget", 45009, "capped", "明日零时继续"),
        ("freepublish/batchget", 48001, "failing", "须为认证账号"),
        ("freepublish/batchget", -1, "failing", "系统繁忙"),
        ("freepublish/batchget", 61007, "failing", "微信返回 61007：refused"),
    ],
)  # fmt: skip
def test_an_error_in_an_answer_of_200_becomes_a_state_with_its_reason(
    source: Source, wechat: WeChat, read: Read, path: str, code: Any, state: str, says: str
) -> None:
    wechat.refuse[f"/cgi-bin/{path}"] = code
    report = read(source)[0]
    assert report["state"] == state and says in source.detail and "rid" not in source.detail
    if state == "capped":
        # Just before midnight its usual interval ends later than the quota's day.
        usual = source.last_run_at + timedelta(seconds=source.interval_s + 60)
        assert midnight(source.last_run_at) <= source.next_run_at <= max(midnight(source.last_run_at), usual)


def test_answers_that_are_no_data_fail_and_nothing_is_lost(source: Source, wechat: WeChat, read: Read) -> None:
    for status in (200, 500):
        wechat.status["/cgi-bin/freepublish/batchget"] = status
        assert read(source)[0]["state"] == "failing"
    wechat.status.clear()
    wechat.articles = [article(1), Article("", "没有编号", "<p>x</p>", NOW), article(2, " ", " ")]
    wechat.articles[2].title = ""
    wechat.articles[2].content = "<p></p>"
    report = read(source)[0]
    assert (report["state"], report["new"], report["fetched"]) == ("alive", 1, 3)


@pytest.mark.parametrize("options", [{"comments": "x"}, {"comments": [{"msg_data_id": "abc"}]}, {"comments": [{"msg_data_id": 1, "index": 9}]}])
def test_wrong_settings_are_said_by_name(source: Source, wechat: WeChat, read: Read, options: Any) -> None:
    change(source, options=options)
    assert "options.comments" in read(source)[0]["error"] and wechat.asked == []


def test_without_credentials_the_source_is_off_and_nothing_is_asked(source: Source, wechat: WeChat, read: Read) -> None:
    change(source, options={"variables": "HUIYING_NOBODY"})
    report = read(source)[0]
    assert (report["state"], source.failures) == ("off", 0) and "HUIYING_NOBODY_APPID" in report["error"]
    assert wechat.asked == []


@pytest.mark.parametrize("value", [None, "", "x", True, -5, 10**20, [], 1.5e300, float("nan")])
def test_strange_numbers_are_no_instant_and_no_crash(value: Any) -> None:
    assert answers.instant(value) is None
    entry = {"article_id": "a", "update_time": value, "content": {"news_item": [{"title": "t", "content": "c"}]}}
    page = answers.read_articles({"item": [entry, None, {}], "total_count": value}, site="s", with_content=True)
    assert [i.published_at for i in page.items] == [None] and len(page.refused) == 2
    said = answers.read_comments({"comment": [{"user_comment_id": 1, "content": "x", "create_time": value}, 5]}, answers.Asked(msg_data_id=1), site="s")
    assert len(said.items) == 1 and len(said.refused) == 1


def test_an_errcode_counts_before_the_http_status() -> None:
    assert judge(200, b'{"errcode":0,"errmsg":"ok"}') == ({"errcode": 0, "errmsg": "ok"}, None)
    for status, body in ((200, b"[]"), (200, b"x"), (404, b"{}"), (500, b"")):
        assert judge(status, body)[1] is not None
    found = judge(500, b'{"errcode":"45009"}')[1]
    assert found is not None and found.state == "capped"
    assert django_settings.SECRET_KEY
