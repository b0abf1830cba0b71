"""Senders that die, wake up late, or race: nothing is lost, and what may be a copy says so."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from alerts import throttle
from alerts.channels import channel
from alerts.channels.base import DeliveryFailed, Sent
from alerts.models import Delivery
from config.clock import real_now
from flow import delivery
from tests.alerts import rows
from tests.alerts.ladders import at

NOW = at("10:00")
RATE = throttle.Rate(per_minute=10_000, reserved=0)


def claim(row, ladder):
    row.refresh_from_db()
    return delivery.claim(row, channel("slack", ladder), RATE)


@pytest.mark.django_db
def test_a_sender_that_died_before_sending_loses_nothing(ladder, server):
    row = rows.network(rows.tell(ladder)[0])
    assert claim(row, ladder)
    assert delivery.take_back_expired(real_now()) == 0, "its lease still runs"
    assert delivery.take_back_expired(real_now() + timedelta(seconds=16)) == 1
    row.refresh_from_db()
    assert (row.state, row.lease_token, row.lease_until) == ("unknown", "", None)
    Delivery.objects.update(next_try_at=real_now())
    delivery.send_all(ladder, NOW)
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("sent", 2)
    first, second = row.tries.order_by("n")
    assert first.ended_at is None and second.ended_at is not None
    assert server.seen[0].json()["text"].startswith("【可能重复】")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "late", [Sent(provider_id="late"), DeliveryFailed("slack: HTTP 400", permanent=True)]
)
def test_a_sender_that_wakes_up_late_writes_over_nothing(ladder, late):
    row = rows.network(rows.tell(ladder)[0])
    paused = claim(row, ladder)
    delivery.take_back_expired(real_now() + timedelta(seconds=16))
    Delivery.objects.update(next_try_at=real_now())
    delivery.send_all(ladder, NOW)
    before = Delivery.objects.filter(id=row.id).values().get()
    assert before["state"] == "sent"
    assert delivery.settle(paused, late, ladder, NOW) is False
    assert Delivery.objects.filter(id=row.id).values().get() == before
    assert "租约到期后" in row.tries.get(n=1).error


@pytest.mark.django_db
def test_a_late_result_does_not_settle_the_try_of_another_sender_that_is_under_way(ladder):
    row = rows.network(rows.tell(ladder)[0])
    paused = claim(row, ladder)
    delivery.take_back_expired(real_now() + timedelta(seconds=16))
    Delivery.objects.update(next_try_at=real_now())
    second = claim(row, ladder)
    assert delivery.settle(paused, Sent(provider_id="late"), ladder, NOW) is False
    row.refresh_from_db()
    assert (row.state, row.lease_token) == ("sending", second.token)
    assert delivery.settle(second, Sent(provider_id="second"), ladder, NOW) is True
    row.refresh_from_db()
    assert (row.state, row.provider_id) == ("sent", "second")


@pytest.mark.django_db
def test_a_row_read_before_another_took_it_is_not_taken_twice(ladder):
    row = rows.network(rows.tell(ladder)[0])
    stale = Delivery.objects.get(id=row.id)
    assert claim(row, ladder)
    assert delivery.claim(stale, channel("slack", ladder), RATE) is None


@pytest.mark.django_db
def test_a_row_read_before_another_sender_failed_with_it_waits_as_that_one_found(ladder):
    row = rows.network(rows.tell(ladder)[0])
    stale = Delivery.objects.get(id=row.id)
    delivery.settle(claim(row, ladder), DeliveryFailed("slack: HTTP 503"), ladder, NOW)
    row.refresh_from_db()
    assert row.state == stale.state == "waiting"
    assert delivery.claim(stale, channel("slack", ladder), RATE) is None


@pytest.mark.django_db(transaction=True)
def test_racing_senders_send_each_message_once(ladder, server):
    for n in range(12):
        rows.tell(ladder, cause=f"event:{n}:opened:1")
    errors: list[BaseException] = []
    start = threading.Barrier(3)

    def sender():
        try:
            start.wait()
            while Delivery.objects.filter(channel="slack", state="waiting").exists():
                delivery.send_one(ladder, "slack", NOW)
        except BaseException as e:
            errors.append(e)
        finally:
            connection.close()

    threads = [threading.Thread(target=sender) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []
    texts = [seen.json()["blocks"][-1]["elements"][0]["url"] for seen in server.seen]
    assert len(texts) == len(set(texts)) == 12
    assert set(Delivery.objects.filter(channel="slack").values_list("state", "attempts")) == {("sent", 1)}


@pytest.mark.django_db(transaction=True)
def test_two_threads_claiming_one_row_get_it_once(ladder):
    row = rows.network(rows.tell(ladder)[0])
    got: list[object] = []
    start = threading.Barrier(2)

    def taker():
        mine = Delivery.objects.get(id=row.id)
        start.wait()
        got.append(delivery.claim(mine, channel("slack", ladder), RATE))
        connection.close()

    threads = [threading.Thread(target=taker) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(got) == 2 and sum(claimed is not None for claimed in got) == 1
    row.refresh_from_db()
    assert (row.state, row.attempts, row.tries.count()) == ("sending", 1, 1)
