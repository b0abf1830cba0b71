"""Acts, steps and time meeting at the same instant: one wins, the other does nothing or sees what happened."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from alerts import outbox, paging
from alerts.models import Alert, Escalation, Handling
from flow import escalating, handling
from tests.alerts import rows
from tests.flow.city import POLICY, at, user

pytestmark = pytest.mark.django_db(transaction=True)
NOW = at("2026-11-23 10:10")


@pytest.fixture
def first():
    return rows.tell(POLICY.ladder, "10:00")[0]


def together(*works):
    """Run each in a thread of its own, started at the same moment; what each returned or raised."""
    start, results = threading.Barrier(len(works)), [None] * len(works)

    def run(n, work):
        try:
            start.wait(10)
            results[n] = work()
        except Exception as e:
            results[n] = e
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_two_people_who_press_the_same_button_are_one_acknowledgement(first):
    people = [user("zhang"), user("li"), user("wang")]
    seen = Escalation.objects.get().version
    results = together(*(lambda p=p: handling.acknowledge(first.key, p, NOW, version=seen) for p in people))
    assert all(isinstance(r, Alert) for r in results), results
    assert Handling.objects.filter(kind="acknowledged").count() == 1
    first.refresh_from_db()
    assert first.acked_by in people


def test_two_refusals_of_one_step_tell_the_next_level_once(first):
    people = [user("zhang"), user("li")]
    seen = Escalation.objects.get().version
    results = together(
        *(lambda p=p: handling.refuse(first.key, p, "忙", POLICY, NOW, version=seen, held=True) for p in people)
    )
    assert sorted(isinstance(r, paging.Stale) for r in results) == [False, True], results
    assert list(Alert.objects.filter(cause=first.cause).order_by("id").values_list("level", flat=True)) == [1, 2]


def test_two_engines_that_see_the_same_step_due_tell_the_next_level_once(first):
    results = together(*(lambda: escalating.run(POLICY, NOW, held=True) for _ in range(3)))
    assert not any(isinstance(r, Exception) for r in results), results
    assert list(Alert.objects.filter(cause=first.cause).order_by("id").values_list("key", flat=True)) == [
        "event:0:opened:1:L1", "event:0:opened:1:L2",
    ]  # fmt: skip


def test_an_acknowledgement_and_a_step_that_meet_leave_nothing_unanswered_or_the_button_stale(first):
    zhang, seen = user("zhang"), Escalation.objects.get().version
    acked, _ = together(
        lambda: handling.acknowledge(first.key, zhang, NOW, version=seen),
        lambda: escalating.run(POLICY, NOW, held=True),
    )
    steps = Alert.objects.filter(cause=first.cause)
    if isinstance(acked, paging.Stale):
        assert steps.count() == 2 and not steps.filter(acked_at__isnull=False).exists()
    else:
        assert isinstance(acked, Alert) and not steps.filter(acked_at=None).exists()


def test_a_settled_matter_and_a_step_that_meet_leave_no_step_standing(first):
    results = together(
        lambda: outbox.stand_down_cause(first.cause, NOW), lambda: escalating.run(POLICY, NOW, held=True)
    )
    assert not any(isinstance(r, Exception) for r in results), results
    assert not Alert.objects.filter(cause=first.cause, stood_down_at=None).exists()


def test_one_link_used_twice_at_once_acknowledges_once(first):
    from alerts import acks

    link, address = acks.new_link(first.id, first.raised_at)
    link.save()
    token = address.split("/")[-2]
    results = together(*(lambda: handling.acknowledge_by_link(token, None, NOW) for _ in range(3)))
    assert sum(isinstance(r, Alert) for r in results) == 1, results
    assert {r.code for r in results if not isinstance(r, Alert)} == {"used"}
