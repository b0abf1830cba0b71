"""Merging, splitting and taking a merge back: no clock is lost, loosened or told twice."""

import pytest
from django.db import IntegrityError, transaction

from alerts.models import Alert
from analysis.models import Event
from flow import acts, audit, owing, release
from flow.models import AuditEntry
from flow.status import standing_of
from sla.models import Milestone
from tests.flow.city import POLICY, at, play, user

pytestmark = pytest.mark.django_db


def opened(title, when, now, grade="重大"):
    return acts.open_event(
        title=title, at=at(when), type_="T13", grade=grade, user=user("zhao"), knowledge="110通报", policy=POLICY,
        now=at(now), held=True,
    )  # fmt: skip


def clock(event, duty="K1"):
    return event.obligations.get(duty=duty, superseded_at=None)


def publish(event, now, duties=("K1",), **changes):
    given = dict(
        duties=list(duties), title="情况通报", body="正文", channel="portal", url="https://example.cn/t/1",
        published_at=at(now), page=b"<html>1</html>", place="", speaker="", attendees=None, policy=POLICY, now=at(now),
        held=True, drafted_by=user("zhang"), reviewed_by=user("li"), published_by=user("wang"),
    )  # fmt: skip
    return release.record(event.id, **(given | changes))


def merge(into, gone, now):
    with transaction.atomic():
        gone.merged_into, gone.closed_at = into, at(now)
        gone.save()
        return owing.on_merge(into, gone, POLICY, at(now), held=True)


def unmerge(into, gone, now):
    with transaction.atomic():
        gone.merged_into = gone.closed_at = None
        gone.save()
        return owing.on_unmerge(into, gone, POLICY, at(now), held=True)


@pytest.fixture
def pair():
    """Two reports of one fire: the later one was opened first."""
    late = opened("灞桥厂房火灾", "2026-11-23 09:00", "2026-11-23 09:10")
    early = opened("灞桥一工厂着火", "2026-11-23 08:00", "2026-11-23 09:20")
    return late, early


def test_the_earliest_start_and_the_strictest_deadline_survive_a_merge(pair):
    late, early = pair
    merge(late, early, "2026-11-23 10:00")
    now = clock(late)
    assert (now.starts_at, now.due_at, now.rev) == (at("2026-11-23 08:00"), at("2026-11-23 13:00"), 2)
    assert now.original_due_at == at("2026-11-23 14:00")
    assert not early.obligations.filter(superseded_at=None).exists()
    assert not Alert.objects.filter(event=early, stood_down_at=None).exists()
    play("2026-11-23 13:00")
    assert Alert.objects.filter(kind="missed", level=1, milestone__obligation__duty="K1").count() == 1
    assert AuditEntry.objects.filter(action="clocks.regrouped", subject=f"event:{late.id}").exists()


def test_a_release_for_either_of_them_has_settled_the_joined_clock_at_its_own_time(pair):
    late, early = pair
    made = publish(early, "2026-11-23 09:40")
    merge(late, early, "2026-11-23 10:00")
    done = clock(late)
    assert (done.settled_at, done.release_id) == (at("2026-11-23 09:40"), made.id)
    assert standing_of(done, at("2026-11-23 10:00")) == "met"
    play("2026-11-23 15:00")
    assert not Alert.objects.filter(kind__in=("near", "missed"), milestone__obligation__duty="K1").exists()
    made.refresh_from_db()
    assert made.event_id == late.id


def test_a_merge_that_makes_both_clocks_overdue_is_one_notice(pair):
    late, _ = pair
    old = opened("前日火灾", "2026-11-22 08:00", "2026-11-22 08:10", grade="重大")
    before = set(Alert.objects.values_list("key", flat=True))
    merge(late, old, "2026-11-23 10:00")
    play("2026-11-23 10:00:30")
    new = Alert.objects.filter(event=late).exclude(key__in=before)
    assert {a.kind for a in new} == {"regraded"} and "已超时限" in new.get(level=1).title
    for duty in ("K1", "K2"):
        assert Milestone.objects.filter(obligation=clock(late, duty), fired_at=None, superseded_at=None).exists()


