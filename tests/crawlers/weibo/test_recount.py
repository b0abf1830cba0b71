"""Counters read again on a decaying schedule, edits kept, deletions followed down to database and index."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from analysis.models import Event, Reading
from archive import indexing, search
from archive.models import Change, Measurement, Post, PostVersion, Source
from bench.weibo import FIRST_ID, Weibo, status
from crawlers.models import CallCount
from crawlers.posts import id_key
from flow import documents, erasing
from tests.crawlers.weibo.conftest import APPROVED, authorise
from tests.sources import change, enabled

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def hot(account: Source):
    """hot(1, 40): a post of an open event, published 40 minutes ago and received at once."""
    event = Event.objects.create(
        title="南门外路灯", type="T13", jurisdiction="ours", t_detected=NOW, last_post_at=NOW, heat="orange", heat_index=9.0
    )

    def made(number: int, minutes: float) -> Post:
        at = NOW - timedelta(minutes=minutes)
        post = Post.objects.create(
            key=id_key("weibo", str(FIRST_ID + number)), source=account, site="新浪微博", platform="weibo", outlet="individual", body=f"第{number}条：南门外路灯",
            external_id=str(FIRST_ID + number), published_at=at, received_at=at + timedelta(seconds=20), unread=False,
        )  # fmt: skip
        Change.objects.create(post=post)
        Reading.objects.create(
            post=post, tier="incident", score=1, reasons=[], jurisdiction="ours", facts={}, places=[], version="1", event=event
        )
        return post

    return made


def test_a_hot_post_s_counters_are_read_again_and_kept_as_a_series(account: Source, weibo: Weibo, read, hot) -> None:
    post = hot(1, 40)
    weibo.lists["elsewhere"] = [status(FIRST_ID + 1, post.body, NOW, reposts_count=812, comments_count=40, attitudes_count=7)]
    assert read(account)[0]["state"] == "alive"
    post.refresh_from_db()
    assert (post.reposts, post.comments, post.likes) == (812, 40, 7)
    row = Measurement.objects.get()
    assert (row.before, row.reposts, row.warmed) == ([0, 0, 0, 0], 812, False)
    assert CallCount.objects.get().used == 4
    read(account)  # its next moment is an hour and twenty minutes after publication
    assert weibo.paths().count("/2/statuses/count.json") == 1


def test_counters_wait_when_the_day_s_calls_are_needed_for_what_is_said_now(account: Source, weibo: Weibo, read, hot) -> None:
    hot(1, 40)
    change(account, options={"budget": 6})
    read(account)
    assert "/2/statuses/count.json" not in weibo.paths()


def test_what_is_deleted_at_the_source_leaves_the_tables_and_the_search_within_a_round(
    account: Source, weibo: Weibo, read, hot, settings, tmp_path
) -> None:
    settings.DATA = tmp_path
    gone, kept = hot(1, 40), hot(2, 40)
    weibo.lists["elsewhere"] = [status(FIRST_ID + n, "南门外路灯", NOW) for n in (1, 2)]
    indexing.drain(documents.documents)
    search.engine().close()
    weibo.deleted = {FIRST_ID + 1}
    assert read(account)[0]["error"] == ""
    gone.refresh_from_db()
    assert gone.withdrawn_at and weibo.paths().count("/2/statuses/show.json") == 1
    erasing.withdraw(NOW)
    indexing.drain(documents.documents)
    gone.refresh_from_db()
    kept.refresh_from_db()
    assert gone.body == "" and kept.body
    assert [hit.post_id for hit in search.search("路灯").hits] == [kept.pk]
    search._engines.pop(tmp_path / "index")._let_go()


def test_with_a_contract_one_call_tells_counters_edits_and_deletions(weibo: Weibo, read, hot, account: Source) -> None:
    Source.objects.filter(pk=account.pk).update(enabled=False)
    paid = enabled(
        name="商业检索", kind=Source.Kind.WEIBO_SEARCH, outlet="individual", options={"queries": ["没有这个词"]}, **APPROVED
    )
    authorise(paid)
    Post.objects.update(source=paid)
    edited, gone = hot(1, 40), hot(2, 40)
    Post.objects.update(source=paid)
    weibo.lists["elsewhere"] = [
        status(FIRST_ID + 1, "第1条：南门外路灯已修复", NOW, reposts_count=5),
        status(FIRST_ID + 2, "x", NOW),
    ]
    weibo.deleted = {FIRST_ID + 2}
    assert read(paid)[0]["state"] == "alive"
    edited.refresh_from_db()
    gone.refresh_from_db()
    assert edited.reposts == 5 and edited.body == "第1条：南门外路灯" and gone.withdrawn_at
    assert PostVersion.objects.get().body == "第1条：南门外路灯已修复"
    assert weibo.paths().count("/2/statuses/show_batch/biz.json") == 1
    read(paid)
    assert PostVersion.objects.count() == 1
