"""What the tables say of a source's habits: learned from its posts, judged at each reading, told in words."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import transaction

from analysis.models import Reading
from archive import spells
from archive.models import Post, Source, Spell
from config.clock import SHANGHAI
from crawlers import habits
from crawlers.models import Learned, SourceDay, SourceRun
from crawlers.schedule import Run, judge_delivered, settle
from tests.sources import enabled

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=SHANGHAI)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def source(**columns) -> Source:
    made = enabled(**{"name": "甲", "url": "https://a.example.cn/", "enabled_at": NOW - 90 * DAY, "interval_s": 600} | columns)
    Source.objects.filter(pk=made.pk).update(enabled_at=columns.get("enabled_at", NOW - 90 * DAY))
    made.refresh_from_db()
    return made


def hourly(of: Source, until: datetime, days: int = 30) -> None:
    """An item each hour, read ten minutes later."""
    first = until - days * DAY
    Post.objects.bulk_create(
        Post(
            key=f"{of.pk}-{n}", source=of, site=of.name, title=f"第{n}条", published_at=first + n * HOUR,
            received_at=first + n * HOUR + timedelta(minutes=10),
        )
        for n in range(days * 24 + 1)
    )  # fmt: skip
    of.last_item_at = until
    of.save()


def ok(at: datetime, **changed) -> Run:
    return Run(**{"started_at": at, "state": "alive", "said": "未变化（304）", "http": 304} | changed)


def test_two_missed_hours_are_silence_and_the_next_item_ends_it():
    s = source(interval_s=3600)
    hourly(s, NOW)
    habits.learn(s, NOW)
    assert settle(s.pk, ok(NOW + HOUR), NOW + HOUR) == "alive"
    assert settle(s.pk, ok(NOW + 2 * HOUR), NOW + 2 * HOUR) == "quiet"
    s.refresh_from_db()
    assert s.code == "silent" and "已 2 小时没有新信息" in s.detail and "应有约" in s.detail
    assert settle(s.pk, ok(NOW + 3 * HOUR, new=1), NOW + 3 * HOUR) == "alive"
    assert [x.state for x in Spell.objects.order_by("starts_at")] == ["alive", "quiet", "alive"]


def test_old_news_that_arrives_now_is_a_sign_of_life():
    s = source()
    hourly(s, NOW)
    habits.learn(s, NOW)
    late = NOW + 5 * HOUR
    Post.objects.create(key="old", source=s, site="甲", title="旧文", published_at=NOW - 20 * DAY, received_at=late)
    assert settle(s.pk, ok(late + timedelta(minutes=30)), late + timedelta(minutes=30)) == "alive"


def test_a_night_without_the_service_is_not_the_sources_silence():
    s = source()
    hourly(s, NOW)
    habits.learn(s, NOW)
    settle(s.pk, ok(NOW), NOW)
    back = NOW + 9 * HOUR
    assert settle(s.pk, ok(back), back) == "alive"
    gap = Spell.objects.get(state="unread")
    assert (gap.starts_at, gap.ends_at) == (NOW + timedelta(minutes=10), back)
    watched = [back + n * timedelta(minutes=10) for n in range(1, 13)]
    assert [settle(s.pk, ok(at), at) for at in watched][-1] == "quiet", "but two hours watched are"


def test_a_source_that_never_said_anything_is_told_after_two_days():
    s = source(enabled_at=NOW)
    assert settle(s.pk, ok(NOW + 47 * HOUR), NOW + 47 * HOUR) == "alive"
    assert settle(s.pk, ok(NOW + 48 * HOUR), NOW + 48 * HOUR) == "quiet"
    s.refresh_from_db()
    assert s.code == "silent" and "从未读到信息" in s.detail


def test_a_source_with_few_items_is_told_after_a_week():
    s = source(last_item_at=NOW)
    assert settle(s.pk, ok(NOW + 6 * DAY), NOW + 6 * DAY) == "alive"
    Spell.objects.all().delete()
    assert settle(s.pk, ok(NOW + 7 * DAY, started_at=NOW + 6 * DAY + timedelta(minutes=10)), NOW + 7 * DAY) == "quiet"


def test_a_feed_of_old_items_is_alive_when_it_is_first_read():
    s = source(enabled_at=NOW, last_item_at=NOW - 600 * DAY)
    assert settle(s.pk, ok(NOW + HOUR, new=5), NOW + HOUR) == "alive"
    assert settle(s.pk, ok(NOW + 2 * HOUR), NOW + 2 * HOUR) == "alive"


def test_a_trickle_is_degraded_until_it_flows_again():
    s = source()
    hourly(s, NOW - DAY, days=40)
    Post.objects.create(key="one", source=s, site="甲", title="独苗", published_at=NOW - HOUR, received_at=NOW)
    Source.objects.filter(pk=s.pk).update(last_item_at=NOW - HOUR)
    habits.learn(s, NOW)
    assert Learned.objects.get().low
    assert settle(s.pk, ok(NOW), NOW) == "alive"
    s.refresh_from_db()
    assert s.code == "degraded" and "远少于" in s.detail


def test_learning_waits_six_hours_and_counts_what_concerns_us():
    s = source()
    hourly(s, NOW)
    for post in Post.objects.order_by("-id")[:4]:
        tier = "direct" if post.pk % 2 else "none"
        Reading.objects.create(post=post, tier=tier, score=0.9, jurisdiction="ours", version="t")
    assert habits.learn_due(NOW) == 1 and habits.learn_due(NOW + 5 * HOUR) == 0
    assert habits.learn_due(NOW + 6 * HOUR) == 1
    found = Learned.objects.get()
    assert (found.items, found.relevant) == (4, 2)


def test_a_source_that_is_brought_to_us_falls_silent_too():
    s = source(kind="webhook", url="", state="alive")
    hourly(s, NOW)
    habits.learn(s, NOW)
    assert judge_delivered(NOW + HOUR) == 0
    assert judge_delivered(NOW + 3 * HOUR) == 1
    s.refresh_from_db()
    assert (s.state, s.code) == ("quiet", "silent")


def test_a_pause_during_a_reading_stands():
    s = source()
    with transaction.atomic():
        spells.turn(s, "off", "paused_by_owner", "暂停", NOW, enabled=False)
    assert settle(s.pk, ok(NOW, new=3), NOW) == "off"
    s.refresh_from_db()
    assert (s.state, s.code) == ("off", "paused_by_owner") and SourceRun.objects.count() == 1


def test_each_day_sums_its_readings():
    s = source()
    settle(s.pk, ok(NOW, fetched=9, new=2), NOW)
    settle(s.pk, Run(started_at=NOW + HOUR, state="failing", said="HTTP 500"), NOW + HOUR)
    settle(s.pk, ok(NOW + 14 * HOUR), NOW + 14 * HOUR)
    days = SourceDay.objects.order_by("day").values_list("day", "runs", "bad", "fetched", "new")
    assert [(d.isoformat(), *rest) for d, *rest in days] == [("2026-03-02", 2, 1, 9, 2), ("2026-03-03", 1, 0, 0, 0)]
