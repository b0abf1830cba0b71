"""Whatever people do and whenever the service looks: what needs an answer is told again, unless somebody answered."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts import paging
from alerts.models import Alert, Escalation
from flow import acts, escalating, handling, telling
from sla.engine import Unmet
from tests.alerts import rows
from tests.flow.city import POLICY, at, user

GRADES = st.sampled_from(["特别重大", "重大", "较大", None])


class World:
    """One cause, the people who may act on it, and a clock that only goes forward."""

    def __init__(self, grade: str | None) -> None:
        Alert.objects.all().delete(), Escalation.objects.all().delete()
        self.now = at("2026-11-23 10:00")
        event = rows.event()
        event.grade = grade
        event.save()
        self.event, self.cause = event, f"event:{event.id}:opened:1"
        plans = telling.first_steps(
            self.cause, "opened", rows.WORDS, grade=grade, at=self.now, ladder=POLICY.ladder, on_duty={}, event_id=event.id
        )
        with telling.outbox.transaction.atomic():
            telling.outbox.write(plans, self.now, replay=True)
        self.zhang, self.li = user("zhang"), user("li", "shift_leader")

    @property
    def head(self) -> Alert:
        return paging.head(self.cause)

    def pass_time(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        escalating.run(POLICY, self.now, held=True)

    def ack(self) -> None:
        handling.acknowledge(self.head.key, self.zhang, self.now)

    def refuse(self) -> None:
        who = self.head.assigned_to or user("zhao", "bureau_leader")
        handling.refuse(self.head.key, who, "忙", POLICY, self.now, held=True)

    def hand_on(self) -> None:
        handling.reassign(self.head.key, self.zhang, self.li, "请办", POLICY, self.now, held=True)

    def snooze(self) -> None:
        handling.snooze(self.head.key, self.zhang, 20, POLICY, self.now)

    def reapply(self) -> None:
        handling.reapply(self.head.key, self.li, POLICY, self.now)

    def confirm(self) -> None:
        grade = self.event.grade or "一般"
        acts.grade_event(self.event.id, grade, self.li, "属实", None, POLICY, self.now, held=True)

    def close(self) -> None:
        handling.close(self.head.key, self.li, "误报", POLICY, self.now)


ACTS = st.one_of(
    st.sampled_from(["ack", "refuse", "hand_on", "snooze", "reapply", "confirm"]), st.integers(1, 700), st.just("close")
)


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(GRADES, st.lists(ACTS, max_size=9))
def test_paging_ends_by_an_answer_or_a_leaders_word_and_by_nothing_else(grade, doings):
    world = World(grade)
    for doing in doings:
        before, level = set(Alert.objects.filter(cause=world.cause).values_list("id", flat=True)), world.head.level
        try:
            world.pass_time(doing) if isinstance(doing, int) else getattr(world, doing)()
        except Unmet:
            assert set(Alert.objects.filter(cause=world.cause).values_list("id", flat=True)) == before
        head = world.head
        assert head.level >= level  # never down again
        waiting = Alert.objects.filter(
            cause=world.cause, escalated_at=None, escalates_at__isnull=False, acked_at=None, stood_down_at=None
        )
        open_still = head.acked_at is None and head.stood_down_at is None
        assert [a.id for a in waiting] == ([head.id] if open_still else [])
        if open_still:
            assert head.escalates_at > world.now
            rule = paging.rule(Escalation.objects.get(cause=world.cause))
            assert head.escalates_at - world.now <= max(*rule.delays, rule.repeat, rule.snooze)
    # Nobody answers any more: within the longest wait of its rule somebody is told again.
    closed = world.head.stood_down_at is not None
    held = world.head.acked_at is not None and Escalation.objects.get(cause=world.cause).ack_ends_at is None
    count = Alert.objects.filter(cause=world.cause).count()
    world.pass_time(24 * 60)
    told = Alert.objects.filter(cause=world.cause).count() > count
    done = world.head.acked_at is not None  # somebody did something after acknowledging: that holds
    assert told == (not closed and not held and not done)


@pytest.mark.django_db
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 14), st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_an_acknowledgement_stops_the_paging_for_as_long_as_it_holds(minutes, looks):
    world = World("重大")
    world.pass_time(minutes)
    world.ack()
    count = Alert.objects.filter(cause=world.cause).count()
    passed = 0
    for look in looks:
        if (passed := passed + look) >= 30:
            break
        world.pass_time(look)
        assert Alert.objects.filter(cause=world.cause).count() == count
