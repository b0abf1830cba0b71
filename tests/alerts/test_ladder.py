"""What the policy says for one kind and grade, and how that copy keeps."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.escalation import Person, first_steps, told_at
from alerts.ladder import Quiet, quiet_until, rule_for, rule_json, rule_of
from alerts.messages import KINDS, Message
from sla.engine import GRADES
from tests.alerts import ladders
from tests.alerts.ladders import at

LADDER = ladders.shipped()
MINUTE = timedelta(minutes=1)
NIGHT = Quiet(starts=time(22), ends=time(7), kinds=frozenset({"source_silent", "saved_search"}))
KINDS_AND_GRADES = st.tuples(st.sampled_from(list(KINDS)), st.sampled_from([*GRADES, None]))


@given(KINDS_AND_GRADES)
def test_a_rule_survives_being_stored(case):
    rule = rule_for(*case, LADDER)
    assert rule_of(rule_json(rule)) == rule


@given(KINDS_AND_GRADES)
def test_every_level_of_a_kind_that_escalates_has_a_successor(case):
    rule = rule_for(*case, LADDER)
    delays = [rule.delay_after(n) for n in range(1, rule.top + 1)]
    assert all(d and d > timedelta(0) for d in delays) if rule.escalates else delays == [None]


def test_grave_events_lapse_sooner_and_may_not_be_put_off():
    waits = {grade: rule_for("opened", grade, LADDER) for grade in GRADES}
    assert [rule.ack_timeout // MINUTE for rule in waits.values()] == [15, 30, 0, 0]
    assert [rule.snooze // MINUTE for rule in waits.values()] == [0, 0, 30, 30]
    assert {rule_for(kind, "一般", LADDER).snooze for kind in ("near", "missed", "still_missed")} == {timedelta(0)}


def test_a_kind_told_higher_at_once_than_its_delays_reach_still_has_a_next_step():
    short = replace(LADDER, delays={"default": {"其余": (5 * MINUTE,)}})
    rule = rule_for("missed", "重大", short)
    assert (rule.at_once, rule.top, rule.delays) == (3, 3, (5 * MINUTE, 5 * MINUTE))


@pytest.mark.parametrize(
    ("kind", "grade", "clock", "until"),
    [
        ("source_silent", None, "22:00", ("07:00", 24)),
        ("source_silent", None, "03:00", ("07:00", 23)),
        ("source_silent", None, "06:59", ("07:00", 23)),
        ("source_silent", None, "07:00", None),
        ("source_silent", None, "21:59", None),
        ("opened", "一般", "03:00", None),
        ("saved_search", "重大", "03:00", None),
    ],
)
def test_only_low_kinds_keep_quiet_and_only_at_night(kind, grade, clock, until):
    found = quiet_until(kind, grade, at(clock), NIGHT)
    assert found == (at(*until) if until else None)


def test_quiet_hours_within_one_day_and_none_at_all():
    noon = Quiet(starts=time(12), ends=time(14), kinds=frozenset({"source_silent"}))
    assert quiet_until("source_silent", None, at("13:00"), noon) == at("14:00")
    assert quiet_until("source_silent", None, at("15:00"), noon) is None
    assert quiet_until("source_silent", None, at("13:00"), None) is None


def test_whom_the_night_kept_from_hearing_has_the_whole_delay_in_the_morning():
    ladder = replace(LADDER, quiet=NIGHT)
    [plan] = first_steps(
        "source:3:silent:1", "source_silent", Message("静默", "静默"), grade=None, at=at("23:00"), ladder=ladder,
        on_duty={"duty_officer": [Person(user_id=1, name="zhang")]},
    )  # fmt: skip
    assert (plan.not_before, plan.escalates_at) == (at("07:00", 24), at("08:00", 24))


@given(st.integers(0, 10_000))
def test_of_repeats_passed_unseen_the_newest_is_told_and_the_next_lies_ahead(minutes):
    rule = rule_for("opened", "重大", LADDER)
    due, now = at("10:00"), at("10:00") + minutes * MINUTE
    told = told_at(rule.top, rule, due, now)
    assert due <= told <= now < told + rule.repeat
    assert told_at(1, rule, due, now) == due
