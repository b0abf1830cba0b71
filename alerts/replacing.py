"""The replacement channel: started once for a delivery that failed or whose outcome is unknown (alerting.md §2.5-4).

In the transaction that writes the outcome, and never where the other channel had been addressed already: a person who
is told twice of one step soon looks at neither message.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from alerts import outbox
from alerts.channels.base import DeliveryFailed, Sent
from alerts.escalation import CONSOLE, Recipient
from alerts.ladder import Ladder
from alerts.models import Contact, Delivery
from alerts.rendering import CHANNEL_NAMES

State = Delivery.State
# Their whole point is to find out whether this one address works.
TESTS = "contact_test:"
SWITCHED_OFF = "渠道未启用或缺少设置"  # why a waiting delivery was set aside at the engine's start
# Why a delivery rests unsent because another of its channel was refused: short, or long enough to be told otherwise.
RESTS, RESTS_LONG = "渠道要求稍候", "渠道暂停使用"
STILL_MATTERS = timedelta(hours=24)
LONG_WAIT = 60  # seconds; a provider that asks for so much is as good as failed for an alert


def needed(outcome: Sent | DeliveryFailed, state: str, often_in_vain: bool) -> bool:
    """Whether what came of a try asks for another channel beside."""
    if isinstance(outcome, Sent):
        return bool(outcome.missed)
    if state == State.CANCELLED:
        return False
    slow = (outcome.retry_after or 0) >= LONG_WAIT
    return state in (State.FAILED, State.UNKNOWN) or outcome.setup or slow or often_in_vain


def start(delivery_id: int, why: str, ladder: Ladder, now: datetime) -> int:
    """Tell the same step by the replacement channel; how many deliveries are new. Once for each delivery."""
    if not Delivery.objects.filter(id=delivery_id, replaced_at=None).exclude(channel=CONSOLE).update(replaced_at=now):
        return 0
    row = Delivery.objects.select_related("alert").get(id=delivery_id)
    if row.alert.acked_at or row.alert.stood_down_at or row.alert.cause.startswith(TESTS):
        return 0
    made = 0
    # Other affairs whose words went along in this message are in the same doubt.
    for other in row.carries.exclude(alert__cause=row.alert.cause).values_list("id", flat=True):
        made += start(other, why, ladder, now)
    return made + _start(row, why, ladder, now)


def _start(row: Delivery, why: str, ladder: Ladder, now: datetime) -> int:
    because = f"{CHANNEL_NAMES.get(row.channel, row.channel)} {row.address} 未确认送达：{why}"
    for name in _successors(row, ladder):
        told = _recipients(row, name, ladder)
        by_name = Delivery.objects.filter(alert=row.alert, channel=name)
        addressed = set(by_name.values_list("address", flat=True))
        if told and addressed.isdisjoint(r.address for r in told):
            return outbox.add(row.alert, told, ladder, now, instead_of=row, why=because)
    return 0


def sweep(ladder: Ladder, now: datetime, limit: int = 50) -> int:
    """The same for what became unknown because its sender died, or rests for long; how many deliveries are new."""
    lost = Q(state=State.UNKNOWN) | Q(state=State.WAITING, reason__startswith=RESTS_LONG)
    return _start_all(Delivery.objects.filter(lost, settled_at=None), ladder, now, limit)


def resting(failure: DeliveryFailed) -> str:
    """Why the other messages of this channel rest after such a failure; "" when they may be tried."""
    if not failure.retry_after:
        return ""
    return f"{RESTS_LONG if failure.setup or failure.retry_after >= LONG_WAIT else RESTS}：{failure}"[:300]


def switched_off(ladder: Ladder, now: datetime, limit: int = 500) -> int:
    """The same for what waited on a channel that was switched off meanwhile; how many deliveries are new."""
    recent = Delivery.objects.filter(created_at__gt=now - STILL_MATTERS, state=State.HELD, reason=SWITCHED_OFF)
    return _start_all(recent, ladder, now, limit)


def _start_all(rows: QuerySet[Delivery], ladder: Ladder, now: datetime, limit: int) -> int:
    made = 0
    waiting = rows.filter(replaced_at=None).order_by("priority", "id")
    for row_id, reason in waiting.values_list("id", "reason")[:limit]:
        with transaction.atomic():
            made += start(row_id, reason, ladder, now)
    return made


def _successors(row: Delivery, ladder: Ladder) -> Iterator[str]:
    """The channel named for it; where that is off (or none is named), the level's other channels in their order."""
    own = ladder.channels.get(row.channel)
    if own and own.fallback in ladder.channels:
        yield own.fallback
        return
    for name in ladder.level(row.alert.level).channels:
        if name in ladder.channels and name != row.channel:
            yield name


def _recipients(row: Delivery, name: str, ladder: Ladder) -> list[Recipient]:
    """A person's own address there, else the groups of the channel."""
    if row.user_id:
        own = Contact.objects.filter(user_id=row.user_id, channel=name).values_list("address", flat=True)
        if own:
            return [Recipient(channel=name, address=a, user_id=row.user_id) for a in own]
    return [Recipient(channel=name, address=a) for a in ladder.channels[name].addresses]
