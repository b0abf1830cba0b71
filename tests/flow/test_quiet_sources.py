"""Silent, dried-up and disapproved sources: told once, and their recovery to those who heard."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import transaction

from alerts.models import Alert
from archive import approval, spells
from archive.approval import Robots
from archive.models import Source, Spell
from flow import quiet_sources
from flow.models import AuditEntry
from flow.policy import load_policy
from tests.sources import enabled

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def told(policy, now) -> int:
    """Alerts about sources that one look makes (with no rota, nobody_on_duty is raised beside the first)."""
    before = Alert.objects.exclude(kind="nobody_on_duty").count()
    quiet_sources.run(policy, now, held=False)
    return Alert.objects.exclude(kind="nobody_on_duty").count() - before


@pytest.fixture
def policy():
    return load_policy(settings.POLICY)


def turn(source: Source, state: str, code: str, at, detail: str = "久无信息", **more) -> None:
    with transaction.atomic():
        spells.turn(source, state, code, detail, at, **more)


@pytest.mark.parametrize(("state", "code"), [("quiet", "silent"), ("alive", "degraded")])
def test_silence_is_told_once_and_its_end_to_those_who_were_told(policy, at, state, code):
    now = at("2026-11-23 09:00")
    source = enabled(name="华商网", url="https://a.example.cn/", last_item_at=now - 5 * HOUR)
    turn(source, state, code, now)
    assert told(policy, now) == 1
    assert told(policy, now + HOUR) == 0, "once"
    turn(source, "alive", "", now + 2 * HOUR)
    assert told(policy, now + 2 * HOUR) == 1
    first, back = Alert.objects.exclude(kind="nobody_on_duty").order_by("id")
    assert first.stood_down_at and back.title == "【信源恢复】华商网 恢复正常"
    assert set(back.deliveries.values_list("channel", "address")) <= set(first.deliveries.values_list("channel", "address"))
    turn(source, state, code, now + 3 * HOUR)
    assert told(policy, now + 3 * HOUR) == 1, "the next one is told anew"


def test_a_source_that_is_merely_quiet_is_not_told(policy, at):
    turn(enabled(name="华商网", url="https://a.example.cn/"), "quiet", "", at("2026-11-23 09:00"))
    assert told(policy, at("2026-11-23 09:00")) == 0


def test_a_failing_source_is_told_after_an_hour_and_one_never_read_after_three_tries(policy, at):
    now = at("2026-11-23 09:00")
    turn(enabled(name="甲", url="https://a.example.cn/"), "failing", "", now, last_ok_at=now - timedelta(minutes=59))
    turn(enabled(name="乙", url="https://b.example.cn/"), "failing", "", now, failures=2)
    assert told(policy, now) == 0
    Source.objects.filter(name="乙").update(failures=3)
    assert told(policy, now + timedelta(minutes=1)) == 2


def test_robots_that_change_stop_the_source_and_are_told_and_audited(policy, at):
    now = at("2026-11-23 09:00")
    source = Source.objects.create(
        name="华商网", kind="feed", url="https://a.example.cn/", purpose="监测", legal_basis="robots 允许"
    )
    allowed = Robots(body="User-agent: *\nDisallow: /admin\n", at=now)
    with transaction.atomic():
        approval.give(approval.ask(source, "admin", approval.FIRST, now), "王主任", now, allowed)
        same = Robots(body="# seen again\nUser-agent: *\nDisallow: /admin\nSitemap: https://a.example.cn/s.xml", at=now)
        assert approval.seen_robots(source, same, now + HOUR), "comments and sitemaps bind nobody"
        assert not approval.seen_robots(source, Robots(body="User-agent: *\nDisallow: /", at=now + HOUR), now + HOUR)
    source.refresh_from_db()
    assert not source.enabled and source.code == "unapproved" and "robots.txt" in source.detail
    assert [(a.state, a.asked_by) for a in source.approvals.order_by("id")] == [("ended", "admin"), ("waiting", "engine")]
    assert told(policy, now + HOUR) == 1
    assert "待批准" in Alert.objects.get(kind="source_silent").title
    assert AuditEntry.objects.filter(action="source.lapsed", actor="engine").count() == 1
    quiet_sources.run(policy, now + 2 * HOUR, held=False)
    assert AuditEntry.objects.filter(action="source.lapsed").count() == 1


def test_an_approval_before_robots_were_seen_takes_the_first_as_its_snapshot(at):
    now = at("2026-11-23 09:00")
    source = Source.objects.create(name="甲", kind="feed", url="https://a.example.cn/", purpose="监测", legal_basis="公开")
    with transaction.atomic():
        approval.give(approval.ask(source, "admin", approval.FIRST, now), "王主任", now, None)
        assert approval.seen_robots(source, Robots(body="User-agent: *\nCrawl-delay: 9", at=now), now)
    assert source.approvals.get().robots.endswith("Crawl-delay: 9") and source.approvals.get().robots_sha


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ("User-agent: *\nDisallow: /b", False),
        ("User-agent: *\nDisallow: /a\nCrawl-delay: 5", False),
        ("User-agent: GPTBot\nDisallow: /\n\nUser-agent: *\nDisallow: /a", True),
        ("User-agent: GPTBot\nUser-agent: *\nDisallow: /a", False),
        ("user-agent:*\n# hello\ndisallow:   /a   # really", True),
        ("User-agent: *\nDisallow: /a\n\nUser-agent: Huiying\nDisallow: /", False),
    ],
)
def test_only_what_binds_us_makes_robots_differ(changes, same):
    first = approval.rules_for_us("User-agent: *\nDisallow: /a\n")
    assert (approval.rules_for_us(changes) == first) is same


def test_spells_close_and_open_when_the_state_changes_and_not_otherwise(at):
    now = at("2026-11-23 09:00")
    source = enabled(name="甲", url="https://a.example.cn/")
    turn(source, "alive", "", now)
    turn(source, "alive", "", now + HOUR, detail="新增 3 条")
    turn(source, "failing", "", now + 2 * HOUR)
    with transaction.atomic():
        spells.unread(source, now + 3 * HOUR, now + 4 * HOUR)
    rows = Spell.objects.order_by("starts_at").values_list("state", "starts_at", "ends_at")
    assert [(s, (a - now) / HOUR, b and (b - now) / HOUR) for s, a, b in rows] == [
        ("alive", 0, 2), ("failing", 2, 3), ("unread", 3, 4), ("failing", 4, None),
    ]  # fmt: skip
