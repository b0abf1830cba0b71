"""The auditor finds what the engine left undone, repairs it, tells people by a channel that works, and only then is silent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import DatabaseError, connections

from alerts.models import Alert, Delivery
from analysis.models import Event
from config.clock import real_now
from flow import auditor, delivery, instants, locks, lookout
from flow.auditor import Auditor
from flow.models import AuditEntry, Lease
from sla.models import Milestone
from tests.alerts import ladders, rows
from tests.alerts.stand_ins import Answer, HttpStandIn, running
from tests.flow.city import POLICY, play, post

pytestmark = pytest.mark.django_db
S = timedelta(seconds=1)


@pytest.fixture
def policy(ladder):
    return replace(POLICY, ladder=ladder)


@pytest.fixture
def ticking():
    """An engine whose last tick is now."""
    assert locks.renew("here:1", real_now())
    reading = instants.read(real_now())
    Lease.objects.update(ticked_at=reading.wall, ticked_monotonic=reading.monotonic, boot_id=reading.boot_id)


@pytest.fixture
def fire():
    """A 重大 fire read five minutes ago, its two clocks running."""
    when = real_now() - timedelta(minutes=5)
    post("灞桥区一厂房起火 已致11人死亡", "西安市灞桥区某厂房发生火灾，已造成11人死亡、6人受伤，公安、消防正在现场处置。", when, outlet="media", site="华商网")
    play(real_now())
    event = Event.objects.get()
    assert event.obligations.count() == 2
    return event


def codes(found):
    return {v.code for v in found}


def look(policy):
    real = real_now()
    return lookout.look(policy, real, real)


def test_a_service_in_order_is_found_in_order(policy, ticking, fire):
    assert Auditor(policy).audit() == []
    assert Lease.objects.get(name=auditor.AUDITOR).found == []


def test_a_grave_event_without_its_clocks_gets_them_and_people_hear_of_it(policy, ticking, fire):
    Alert.objects.all().delete()
    fire.obligations.all().delete()
    assert codes(Auditor(policy).audit()) == {"clock_missing"}
    assert set(fire.obligations.values_list("duty", flat=True)) == {"K1", "K2"}
    assert Alert.objects.filter(kind="opened", event=fire).exists()
    assert AuditEntry.objects.filter(action="clock.restored").exists()
    assert Auditor(policy).audit() == []
    assert fire.obligations.count() == 2


def test_a_running_clock_without_a_milestone_gets_them_back(policy, ticking, fire):
    k1 = fire.obligations.get(duty="K1")
    before = set(k1.milestones.values_list("code", "at"))
    k1.milestones.all().delete()
    fire.obligations.get(duty="K2").milestones.update(superseded_at=real_now())
    found = Auditor(policy).audit()
    assert {(v.code, v.subject) for v in found} == {("clock_silent", f"obligation:{ob.id}") for ob in fire.obligations.all()}
    assert set(k1.milestones.values_list("code", "at")) == before
    assert Auditor(policy).audit() == []


def test_a_due_milestone_that_nobody_told_is_told_once(policy, ticking, fire):
    late = fire.obligations.get(duty="K1").milestones.order_by("at").first()
    Milestone.objects.filter(pk=late.pk).update(at=real_now() - 11 * S)
    assert codes(Auditor(policy).audit()) == {"milestone_late"}
    late.refresh_from_db()
    assert late.fired_at
    told = Alert.objects.filter(milestone=late)
    first = told.count()
    assert first
    assert Auditor(policy).audit() == []
    assert told.count() == first


def test_a_message_whose_sender_never_came_back_is_taken_back(policy, ticking, ladder, server):
    row = rows.network(rows.tell(ladder)[0])
    past = real_now() - 60 * S
    Delivery.objects.filter(pk=row.pk).update(state="sending", lease_token="t", lease_until=past, attempts=1, next_try_at=past)
    assert codes(Auditor(policy).audit()) == {"lease_late"}
    row.refresh_from_db()
    assert row.state == "unknown"


def test_a_message_no_sender_looks_at_is_sent_by_the_auditor(policy, ticking, ladder, server):
    row = rows.network(rows.tell(ladder)[0])
    Delivery.objects.filter(pk=row.pk).update(next_try_at=real_now() - 61 * S)
    assert codes(Auditor(policy).audit()) == {"delivery_stuck"}
    row.refresh_from_db()
    assert row.state == "sent" and len(server.seen) == 1
    assert look(policy) == []


def test_what_waits_for_its_turn_at_a_busy_channel_is_not_stuck(policy, ticking, ladder, server):
    first, second = (rows.network(rows.tell(ladder, cause=c)[0]) for c in ("a", "b"))
    Delivery.objects.filter(pk=second.pk).update(next_try_at=real_now() - 600 * S)
    delivery.claim(Delivery.objects.get(pk=first.pk), delivery.channel("slack", ladder), delivery.throttle.Rate(per_minute=100, reserved=0))
    assert look(policy) == []


def test_an_engine_that_is_gone_is_paged_for_by_a_channel_that_the_auditor_uses_itself(policy, ladder, server, fire):
    watcher = Auditor(policy)
    assert codes(watcher.audit()) == {"tick_stale"}
    assert not Alert.objects.filter(kind="system").exists(), "a restart is no reason to page"
    watcher.audit()
    notice = Alert.objects.get(kind="system")
    assert "引擎未按时巡视" in notice.title
    assert rows.network(notice).state == "sent"
    assert any("引擎未按时巡视" in seen.json()["text"] for seen in server.seen)
    for _ in range(3):
        watcher.audit()
    assert Alert.objects.filter(kind="system").count() == 1, "once an hour is enough"


def test_a_failing_channel_is_told_of_by_another(ticking, server):
    receiver = HttpStandIn(Answer())
    with running(receiver):
        ladder = ladders.with_channels(ladders.slack(server.url), ladders.webhook(receiver.url))
        row = next(d for d in rows.tell(ladder)[0].deliveries.all() if d.channel == "slack")
        Delivery.objects.exclude(pk=row.pk).delete()
        server.usual = Answer(status=503)
        watcher = Auditor(replace(POLICY, ladder=ladder))
        for _ in range(2):
            Delivery.objects.filter(pk=row.pk).update(next_try_at=real_now() - 61 * S)
            row.tries.all().delete()
            assert codes(watcher.audit()) == {"delivery_stuck"}
    told = Alert.objects.get(cause__startswith="audit:delivery_stuck")
    assert set(told.deliveries.values_list("channel", flat=True)) == {"console", "webhook"}


def test_a_repaired_service_takes_its_page_back(policy, server, fire):
    watcher = Auditor(policy)
    watcher.audit()
    watcher.audit()
    locks.renew("here:1", real_now())
    Lease.objects.filter(name=locks.ENGINE).update(ticked_at=real_now())
    assert watcher.audit() == []
    assert Alert.objects.get(cause__startswith="audit:tick_stale").stood_down_at


def test_the_heartbeat_goes_out_after_a_clean_audit_only(policy, ticking, settings):
    outside = HttpStandIn(Answer())
    with running(outside):
        settings.HEARTBEAT_URL = f"{outside.url}ping?key=very-secret"
        watcher = Auditor(policy)
        watcher.audit()
        assert [seen.path for seen in outside.seen] == ["/ping?key=very-secret"]
        watcher.audit()
        assert len(outside.seen) == 1, "each 30 seconds"
        Lease.objects.filter(name=locks.ENGINE).update(ticked_at=real_now() - 9 * S)
        Auditor(policy).audit()
        assert len(outside.seen) == 1, "silence is the alarm"


def test_a_heartbeat_that_is_refused_or_unheard_is_logged_without_its_address(caplog):
    refusing = HttpStandIn(Answer(status=503))
    with running(refusing):
        assert auditor.heartbeat(refusing.url + "?key=very-secret") is False
    assert auditor.heartbeat("http://127.0.0.1:9/?key=very-secret") is False
    assert auditor.heartbeat("http://[?key=very-secret") is False
    assert "very-secret" not in caplog.text and len(caplog.records) == 3


def test_the_auditor_looks_through_a_connection_that_cannot_write(policy, ticking, django_db_blocker):
    alias = lookout.reading_connection()
    with django_db_blocker.unblock():
        try:
            with lookout.budget(alias):
                connections[alias].ensure_connection()
            with pytest.raises(DatabaseError), connections[alias].cursor() as cursor:
                cursor.execute("DELETE FROM flow_lease")
        finally:
            connections[alias].close()
            del connections.databases[alias]


@pytest.mark.sqlite
def test_what_the_auditor_asks_of_milestones_and_leases_is_answered_by_an_index():
    late = lookout.watch.unfired(real_now()).order_by("at").explain()
    assert "milestone_due" in late
    leased = Delivery.objects.filter(state="sending", lease_until__lt=real_now()).explain()
    assert "delivery_leased" in leased
