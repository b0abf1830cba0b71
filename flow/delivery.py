"""Claim -> send -> settle: how waiting deliveries leave the house (alerting.md §2.5-3 and 4).

One row at a time per sender, no network inside a transaction. A lease gives a row back when its sender died;
its token keeps a sender that wakes up late from writing over what happened since. All waits run on real time.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, close_old_connections, connection, transaction
from django.db.models import F, Min, Q, QuerySet, Value
from django.db.models.functions import Greatest, Now

from alerts import messages, outbox, replacing, throttle
from alerts.channels import channel
from alerts.channels.base import Channel, DeliveryFailed, Parcel, Sent, attempt
from alerts.escalation import CONSOLE, Ladder, Plan, first_steps, shift_window
from alerts.models import Attempt, Delivery
from alerts.roster import on_duty
from flow.instants import real_now
from flow.retry import retried

log = logging.getLogger(__name__)
State = Delivery.State

WAITS = (1, 5, 15, 60)  # seconds after the 1st, 2nd… try that failed
AHEAD = 10  # messages over the rate that are given their turns at a time
LATER = 300  # after every further one
TROUBLE_AFTER = len(WAITS)  # tries in vain before people are told that a channel does not answer (after 21 s)
# Seconds between tries to write down what came of a try, while the database is locked, full or restarting.
SETTLE_AGAIN = (0.05, 0.2, 0.5, 1, *[2] * 30)
KEPT_UP_TO_DATE = timedelta(days=3)  # how long a message that can be changed follows its alert
KEEP_TRYING = timedelta(hours=24)  # after the first try; far beyond any deadline's breach + 1 h
# Whoever was to be told has acknowledged, or there is nothing left to do: do not send (again).
OVER = Q(alert__acked_at__isnull=False) | Q(alert__stood_down_at__isnull=False)

# The steps between which a process can die, in order.
POINTS = ("claiming", "claimed", "sending", "accepted", "settling", "settled")


def at_point(point: str) -> None:
    """Passed at each of POINTS; the kill bench puts its own in place and ends the process there."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One delivery taken by one sender until its lease ends."""

    delivery_id: int
    channel: str
    token: str
    n: int  # which try this is
    was_unknown: bool
    parcel: Parcel


def send_one(ladder: Ladder, name: str, now: datetime) -> bool:
    """Send the most urgent due delivery of channel `name`, if its rate allows; True when one was tried.

    `now` is the service's instant, written as the time of settling; due times and leases use real time.
    """
    # Read first: an idle sender polls all day and must neither take the write lock nor build a client.
    while row := _due(name).order_by("priority", "next_try_at", "id").first():
        settings = ladder.channels[name]
        outlet = channel(name, ladder)
        rate = throttle.Rate(per_minute=settings.per_minute, reserved=settings.reserved)
        claimed = claim(row, outlet, rate)
        if claimed is None:
            continue  # another sender has it, or it was put off
        at_point("sending")
        outcome = attempt(outlet, claimed.parcel)
        at_point("accepted")
        settle_surely(claimed, outcome, ladder, now)
        return True
    return False


def send_all(ladder: Ladder, now: datetime, limit: int = 1000) -> int:
    """Try everything that is due, channel by channel; how many tries were made (`round --send`)."""
    tries = 0
    for name in ladder.channels:
        while tries < limit and send_one(ladder, name, now):
            tries += 1
    return tries


def _due(channel_name: str) -> QuerySet[Delivery]:
    waiting = Delivery.objects.filter(channel=channel_name, settled_at=None, state__in=Delivery.UNSENT)
    # On PostgreSQL the database compares by its own clock, without being asked for it first.
    return waiting.filter(next_try_at__lte=Now() if connection.vendor == "postgresql" else real_now())


@retried
def claim(row: Delivery, outlet: Channel, rate: throttle.Rate) -> Claim | None:
    """Take `row` for one try, or None: another sender was quicker, or the rate says later."""
    with transaction.atomic():
        real = real_now()
        recent = _recent_tries(row.channel, real, rate.share(row.priority))
        if throttle.free_at(recent, rate, row.priority, real) > real:
            _put_off(row, recent, rate, real)
            return None
        token = secrets.token_hex(16)
        untouched = Delivery.objects.filter(id=row.id, state=row.state, attempts=row.attempts)
        taken = untouched.update(
            state=State.SENDING,
            attempts=F("attempts") + 1,
            lease_token=token,
            lease_until=real + timedelta(seconds=outlet.lease_s),
        )
        if not taken:
            return None
        n = row.attempts + 1
        Attempt.objects.create(delivery_id=row.id, n=n, started_at=real)
        at_point("claiming")
    at_point("claimed")
    unknown = row.state == State.UNKNOWN
    marked = unknown and not outlet.recognises_copies
    parcel = Parcel(key=row.key, address=row.address, body=row.body, maybe_twice=marked)
    return Claim(
        delivery_id=row.id, channel=row.channel, token=token, n=n, was_unknown=unknown, parcel=parcel
    )


