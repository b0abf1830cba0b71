"""The coverage statement: who could be heard, from when to when."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import transaction

from archive import spells
from archive.coverage import statement
from archive.models import Source
from config.clock import SHANGHAI
from tests.sources import enabled

pytestmark = pytest.mark.django_db
MIDNIGHT = datetime(2026, 3, 2, tzinfo=SHANGHAI)
HOUR = timedelta(hours=1)


def source(name: str, **columns) -> Source:
    return enabled(name=name, url=f"https://{name}.example.cn/", interval_s=600, **columns)


def turn(of: Source, state: str, hours: float, code: str = "") -> None:
    with transaction.atomic():
        spells.turn(of, state, code, "", MIDNIGHT + hours * HOUR)


def told(hours: float, now: float = 48):
    return statement(MIDNIGHT, MIDNIGHT + hours * HOUR, MIDNIGHT + now * HOUR)


def test_stretches_are_cut_to_the_window_and_name_state_and_reason():
    s = source("甲")
    turn(s, "alive", -5)
    turn(s, "capped", 3, "rate_limited")
    turn(s, "alive", 8)
    found = [(x.state, x.code, (x.start - MIDNIGHT) / HOUR, (x.end - MIDNIGHT) / HOUR) for x in told(10).stretches]
    assert found == [("alive", "", 0, 3), ("capped", "rate_limited", 3, 8), ("alive", "", 8, 10)]
    assert told(10).hours() == {"甲": {"alive": 5.0, "capped": 5.0}}
    assert "甲 03-02 03:00 至 03-02 08:00 受限" in told(10).sentence()


def test_what_lies_ahead_is_not_known():
    turn(source("甲"), "alive", -5)
    assert told(48, now=6).stretches[-1].end == MIDNIGHT + 6 * HOUR


def test_a_source_that_is_overdue_is_unread_since_it_was_due():
    s = source("甲", next_run_at=MIDNIGHT + 2 * HOUR)
    turn(s, "alive", -5)
    assert [(x.state, (x.end - x.start) / HOUR) for x in told(10, now=10).stretches] == [("alive", 2), ("unread", 8)]
    assert "未读取（服务未运行）" in told(10, now=10).sentence()
    Source.objects.update(kind="webhook")
    assert [x.state for x in told(10, now=10).stretches] == ["alive"], "what is brought to us is never late"


def test_days_are_deaf_when_half_of_them_is_lost():
    bad, good = source("坏"), source("好")
    turn(bad, "failing", 10)
    turn(bad, "alive", 37)
    turn(good, "alive", 0)
    turn(good, "failing", 13)
    turn(good, "alive", 24)
    days = {day.isoformat(): names for day, names in told(48).deaf_days().items()}
    assert days == {"2026-03-02": ("坏",), "2026-03-03": ("坏",)}


def test_with_no_source_at_all_it_says_so():
    Source.objects.create(name="导入", kind="file")
    assert told(24).sentence() == "这段时间没有在读的信源，没有信息不等于没有事情。"


def test_off_is_told_but_no_interruption():
    s = source("甲")
    turn(s, "alive", -1)
    turn(s, "off", 2, "paused_by_owner")
    assert [x.state for x in told(4).stretches] == ["alive", "off"] and told(4).deaf_days() == {}
