"""Whatever order senders, leases and people come in: no message is lost, and no copy goes unmarked."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts import paging, throttle
from alerts.channels import channel
from alerts.channels.base import DeliveryFailed, Sent
from alerts.models import Alert, Delivery
from config.clock import real_now
from flow import delivery
from tests.alerts import ladders, rows
from tests.alerts.ladders import at

NOW = at("10:00")
LADDER = ladders.with_channels(ladders.slack("http://127.0.0.1:9/"))
SLACK = channel("slack", LADDER)
RATE = throttle.Rate(per_minute=10_000, reserved=0)
FINAL = ("sent", "failed", "cancelled")


class World:
    """One delivery, its senders, and a provider that writes down whether each copy it got was marked."""

    def __init__(self) -> None:
        Alert.objects.all().delete()
        self.row = rows.network(rows.tell(LADDER)[0])
        self.got: list[bool] = []
        self.paused: list[delivery.Claim] = []

    def claim(self) -> delivery.Claim | None:
        Delivery.objects.filter(id=self.row.id).update(next_try_at=real_now())
        row = delivery._due("slack").filter(alert=self.row.alert).first()
        return delivery.claim(row, SLACK, RATE) if row else None

    def take(self, claimed: delivery.Claim) -> None:
        self.got.append(claimed.parcel.maybe_twice)

    def ok(self) -> None:
        if claimed := self.claim():
            self.take(claimed)
            delivery.settle(claimed, Sent(), LADDER, NOW)

    def refused(self) -> None:
        if claimed := self.claim():
            delivery.settle(claimed, DeliveryFailed("slack: HTTP 503"), LADDER, NOW)

    def unanswered(self) -> None:
        if claimed := self.claim():
            self.take(claimed)
            delivery.settle(claimed, DeliveryFailed("slack: TimeoutError", unsure=True), LADDER, NOW)

    def dies_after_sending(self) -> None:
        if claimed := self.claim():
            self.take(claimed)

    def pauses_before_sending(self) -> None:
        if claimed := self.claim():
            self.paused.append(claimed)

    def wakes(self) -> None:
        if self.paused:
            claimed = self.paused.pop()
            self.take(claimed)
            delivery.settle(claimed, Sent(), LADDER, NOW)

    def lease_ends(self) -> None:
        delivery.take_back_expired(real_now() + delivery.KEEP_TRYING)

    def acknowledged(self) -> None:
        paging.acknowledge(self.row.alert, None, NOW)


STEPS = [name for name in vars(World) if not name.startswith("_") and name not in ("claim", "take")]


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(STEPS), max_size=12))
def test_in_any_order_the_message_arrives_or_was_no_longer_needed_and_copies_are_marked(steps):
    world = World()
    for step in steps:
        before = Delivery.objects.get(id=world.row.id)
        getattr(world, step)()
        after = Delivery.objects.get(id=world.row.id)
        if before.state in FINAL:
            assert (after.state, after.attempts) == (before.state, before.attempts)
        assert (after.settled_at is not None) == (after.state in FINAL)
        assert bool(after.lease_token) == (after.state == "sending")
    world.lease_ends()
    world.ok()
    end = Delivery.objects.get(id=world.row.id)
    assert end.state == ("sent" if "acknowledged" not in steps else end.state) and end.state in FINAL
    assert end.state != "sent" or world.got
    assert sum(not marked for marked in world.got) <= 1