def _recent_tries(channel: str, real: datetime, share: int) -> list[datetime]:
    """When this channel was tried in the last minute; [] while all channels together have not used up its share."""
    tries = Attempt.objects.filter(started_at__gt=real - throttle.WINDOW)
    if tries.count() < share:  # an index alone tells
        return []
    return list(tries.filter(delivery__channel=channel).values_list("started_at", flat=True))


def _put_off(row: Delivery, recent: list[datetime], rate: throttle.Rate, real: datetime) -> None:
    """Let this row and every less urgent one wait, each with the reason; the gravest keep their share.

    The next few wait for a turn of their own, so that a long queue is not written anew for every message that leaves.
    """
    turns = throttle.turns(recent, rate, row.priority, real)[:AHEAD]
    waiting = Delivery.objects.filter(channel=row.channel, settled_at=None, state__in=Delivery.UNSENT)
    due = waiting.filter(priority__gte=row.priority, next_try_at__lt=turns[0])
    reason = throttle.reason(rate, row.priority)
    first = list(due.order_by("priority", "next_try_at", "id").values_list("id", flat=True)[: len(turns) - 1])
    for row_id, turn in zip(first, turns, strict=False):
        Delivery.objects.filter(id=row_id).update(next_try_at=turn, reason=reason)
    due.update(next_try_at=turns[-1], reason=reason)


def settle_surely(claimed: Claim, outcome: Sent | DeliveryFailed, ladder: Ladder, now: datetime) -> bool:
    """`settle`, again and again while the database cannot be written: what was sent must not be sent once more."""
    for wait in SETTLE_AGAIN:
        try:
            return settle(claimed, outcome, ladder, now)
        except (OperationalError, InterfaceError) as e:
            if connection.in_atomic_block:
                raise
            log.warning("delivery %s: result not written yet: %s", claimed.delivery_id, e)
        close_old_connections()
        time.sleep(wait)
    return settle(claimed, outcome, ladder, now)


@retried
def settle(claimed: Claim, outcome: Sent | DeliveryFailed, ladder: Ladder, now: datetime) -> bool:
    """Write what came of a try. False, and the delivery untouched, when another sender has claimed it meanwhile."""
    real = real_now()
    with transaction.atomic():
        if isinstance(outcome, Sent):
            change: dict[str, Any] = {
                "state": State.SENT,
                "provider_id": outcome.provider_id[:200],
                # A receiver's own report may have come in before its answer: never lowered.
                "receipt": Greatest("receipt", Value(outcome.receipt)),
                "reason": outcome.missed[:300],
                "settled_at": now,
                "redraw_until": real + KEPT_UP_TO_DATE if outcome.changeable else None,
            }
        else:
            change = _after_failure(claimed, outcome, real, now)
        # Also when the lease was taken back and nobody has claimed the row since: a known outcome ends the doubt.
        held = Q(lease_token=claimed.token, state=State.SENDING) | Q(state=State.UNKNOWN, attempts=claimed.n)
        mine = Delivery.objects.filter(held, id=claimed.delivery_id)
        in_time = mine.update(lease_token="", lease_until=None, **change) == 1
        _close_attempt(claimed, outcome, real, in_time)
        refused = isinstance(outcome, DeliveryFailed) and outcome.setup
        if isinstance(outcome, DeliveryFailed):
            _rest(claimed.channel, outcome, real)
        if in_time and (refused or _is_trouble(change["state"], claimed.n)):
            outbox.write(_trouble(claimed, change["reason"], ladder, now), now)
        if in_time and replacing.needed(outcome, change["state"], claimed.n >= TROUBLE_AFTER):
            replacing.start(claimed.delivery_id, change["reason"], ladder, now)
        at_point("settling")
    at_point("settled")
    return in_time