def test_taking_a_merge_back_gives_both_events_the_clocks_they_had(pair):
    late, early = pair
    before = [(clock(e, d).starts_at, clock(e, d).due_at) for e in pair for d in ("K1", "K2")]
    merge(late, early, "2026-11-23 10:00")
    made = publish(late, "2026-11-23 10:30")
    unmerge(late, early, "2026-11-23 11:00")
    assert [(clock(e, d).starts_at, clock(e, d).due_at) for e in pair for d in ("K1", "K2")] == before
    # What was published while they were one belongs to the event it was published for.
    assert clock(late).release_id == made.id and clock(early).settled_at is None
    play("2026-11-23 13:00")
    missed = Alert.objects.filter(kind="missed", level=1).values_list("event_id", "milestone__obligation__duty")
    assert list(missed) == [(early.id, "K1")]
    while audit.seal():
        pass
    assert audit.verify()[1] is None


def test_a_split_event_owes_from_its_own_start_and_the_old_one_keeps_its_clock(pair):
    late, _ = pair
    kept = clock(late).id
    new = Event.objects.create(
        title="另一处火灾", type="T13", grade="重大", provisional=False, jurisdiction="ours",
        t_first_post=at("2026-11-23 08:50"), t_detected=at("2026-11-23 08:55"), last_post_at=at("2026-11-23 09:00"),
    )  # fmt: skip
    with transaction.atomic():
        owing.on_split(late, new, POLICY, at("2026-11-23 15:00"), held=True)
    assert clock(late).id == kept
    assert clock(new).due_at == at("2026-11-23 13:50")
    assert {a.kind for a in Alert.objects.filter(event=new)} == {"regraded"}


def test_a_grade_lowered_and_raised_again_runs_from_the_first_start_with_one_notice_each():
    event = opened("火灾", "2026-11-23 08:00", "2026-11-23 08:10")
    acts.grade_event(event.id, "一般", user("li"), "核实", user("wang"), POLICY, at("2026-11-23 09:00"), held=True)
    acts.grade_event(event.id, "重大", user("li"), "再核", None, POLICY, at("2026-11-23 15:00"), held=True)
    again = clock(event)
    assert (again.rev, again.due_at, again.original_due_at) == (2, at("2026-11-23 13:00"), at("2026-11-23 13:00"))
    new = Alert.objects.filter(event=event, raised_at__gte=at("2026-11-23 14:00"))
    assert {a.kind for a in new} == {"regraded"}
    play("2026-11-23 15:00")
    assert {a.kind for a in new.all()} == {"regraded"}


def test_what_was_already_published_settles_a_late_upgrade_before_anything_is_told():
    event = opened("火灾", "2026-11-23 08:00", "2026-11-23 08:10", grade="较大")
    made = publish(event, "2026-11-23 10:00", duties=())
    acts.grade_event(event.id, "重大", user("li"), "伤亡增加", None, POLICY, at("2026-11-23 15:00"), held=True)
    done = clock(event)
    assert (done.settled_at, done.release_id, standing_of(done, at("2026-11-23 15:00"))) == (
        at("2026-11-23 10:00"), made.id, "met",
    )  # fmt: skip
    assert clock(event, "K2").settled_at is None
    play("2026-11-23 16:00")
    assert not Alert.objects.filter(milestone__obligation__duty="K1").exists()
    notice = Alert.objects.get(kind="regraded", level=1)
    assert "已超时" not in notice.title and "此前发布的《情况通报》已于 11月23日 10:00 履行" in notice.text


def test_what_was_settled_after_it_was_read_is_never_revised_away():
    event = opened("火灾", "2026-11-23 08:00", "2026-11-23 08:10")
    read = owing.current(event)
    event.t_event = at("2026-11-23 07:00")
    decided = owing.reconcile(event, read, POLICY.duties, at("2026-11-23 10:00"), late=True)
    made = publish(event, "2026-11-23 09:30")
    with pytest.raises(IntegrityError, match="changed meanwhile"), transaction.atomic():
        owing.write([decided], at("2026-11-23 10:00"))
    assert clock(event).release_id == made.id
