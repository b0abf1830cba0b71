"""Who is told, and who next."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, time, timedelta

import pytest

from alerts.escalation import (
    Person,
    Recipient,
    Step,
    first_steps,
    next_step,
    rule_for,
    shift_window,
    stand_down_step,
)
from alerts.messages import Message
from config.clock import SHANGHAI
from tests.alerts import ladders
from tests.alerts.ladders import at

WORDS = Message("【重大·暂按】某厂房火灾", "等级：重大。")
EVERYBODY = {
    role: [Person(user_id=n, name=name)]
    for n, (role, name) in enumerate(
        [
            ("duty_officer", "zhang"),
            ("shift_leader", "li"),
            ("centre_head", "wang"),
            ("bureau_leader", "zhao"),
        ],
        1,
    )
}


@pytest.fixture(scope="module")
def ladder():
    return ladders.shipped()


def told(kind="opened", grade="重大", clock="10:00", on_duty=EVERYBODY, *, ladder):
    return first_steps(
        "event:7:opened:1", kind, WORDS, grade=grade, at=at(clock), ladder=ladder, on_duty=on_duty, event_id=7
    )


def step_of(plan):
    names = ("cause", "kind", "level", "repeat", "title", "text", "grade", "raised_at", "event_id", "milestone_id")
    return Step(**{name: getattr(plan, name) for name in names})


def test_the_duty_officer_is_told_first_and_has_ten_minutes_for_a_grave_event(ladder):
    [plan] = told(ladder=ladder)
    assert (plan.key, plan.level, plan.raised_at) == ("event:7:opened:1:L1", 1, at("10:00"))
    assert plan.escalates_at == at("10:10")
    assert plan.recipients == (Recipient(channel="console", address="user:zhang", user_id=1),)


def following(plan, ladder, clock=None, on_duty=EVERYBODY, **more):
    """The steps after `plan`, told when its time ran out or at `clock`."""
    moment = at(clock) if clock else plan.escalates_at
    return next_step(step_of(plan), rule_for(plan.kind, plan.grade, ladder), ladder, on_duty, moment, **more)


def test_nobody_acknowledging_reaches_the_bureau_leader_who_is_told_again_and_again(ladder):
    [plan] = told(ladder=ladder)
    path = [(plan.key.removeprefix("event:7:opened:1:"), plan.raised_at)]
    for _ in range(5):
        [plan] = following(plan, ladder)
        path.append((plan.key.removeprefix("event:7:opened:1:"), plan.raised_at))
    assert path == [
        ("L1", at("10:00")), ("L2", at("10:10")), ("L3", at("10:20")), ("L4", at("10:35")),
        ("L4.2", at("11:05")), ("L4.3", at("11:35")),
    ]  # fmt: skip
    assert plan.level == 4 and plan.escalates_at == at("12:05")
    assert plan.text.split("\n")[-2:] == ["再次告知：11月23日 11:05 告知后30分无人确认，现第3次告知局领导。", "等级：重大。"]


def test_every_step_keeps_the_cause_and_has_a_key_of_its_own(ladder):
    [first] = told(ladder=ladder)
    [second] = following(first, ladder, "10:10")
    assert (second.cause, second.key, second.event_id) == (first.cause, "event:7:opened:1:L2", 7)


def test_the_next_level_reads_who_did_not_acknowledge_and_for_how_long(ladder):
    [first] = told(ladder=ladder)
    [second] = following(first, ladder, "10:10")
    [third] = following(second, ladder, "10:20")
    assert second.title == "【升级至带班领导】【重大·暂按】某厂房火灾"
    assert third.title == "【升级至新闻中心主任】【重大·暂按】某厂房火灾"
    assert third.text.split("\n") == [
        "升级：值班员 11月23日 10:00 告知，10分无人确认，现升级至第2级（带班领导）。",
        "升级：带班领导 11月23日 10:10 告知，10分无人确认，现升级至第3级（新闻中心主任）。",
        "等级：重大。",
    ]


def test_delays_follow_kind_and_grade(ladder):
    waits = {
        (kind, grade): told(kind, grade, ladder=ladder)[-1].escalates_at - at("10:00")
        for kind, grade in [
            ("opened", "特别重大"),
            ("opened", "一般"),
            ("opened", None),
            ("source_silent", None),
        ]
    }
    assert [w // timedelta(minutes=1) for w in waits.values()] == [5, 30, 30, 60]


def test_a_silent_source_does_not_wake_the_bureau_leader(ladder):
    [plan] = told("source_silent", None, ladder=ladder)
    levels = [plan.level]
    for _ in range(4):
        [plan] = following(plan, ladder)
        levels.append(plan.level)
    assert levels == [1, 2, 3, 3, 3]


def test_a_missed_deadline_of_a_grave_event_is_told_to_three_levels_at_once(ladder):
    plans = told("missed", "重大", ladder=ladder)
    assert [p.level for p in plans] == [1, 2, 3]
    # Only the highest has somebody above it left to tell: nobody is told twice of one step.
    assert [p.escalates_at for p in plans] == [None, None, at("10:15")]


def test_kinds_that_answer_something_never_escalate(ladder):
    for kind in ("met", "saved_search"):
        [plan] = told(kind, ladder=ladder)
        assert plan.escalates_at is None and not plan.wants_ack
        assert following(plan, ladder, "12:00") == []


def test_without_a_rota_the_roles_inbox_is_told_and_nobody_on_duty_is_raised(ladder):
    plan, nobody = told(on_duty={}, ladder=ladder)
    assert plan.recipients == (Recipient(channel="console", address="role:duty_officer"),)
    assert (nobody.kind, nobody.level, nobody.escalates_at) == ("nobody_on_duty", 2, None)
    assert nobody.recipients == (Recipient(channel="console", address="role:shift_leader"),)
    assert "值班员" in nobody.title


def without(*roles):
    return {role: people for role, people in EVERYBODY.items() if role not in roles}


def test_where_nobody_is_on_duty_the_next_level_is_told_at_once(ladder):
    inbox, leader, nobody = told(on_duty=without("duty_officer"), ladder=ladder)
    assert (inbox.level, inbox.escalates_at) == (1, None)
    assert inbox.recipients == (Recipient(channel="console", address="role:duty_officer"),)
    assert (leader.level, leader.raised_at, leader.escalates_at) == (2, at("10:00"), at("10:10"))
    assert leader.recipients == (Recipient(channel="console", address="user:li", user_id=2),)
    assert "值班员 11月23日 10:00 无人在岗" in leader.text
    assert (nobody.kind, nobody.level, nobody.recipients) == ("nobody_on_duty", 2, leader.recipients)


def test_levels_that_are_empty_too_are_passed_over(ladder):
    plans = told(on_duty=without("duty_officer", "shift_leader"), ladder=ladder)
    assert [(p.kind, p.level) for p in plans] == [("opened", 1), ("opened", 3), ("nobody_on_duty", 3)]
    [first] = told(ladder=ladder)
    later = following(first, ladder, "10:10", without("shift_leader"))
    assert [(p.kind, p.level, p.escalates_at) for p in later[:2]] == [("opened", 2, None), ("opened", 3, at("10:25"))]


def test_a_kind_that_never_escalates_goes_no_higher_for_an_empty_rota(ladder):
    plans = told("saved_search", on_duty=without("duty_officer"), ladder=ladder)
    assert [(p.kind, p.level) for p in plans] == [("saved_search", 1), ("nobody_on_duty", 2)]


def test_people_on_duty_are_told_at_their_own_addresses_of_channels_that_are_on(ladder):
    ladder = replace(ladder, channels={"slack": ladders.slack("http://x/", addresses=("C1",))})
    reach = (("slack", "U7"), ("slack", "C1"), ("email", "zhang@example.cn"))
    [plan] = told(on_duty={"duty_officer": [Person(user_id=1, name="zhang", contacts=reach)]}, ladder=ladder)
    assert [(r.channel, r.address, r.user_id) for r in plan.recipients] == [
        ("console", "user:zhang", 1), ("slack", "C1", None), ("slack", "U7", 1),
    ]  # fmt: skip


def test_nobody_on_duty_has_one_key_per_shift_whichever_role_is_missing(ladder):
    night = told(on_duty={}, clock="03:00", ladder=ladder)[-1].key
    [first] = told(clock="07:50", ladder=ladder)
    later = following(first, ladder, "07:59", {})[-1].key
    day = told(on_duty={}, clock="08:00", ladder=ladder)[-1].key
    assert night == later == "nobody_on_duty:2026-11-22T20:00+08:00"
    assert day == "nobody_on_duty:2026-11-23T08:00+08:00"


def test_groups_are_told_in_addition_to_people(ladder):
    ladder = replace(ladder, channels={"slack": ladders.slack("http://x/", addresses=("C1", "C2"))})
    [plan] = told(ladder=ladder)
    assert [(r.channel, r.address) for r in plan.recipients] == [
        ("console", "user:zhang"), ("slack", "C1"), ("slack", "C2"),
    ]  # fmt: skip


def test_two_officers_on_one_shift_are_both_told(ladder):
    pair = {"duty_officer": [Person(user_id=1, name="zhang"), Person(user_id=9, name="qian")]}
    [plan] = told(on_duty=pair, ladder=ladder)
    assert [r.address for r in plan.recipients] == ["user:zhang", "user:qian"]


def test_a_stand_down_goes_to_those_who_heard_and_to_nobody_else():
    heard = [
        Recipient(channel="console", address="user:li", user_id=2),
        Recipient(channel="slack", address="C1"),
    ]
    [plan] = stand_down_step("obligation:12:met", WORDS, grade="重大", at=at("12:00"), told=heard, event_id=7)
    assert (plan.kind, plan.recipients, plan.escalates_at) == ("met", tuple(heard), None)
    assert stand_down_step("obligation:12:met", WORDS, grade="重大", at=at("12:00"), told=[]) == []


@pytest.mark.parametrize(
    ("clock", "start", "end"),
    [
        ("08:00", (23, 8), (23, 20)),
        ("19:59", (23, 8), (23, 20)),
        ("20:00", (23, 20), (24, 8)),
        ("00:00", (22, 20), (23, 8)),
        ("07:59", (22, 20), (23, 8)),
    ],
)
def test_a_moment_falls_in_exactly_one_shift(clock, start, end):
    window = shift_window(at(clock), [time(8), time(20)])
    assert [(t.astimezone(SHANGHAI).day, t.astimezone(SHANGHAI).hour) for t in window] == [start, end]


def test_one_shift_a_day_is_a_shift_too():
    start, end = shift_window(at("08:59"), [time(9)])
    assert (start.astimezone(UTC), end.astimezone(UTC)) == (at("09:00", 22), at("09:00", 23))