def _rest(channel: str, failure: DeliveryFailed, real: datetime) -> None:
    """A provider that asks to wait, or refuses us, means the whole channel: nothing else is sent there until then.

    A robot that is asked on regardless stays blocked for longer, a mail account is locked.
    """
    if reason := replacing.resting(failure):
        until = real + timedelta(seconds=failure.retry_after or 0)
        waiting = Delivery.objects.filter(channel=channel, settled_at=None, state__in=Delivery.UNSENT)
        waiting.filter(next_try_at__lt=until).update(next_try_at=until, reason=reason)


def _is_trouble(state: str, tries: int) -> bool:
    return state == State.FAILED or (tries == TROUBLE_AFTER and state in Delivery.UNSENT)


def _trouble(claimed: Claim, reason: str, ladder: Ladder, now: datetime) -> list[Plan]:
    """Tell people, by the console and every channel, that one does not work; once per shift and channel."""
    starts = shift_window(now, ladder.shift_starts)[0].astimezone(UTC)
    message = messages.channel_failing(claimed.channel, claimed.parcel.address, claimed.n, reason)
    cause = f"channel:{claimed.channel}:failing:{starts:%Y%m%dT%H%MZ}"
    return first_steps(cause, "system", message, grade=None, at=now, ladder=ladder, on_duty=on_duty(now))


def _after_failure(claimed: Claim, failure: DeliveryFailed, real: datetime, now: datetime) -> dict[str, Any]:
    reason = str(failure)[:300]
    if Delivery.objects.filter(OVER, id=claimed.delivery_id).exists():
        return {"state": State.CANCELLED, "reason": "事项已确认或办结，不再重发", "settled_at": now}
    if failure.permanent:
        return {"state": State.FAILED, "reason": reason, "settled_at": now}
    first = Attempt.objects.filter(delivery_id=claimed.delivery_id).aggregate(at=Min("started_at"))["at"]
    if real - first >= KEEP_TRYING:
        return {"state": State.FAILED, "reason": f"24小时内未能送出：{reason}"[:300], "settled_at": now}
    # Once a try went unanswered, every later one may be a copy, however the tries between them ended.
    unknown = failure.unsure or claimed.was_unknown
    wait = max(wait_after(claimed.n), failure.retry_after or 0)
    return {
        "state": State.UNKNOWN if unknown else State.WAITING,
        "reason": reason,
        "next_try_at": real + timedelta(seconds=wait),
    }


def wait_after(tries: int) -> int:
    """Seconds until the next try."""
    return WAITS[tries - 1] if tries <= len(WAITS) else LATER


def _close_attempt(claimed: Claim, outcome: Sent | DeliveryFailed, real: datetime, in_time: bool) -> None:
    code, error = (outcome.code, str(outcome)) if isinstance(outcome, DeliveryFailed) else ("", "")
    late = "" if in_time else "（租约到期后才有结果，未采用）"
    Attempt.objects.filter(delivery_id=claimed.delivery_id, n=claimed.n).update(
        ended_at=real, http=outcome.http, code=code[:60], error=(error + late)[:500]
    )


def take_back_expired(real: datetime) -> int:
    """Deliveries whose sender never came back: their outcome is unknown, and they are sent again.

    Not again when the matter is over meanwhile: then they are cancelled. How many were taken back.
    """
    gone = Delivery.objects.filter(state=State.SENDING, lease_until__lt=real)
    if not gone.exists():
        return 0
    free = {"lease_token": "", "lease_until": None}
    with transaction.atomic():
        over = list(gone.filter(OVER).values_list("id", flat=True))
        # Settled in real time: nobody here knows the service's.
        cancelled = gone.filter(id__in=over).update(
            state=State.CANCELLED, reason="发送结果不明；事项已确认或办结，不再重发", settled_at=real, **free
        )
        resent = gone.update(
            # It keeps its place in the queue: next_try_at stays as it was.
            state=State.UNKNOWN, reason="发送方中断，结果不明，将重发", **free
        )
    return cancelled + resent


def hold_switched_off(channels: Collection[str]) -> int:
    """Set aside what waits for a channel that is not switched on, with the reason; how many. Run at start."""
    waiting = Delivery.objects.filter(settled_at=None, state__in=Delivery.UNSENT)
    stranded = waiting.exclude(channel__in=[CONSOLE, *channels])
    return stranded.update(state=State.HELD, reason=replacing.SWITCHED_OFF, settled_at=real_now())
