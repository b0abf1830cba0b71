"""The machine's clock is set, or the machine sleeps: due work goes out at once and says so, nothing goes out twice."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from alerts.models import Alert, Attempt, Delivery
from config.clock import real_now
from flow import engine, instants, locks
from flow.instants import Reading, jump
from flow.models import AuditEntry, Lease
from sla.models import Milestone, Obligation
from tests.alerts import rows
from tests.flow.city import POLICY

S = timedelta(seconds=1)
WALL = real_now()


@pytest.mark.parametrize(
    ("wall", "monotonic", "boot", "by"),
    [
        (1, 1, "a", None),
        (61, 60, "a", None),
        (63, 60, "a", 3),
        (3600, 1, "a", 3599),
        (-3600, 1, "a", -3601),
        (3600, 20, "b", None),  # the machine was off for an hour
        (-60, 20, "b", -60),
    ],
)
def test_two_clocks_that_grow_apart_tell_of_a_jump(wall, monotonic, boot, by):
    found = jump(Reading(WALL, 100.0, "a"), Reading(WALL + wall * S, 100.0 + monotonic, boot))
    assert found == (None if by is None else by * S)


@pytest.fixture
def role():
    with locks.engine_role() as role:
        yield role


def tick(role):
    """One tick of the engine; how often it told its senders and whether it lost its role."""
    told, lost = [], threading.Event()
    engine.Watch(POLICY, role, lambda: told.append(1), lost.set)()
    assert not lost.is_set()
    return len(told)


def was_set(by: timedelta) -> None:
    """As if the clock had shown `by` less at the last tick."""
    row = Lease.objects.get(name=locks.ENGINE)
    Lease.objects.filter(pk=row.pk).update(ticked_at=row.ticked_at - by)


def running_clock(due_in: timedelta) -> Milestone:
    event = rows.event()
    duty = next(d for d in POLICY.duties.duties if d.code == "K1")
    now = real_now()
    ob = Obligation.objects.create(
        event=event, duty="K1", rule=duty.rule(), starts_at=now, start_basis="t_detected", due_at=now + due_in,
        original_due_at=now + due_in, created_at=now,
    )  # fmt: skip
    return Milestone.objects.create(obligation=ob, code="missed", at=now + due_in)


@pytest.mark.django_db
def test_a_forward_jump_is_audited_fires_what_is_due_at_once_and_the_message_says_so(role):
    tick(role)
    near = running_clock(timedelta(0))
    was_set(timedelta(hours=1))
    tick(role)
    near.refresh_from_db()
    assert near.fired_at
    assert AuditEntry.objects.get(action="clock_jump").data["seconds"] == pytest.approx(3600, abs=5)
    told = Alert.objects.filter(kind="missed")
    assert told and all("时钟刚向前跳变约 3600 秒" in alert.text for alert in told)
    tick(role)
    assert AuditEntry.objects.filter(action="clock_jump").count() == 1


@pytest.mark.django_db
def test_a_backward_jump_repeats_nothing_and_leaves_no_message_waiting_for_hours(role):
    tick(role)
    running_clock(timedelta(0))
    tick(role)
    before = Delivery.objects.count()
    hour = timedelta(hours=1)
    later = real_now() + hour
    Delivery.objects.update(state="waiting", settled_at=None, next_try_at=later + 5 * S)
    Alert.objects.update(raised_at=later, escalates_at=later + 10 * S)
    attempt = Attempt.objects.create(delivery=Delivery.objects.first(), n=1, started_at=later - S)
    was_set(-hour)
    tick(role)
    assert AuditEntry.objects.get(action="clock_jump").data["seconds"] == pytest.approx(-3600, abs=5)
    assert Delivery.objects.count() == before
    assert all(d.next_try_at < real_now() + 10 * S for d in Delivery.objects.all())
    assert all(a.escalates_at < real_now() + 20 * S for a in Alert.objects.exclude(escalates_at=None))
    attempt.refresh_from_db()
    assert attempt.started_at < real_now() + S


@pytest.mark.django_db
def test_a_lease_does_not_end_early_because_the_clock_was_put_forward(role):
    tick(role)
    running_clock(timedelta(0))
    tick(role)
    row = Delivery.objects.first()
    claimed_at = real_now()
    # Leased by the old clock, which showed an hour less.
    Delivery.objects.filter(pk=row.pk).update(
        state="sending", settled_at=None, lease_token="t", lease_until=claimed_at - timedelta(hours=1) + 15 * S
    )
    was_set(timedelta(hours=1))
    tick(role)
    row.refresh_from_db()
    assert row.state == "sending" and row.lease_until > real_now()


@pytest.mark.django_db
def test_time_is_read_from_the_database_where_hosts_share_one():
    assert abs(instants.real_now() - real_now()) < timedelta(seconds=5)
    assert instants.real_now().utcoffset() == timedelta(0)
