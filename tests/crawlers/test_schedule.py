"""When a source is read again, and what is said of its health."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from archive.models import Source
from crawlers.models import Rejection, SourceRun
from crawlers.schedule import Run, due, settle
from tests.sources import enabled

NOW = datetime(2024, 5, 20, 12, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def source(**columns) -> Source:
    return enabled(**{"name": f"源{Source.objects.count()}", "url": "http://a.cn/f", "interval_s": 600} | columns)


def ok(new: int = 0, **changed) -> Run:
    return Run(**{"started_at": NOW, "state": "alive", "said": f"新增 {new} 条", "http": 200, "new": new} | changed)


def test_due_are_enabled_feeds_whose_time_has_come() -> None:
    fresh = source()
    late = source(next_run_at=NOW - timedelta(minutes=1))
    source(next_run_at=NOW + timedelta(minutes=1))
    Source.objects.create(name="未批准", kind="feed", url="http://a.cn/g")
    source(kind="file", url="")
    assert set(due(NOW)) == {fresh.pk, late.pk}


def test_a_good_run_is_recorded_and_the_next_one_set() -> None:
    s = source(failures=3, state="failing")
    assert settle(s.pk, ok(2, refused=((7, "title", "没有标题"),)), NOW) == "alive"
    s.refresh_from_db()
    assert (s.failures, s.last_ok_at, s.next_run_at) == (0, NOW, NOW + timedelta(minutes=10))
    assert SourceRun.objects.get().new == 2 and Rejection.objects.get().row == 7
    assert due(NOW) == [] and due(NOW + timedelta(minutes=10)) == [s.pk]


def test_a_dead_source_is_asked_ever_more_rarely_but_within_six_hours() -> None:
    s, waits = source(), []
    for _ in range(8):
        assert settle(s.pk, Run(started_at=NOW, state="failing", said="HTTP 500"), NOW) == "failing"
        s.refresh_from_db()
        assert s.next_run_at
        waits.append((s.next_run_at - NOW).total_seconds() / 60)
    assert waits == [10, 20, 40, 80, 160, 320, 360, 360]
    assert s.failures == 8 and "连续失败 8 次：HTTP 500" in s.detail and s.last_ok_at is None


def test_a_hosts_wish_moves_the_next_run() -> None:
    s = source()
    settle(s.pk, Run(started_at=NOW, state="capped", said="HTTP 429", retry_at=NOW + timedelta(hours=2)), NOW)
    s.refresh_from_db()
    assert s.state == "capped" and s.next_run_at == NOW + timedelta(hours=2) and s.detail == "HTTP 429"
