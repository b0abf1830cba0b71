"""Two engines without any lock between them: unique keys and leases alone keep everything from being told twice."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import OperationalError, connection

from alerts.models import Alert, Delivery
from config.clock import real_now
from flow import delivery, watch
from sla.models import Milestone, Obligation
from tests.alerts import rows
from tests.flow.city import POLICY

pytestmark = pytest.mark.django_db(transaction=True)
CLOCKS = 60


def test_two_engines_racing_tell_each_milestone_once_and_send_each_message_once(ladder, server):
    policy = replace(POLICY, ladder=ladder)
    k1 = POLICY.duties.by_code("K1")
    now = real_now()
    for _ in range(CLOCKS):
        event = rows.event()
        ob = Obligation.objects.create(
            event=event, duty="K1", rule=k1.rule(), starts_at=now, start_basis="t_detected", due_at=now + timedelta(hours=5),
            original_due_at=now + timedelta(hours=5), created_at=now,
        )  # fmt: skip
        Milestone.objects.create(obligation=ob, code="near-1", at=now)
        Milestone.objects.create(obligation=ob, code="missed", at=now + timedelta(hours=5))
    start, errors = threading.Barrier(2), []

    def engine():
        try:
            start.wait()
            while watch.unfired(now).exists() or Delivery.objects.filter(channel="slack", settled_at=None).exists():
                try:
                    watch.glance(policy, now)
                    delivery.take_back_expired(real_now())
                    delivery.send_one(ladder, "slack", now)
                except OperationalError:  # as a beat would: the next one comes
                    continue
        except BaseException as e:
            errors.append(e)
        finally:
            connection.close()

    engines = [threading.Thread(target=engine) for _ in range(2)]
    for thread in engines:
        thread.start()
    for thread in engines:
        thread.join(120)
    assert errors == []
    told = Counter(Alert.objects.filter(kind="near", level=1).values_list("milestone_id", flat=True))
    assert len(told) == CLOCKS and set(told.values()) == {1}
    sent = Delivery.objects.filter(channel="slack", state="sent")
    assert sent.count() >= CLOCKS and set(sent.values_list("attempts", flat=True)) == {1}
    assert len(server.seen) == sent.count()
