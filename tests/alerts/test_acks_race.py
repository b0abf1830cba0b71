"""An acknowledgement and an escalation that meet."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection, transaction

from alerts import outbox, paging
from alerts.escalation import next_step, rule_for
from alerts.models import Alert
from tests.alerts import ladders, rows
from tests.alerts.ladders import at


@pytest.mark.django_db(transaction=True)
def test_an_acknowledgement_that_waits_for_an_escalation_acknowledges_its_step_too():
    ladder = ladders.shipped()
    [first] = rows.tell(ladder)
    rule = rule_for(first.kind, first.grade, ladder)
    locked, errors = threading.Event(), []

    def escalating():
        try:
            with transaction.atomic():
                paging.lock([first.cause])
                locked.set()
                # Long enough for the other thread to be waiting when this transaction ends.
                time.sleep(0.3)
                outbox.write(next_step(outbox.step_of(first), rule, ladder, {}, at("10:10")), at("10:10"))
                Alert.objects.filter(id=first.id).update(escalated_at=at("10:10"))
        except BaseException as e:
            errors.append(e)
        finally:
            connection.close()

    thread = threading.Thread(target=escalating)
    thread.start()
    assert locked.wait(5)
    paging.acknowledge(first, None, at("10:10"))
    thread.join(10)
    assert errors == []
    steps = Alert.objects.filter(cause=first.cause).order_by("level")
    assert list(steps.values_list("level", "acked_at")) == [
        (1, at("10:10")), (2, at("10:10")),
    ]  # fmt: skip
