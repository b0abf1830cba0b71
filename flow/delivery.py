"""Claim -> send -> settle: how waiting deliveries leave the house (alerting.md §2.5-3 and 4).

One row at a time per sender, no network inside a transaction. A lease gives a row back when its sender died; its
token keeps a sender that wakes up late from writing over what happened since. All waits run on real time.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Min, Q

from alerts import throttle
from alerts.channels.base import Channel, DeliveryFailed, Parcel, Sent
from alerts.escalation import CONSOLE
from alerts.models import Attempt, Delivery
from config.clock import real_now

log = logging.getLogger(__name__)
State = Delivery.State

WAITS = (1, 5, 15, 60)  # seconds after the 1st, 2nd… try that failed
LATER = 300  # after every further one
KEEP_TRYING = timedelta(hours=24)  # after the first try; far beyond any deadline's breach + 1 h
# Whoever was to be told has acknowledged, or there is nothing left to do: do not send (again).
OVER = Q(alert__acked_at__isnull=False) | Q(alert__stood_down_at__isnull=False)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One delivery taken by one sender until its lease ends."""

    delivery_id: int
    token: str
    n: int  # which try this is
    was_unknown: bool
    parcel: Parcel


def send_one(channel: Channel, rate: throttle.Rate, now: datetime) -> bool:
    """Send the most urgent due delivery of `channel`, if the rate allows; True when one was tried.

    `now` is the service's instant, written as the time of settling; due times and leases use real time.
    """
    claimed = claim(channel, rate)
    if claimed is None:
        return False
    try:
        outcome: Sent | DeliveryFailed = channel.send(claimed.parcel)
    except DeliveryFailed as e:
        outcome = e
    except Exception as e:  # a mistake in a channel must not stop its queue; the text could hold anything
        log.exception("channel %s", channel.name)
        outcome = DeliveryFailed(f"{channel.name}: 内部错误（{type(e).__name__}）", unsure=True, code=type(e).__name__)
    settle(claimed, outcome, now)
    return True


def send_due(
    channels: Iterable[Channel], rates: Mapping[str, throttle.Rate], now: datetime, limit: int = 1000
) -> int:
    """Try everything that is due now, channel by channel; how many tries were made (`round --send`)."""
    tries = 0
    for channel in channels:
        while tries < limit and send_one(channel, rates[channel.name], now):
            tries += 1
    return tries


def claim(channel: Channel, rate: throttle.Rate) -> Claim | None:
    """Take the most urgent due delivery, or None: nothing due, another was quicker, or the rate says later."""
    due = Delivery.objects.filter(channel=channel.name, state__in=Delivery.UNSENT, next_try_at__lte=real_now())
    # Read first: an idle sender polls each second and must not take the write lock for it.
    row = due.order_by("priority", "next_try_at", "id").first()
    if row is None:
        return None
    with transaction.atomic():
        real = real_now()
        free = throttle.free_at(_recent_tries(channel.name, real), rate, row.priority, real)
        if free > real:
            _put_off(channel.name, row.priority, free, rate)
            return None
        token = secrets.token_hex(16)
        untouched = Delivery.objects.filter(id=row.id, state=row.state, attempts=row.attempts)
        taken = untouched.update(
            state=State.SENDING,
            attempts=F("attempts") + 1,
            lease_token=token,
            lease_until=real + timedelta(seconds=channel.lease_s),
        )
        if not taken:
            return None
        n = row.attempts + 1
        Attempt.objects.create(delivery_id=row.id, n=n, started_at=real)
    unknown = row.state == State.UNKNOWN
    parcel = Parcel(
        key=row.key,
        address=row.address,
        body=row.body,
        maybe_twice=unknown and not channel.recognises_copies,
    )
    return Claim(delivery_id=row.id, token=token, n=n, was_unknown=unknown, parcel=parcel)


def _recent_tries(channel: str, real: datetime) -> list[datetime]:
    tries = Attempt.objects.filter(delivery__channel=channel, started_at__gt=real - throttle.WINDOW)
    return list(tries.values_list("started_at", flat=True))


def _put_off(channel: str, priority: int, until: datetime, rate: throttle.Rate) -> None:
    """Let this row and every less urgent one wait, each with the reason; the gravest keep their share."""
    waiting = Delivery.objects.filter(channel=channel, state__in=Delivery.UNSENT, next_try_at__lt=until)
    waiting.filter(priority__gte=priority).update(next_try_at=until, reason=throttle.reason(rate, priority))


def settle(claimed: Claim, outcome: Sent | DeliveryFailed, now: datetime) -> bool:
    """Write what came of a try. False, and the delivery untouched, when the lease was taken back meanwhile."""
    real = real_now()
    with transaction.atomic():
        if isinstance(outcome, Sent):
            change = {
                "state": State.SENT,
                "provider_id": outcome.provider_id[:200],
                "receipt": outcome.receipt,
                "reason": "",
                "settled_at": now,
            }
        else:
            change = _after_failure(claimed, outcome, real, now)
        mine = Delivery.objects.filter(id=claimed.delivery_id, lease_token=claimed.token, state=State.SENDING)
        in_time = mine.update(lease_token="", lease_until=None, **change) == 1
        _close_attempt(claimed, outcome, real, in_time)
    return in_time


def _after_failure(claimed: Claim, failure: DeliveryFailed, real: datetime, now: datetime) -> dict:
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
    failed = isinstance(outcome, DeliveryFailed)
    late = "" if in_time else "（租约到期后才有结果，未采用）"
    Attempt.objects.filter(delivery_id=claimed.delivery_id, n=claimed.n).update(
        ended_at=real,
        http=outcome.http,
        code=outcome.code[:60] if failed else "",
        error=f"{outcome if failed else ''}{late}"[:500],
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
        cancelled = gone.filter(id__in=over).update(
            state=State.CANCELLED, reason="发送结果不明；事项已确认或办结，不再重发", settled_at=real, **free
        )
        resent = gone.update(
            state=State.UNKNOWN, reason="发送方中断，结果不明，将重发", next_try_at=real, **free
        )
    return cancelled + resent


def hold_switched_off(channels: Collection[str]) -> int:
    """Set aside what waits for a channel that is not among those switched on, with the reason; how many."""
    waiting = Delivery.objects.filter(state__in=Delivery.UNSENT).exclude(channel__in=[CONSOLE, *channels])
    return waiting.update(state=State.HELD, reason="渠道未启用或缺少设置")
