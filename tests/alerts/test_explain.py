"""Why somebody was told, what comes next, why somebody else was not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from alerts import explain
from alerts.escalation import HANDED, ON_SHIFT, ROLE_INBOX
from alerts.explain import Facts, Someone, StepFacts, Told
from alerts.ladder import rule_for
from sla.engine import GRADES
from tests.alerts import ladders
from tests.alerts.ladders import at

LADDER = ladders.shipped()
RULE = rule_for("opened", "重大", LADDER)


def step(level, clock, *told, next_at=None, handed_to=None, repeat=1):
    return StepFacts(
        level=level, repeat=repeat, raised_at=at(clock), escalates_at=at(next_at) if next_at else None, handed_to=handed_to, told=told
    )


def to(name, because=ON_SHIFT):
    return Told(channel="console", address=f"user:{name}", user=name, because=because, state="sent")


def inbox(role):
    return Told(channel="console", address=f"role:{role}", user=None, because=ROLE_INBOX, state="sent")


FACTS = Facts(rule=RULE, steps=(step(1, "10:00", to("zhang")), step(2, "10:10", to("li"), next_at="10:20")))


def who(name, *roles, on_shift=(False, False), active=True):
    return Someone(name=name, active=active, roles=frozenset(roles), on_shift=on_shift)


def test_each_address_has_its_reason():
    assert explain.why_told(FACTS.steps[0], to("zhang"), RULE) == "11月23日 10:00 告知第 1 级（值班员）：当班"
    handed = step(1, "10:05", to("qian", HANDED), repeat=2)
    assert explain.why_told(handed, handed.told[0], RULE) == "11月23日 10:05 第 2 次告知第 1 级（值班员）：指名转交"


def test_what_comes_next_follows_the_state():
    following = explain.coming(FACTS)
    assert (following.what, following.at, following.level, following.name) == ("escalate", at("10:20"), 3, "新闻中心主任")
    assert explain.in_seconds(following.at, at("10:12")) == 480 and explain.in_seconds(following.at, at("11:00")) == 0
    acked = replace(FACTS, acked_at=at("10:12"), acked_by="li", ack_ends_at=at("10:42"))
    assert (explain.coming(acked).what, explain.coming(acked).at) == ("lapse", at("10:42"))
    assert explain.coming(replace(acked, ack_ends_at=None)).what == "nothing"
    assert explain.coming(replace(FACTS, snoozed_until=at("10:30"))).level == 2
    assert explain.coming(replace(FACTS, closed_at=at("10:15"))).what == "nothing"
    top = replace(FACTS, steps=(*FACTS.steps, step(4, "10:35", next_at="11:05")))
    assert (explain.coming(top).what, explain.coming(top).level) == ("repeat", 4)


def test_one_who_was_told_has_no_reason_against_it():
    for someone in (who("li"), who("zhang")):
        assert explain.was_told(FACTS, someone) and explain.why_not(FACTS, someone, at("10:12")) == []
    by_inbox = replace(FACTS, steps=(step(1, "10:00", inbox("duty_officer"), next_at="10:10"),))
    assert explain.was_told(by_inbox, who("qian", "duty_officer", on_shift=(False,)))


def test_each_reason_for_not_having_been_told():
    ask = lambda *a, facts=FACTS, **k: explain.why_not(facts, who(*a, **k), at("10:12"))  # noqa: E731
    assert "不担任" in ask("chen", "analyst")[0]
    assert ask("gone", "duty_officer", active=False)[0] == "gone 的账号已停用"
    assert ask("qian", "duty_officer") == ["11月23日 10:00 告知值班员时，qian 不当班；当班的是：zhang"]
    assert ask("zhao", "bureau_leader") == ["尚未升级到第 4 级（局领导）；一直无人确认则 11月23日 10:35 告知"]
    acked = replace(FACTS, acked_at=at("10:12"), acked_by="li")
    assert "li 于 11月23日 10:12 确认" in ask("zhao", "bureau_leader", facts=acked)[0]
    handed = replace(FACTS, steps=(step(1, "10:00", to("qian", HANDED), handed_to="qian", next_at="10:10"),))
    assert "已指名转交 qian" in ask("zhang", "duty_officer", facts=handed, on_shift=(True,))[0]
    skipped = replace(FACTS, steps=(FACTS.steps[0], step(3, "10:00", to("wang"), next_at="10:15")))
    assert "当时无人在岗" in ask("sun", "shift_leader", facts=skipped)[0]
    closed = replace(FACTS, closed_at=at("10:11"))
    assert "已由领导关闭" in ask("zhao", "bureau_leader", facts=closed)[0]
    short = replace(FACTS, rule=rule_for("source_silent", None, LADDER))
    assert "不担任" in ask("zhao", "bureau_leader", facts=short)[0]


@given(st.sampled_from([*GRADES, None]), st.sampled_from(["opened", "near", "missed", "still_missed", "source_silent"]))
def test_a_rehearsal_tells_every_level_once_and_then_the_top_again(grade, kind):
    rule = rule_for(kind, grade, LADDER)
    course = explain.rehearse(rule, at("10:00"))
    levels = [c.level for c in course]
    assert levels == sorted(levels) and set(levels) == set(range(1, rule.top + 1))
    assert levels.count(1) == 1 and [c.what for c in course][-1] == "repeat"
    instants = [c.at for c in course]
    assert instants == sorted(instants) and instants[0] == at("10:00")
    assert sum(instant == at("10:00") for instant in instants) == rule.at_once
    assert instants[-1] - instants[-2] == rule.repeat > timedelta(0)
