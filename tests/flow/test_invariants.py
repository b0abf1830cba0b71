"""Each invariant of alerting.md §2.5-11: what breaks it, and what does not."""

from datetime import UTC, datetime, timedelta

import pytest

from flow.invariants import Facts, GraveEvent, PendingDelivery, PendingMilestone, RunningClock, broken

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
OWED = {"重大": frozenset({"K1", "K2"}), "特别重大": frozenset({"K1", "K2"})}
S = timedelta(seconds=1)


def codes(facts, **more):
    return [v.code for v in broken(facts, OWED, NOW, NOW, **more)]


def grave(*duties):
    return Facts(grave=[GraveEvent(id=7, grade="重大", duties=frozenset(duties))])


def clock(has_next, told_missed):
    return Facts(clocks=[RunningClock(id=12, has_next=has_next, told_missed=told_missed)])


def milestone(late):
    return Facts(milestones=[PendingMilestone(id=30, at=NOW - late * S)])


def pending(late, leased=False, behind=False):
    return Facts(deliveries=[PendingDelivery(id=9, channel="slack", leased=leased, due_at=NOW - late * S, behind=behind)])


def tick(age):
    return Facts(ticked_at=None if age is None else NOW - age * S, engine_expected=True)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (grave("K1"), "clock_missing"),
        (grave(), "clock_missing"),
        (clock(False, False), "clock_silent"),
        (milestone(11), "milestone_late"),
        (pending(61), "delivery_stuck"),
        (pending(11, leased=True), "lease_late"),
        (tick(6), "tick_stale"),
        (tick(None), "tick_stale"),
    ],
)
def test_what_must_not_be(facts, code):
    assert codes(facts) == [code]


@pytest.mark.parametrize(
    "facts",
    [
        grave("K1", "K2"),
        grave("K1", "K2", "K3"),
        clock(True, False),
        clock(False, True),
        milestone(9),
        milestone(-3600),
        pending(59),
        pending(-300),
        pending(3600, behind=True),
        pending(9, leased=True),
        tick(4),
        Facts(),
    ],
)
def test_what_is_in_order(facts):
    assert codes(facts) == []


def test_a_violation_names_its_row_the_missing_duties_and_the_channel_that_fails():
    [missing] = broken(grave("K1"), OWED, NOW, NOW)
    assert missing.subject == "event:7" and "K2" in missing.text and "K1" not in missing.text
    [stuck] = broken(pending(100), OWED, NOW, NOW)
    assert (stuck.subject, stuck.channel) == ("delivery:9", "slack") and "100 秒" in stuck.text


def test_a_drills_fast_clock_grants_the_engine_the_same_real_seconds():
    assert codes(milestone(9 * 60), speed=60) == []
    assert codes(milestone(11 * 60), speed=60) == ["milestone_late"]


def test_a_grade_that_owes_no_fixed_clocks_breaks_nothing():
    assert codes(Facts(grave=[GraveEvent(id=1, grade="较大", duties=frozenset())])) == []
