"""Real time as every process of the service sees it, and what to do when a clock was set."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import connection, transaction
from django.db.models import F

from alerts import throttle
from alerts.models import Alert, Attempt, Delivery
from config import clock
from flow import audit

log = logging.getLogger(__name__)
JUMP = timedelta(seconds=2)  # the wall clock may drift from the monotonic one by so much between two ticks
LONGEST_LEASE = timedelta(seconds=60)


def real_now() -> datetime:
    """The database's clock on PostgreSQL, where engine and web may be different hosts; else this machine's."""
    if connection.vendor != "postgresql":
        return clock.real_now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0].astimezone(UTC)


@dataclass(frozen=True)
class Reading:
    """Both clocks at one moment. The monotonic one counts from the machine's start and cannot be set."""

    wall: datetime
    monotonic: float
    boot_id: str


def read(real: datetime) -> Reading:
    return Reading(real, time.monotonic(), boot_id())


def boot_id() -> str:
    """What tells one run of the machine from the next; "" where the system does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def jump(before: Reading, after: Reading) -> timedelta | None:
    """By how much the wall clock was set (or the machine slept) between two readings; None when by nothing much.

    After a restart of the machine, or on another one, only a clock that runs backwards shows.
    """
    passed = after.wall - before.wall
    if before.boot_id != after.boot_id:
        return passed if passed < -JUMP else None
    drift = passed - timedelta(seconds=after.monotonic - before.monotonic)
    return drift if abs(drift) > JUMP else None


def after_jump(before: Reading, after: Reading, by: timedelta) -> None:
    """Write the jump down and move the instants of waits and leases along, so that none ends early or hours late.

    What has been told stays told; due work is found by the same query as ever.
    """
    log.warning("the clock jumped by %.1f s", by.total_seconds())
    now = after.wall
    waiting = Delivery.objects.filter(settled_at=None, state__in=Delivery.UNSENT)
    leased = Delivery.objects.filter(state=Delivery.State.SENDING)
    with transaction.atomic():
        audit.record(
            "engine", "clock_jump", "engine", now, seconds=round(by.total_seconds(), 1), before=before.wall.isoformat()
        )
        if by > timedelta(0):
            # A lease that seems to have run out would be taken back while its sender is still sending.
            leased.filter(lease_until__lte=before.wall + LONGEST_LEASE).update(lease_until=F("lease_until") + by)
            # Nor may the rate of a channel forget what it sent in the last minute.
            tries = Attempt.objects.filter(started_at__gt=before.wall - throttle.WINDOW, started_at__lte=before.wall)
            tries.update(started_at=F("started_at") + by)
        else:
            waiting.filter(next_try_at__gt=now).update(next_try_at=F("next_try_at") + by)
            leased.filter(lease_until__gt=now + LONGEST_LEASE).update(lease_until=F("lease_until") + by)
            Attempt.objects.filter(started_at__gt=now).update(started_at=F("started_at") + by)
            # Told by a clock that ran ahead: the next level would hear of it that much too late.
            ahead = Alert.objects.filter(raised_at__gt=clock.service_time(now), escalated_at=None, acked_at=None)
            ahead.update(escalates_at=F("escalates_at") + by * clock.speed())


def note(by: timedelta) -> str:
    """The line a message carries when a forward jump may be why it is sent now."""
    return f"注意：服务器时钟刚向前跳变约 {by.total_seconds():.0f} 秒，本条可能因此提前，请核对实际时间。"
