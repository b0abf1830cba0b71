"""One turn per site, whoever asks: the lock, the limiter and the circuit are a row (Host). Real time."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from django.db.models import Q, QuerySet

from config.clock import SHANGHAI
from crawlers.models import Host

LEASE = timedelta(seconds=90)  # longer than a download may take; a turn whose owner vanished with its machine ends then
BACKOFF_FIRST, BACKOFF_MOST = timedelta(seconds=60), timedelta(hours=6)
RETRY_AFTER_MOST = timedelta(hours=24)
OPENS_AFTER = 5  # failures in a row from which the circuit counts as open: after each pause one request tries


@dataclass(frozen=True, kw_only=True)
class Turn:
    """The right to send one request to a site; `delay` seconds must pass after its answer."""

    name: str
    token: str
    delay: float


@dataclass(frozen=True, kw_only=True)
class Wait:
    """No turn before `until`. `closed` says why when the site wants (Retry-After) or deserves (failures) no request."""

    until: datetime
    closed: str = ""
    requested: bool = False
    busy: bool = False  # another process is asking: its answer may come any moment


def take(name: str, least_delay: float, now: datetime) -> Turn | Wait:
    """The site's turn, if it is free; two processes asking at once cannot both have it."""
    host = Host.objects.filter(name=name).first() or Host.objects.get_or_create(name=name)[0]
    if host.not_before and host.not_before > now:
        return Wait(until=host.not_before, closed=_why(host), requested=host.requested)
    if host.busy_until and host.busy_until > now:
        return Wait(until=host.busy_until, busy=True)
    if host.next_at and host.next_at > now:
        return Wait(until=host.next_at)
    token = f"{os.getpid()}.{uuid.uuid4().hex[:16]}"
    free = Q(busy_until=None) | Q(busy_until__lte=now)
    free &= Q(next_at=None) | Q(next_at__lte=now)
    if Host.objects.filter(free, name=name).update(turn=token, busy_until=now + LEASE):
        return Turn(name=name, token=token, delay=max(least_delay, host.crawl_delay or 0.0))
    return Wait(until=now + LEASE, busy=True)


def served(turn: Turn, now: datetime) -> None:
    """The site answered: the turn is over, its failures are forgotten."""
    _mine(turn).update(**_over(turn, now), failures=0, not_before=None, requested=False)


def left(turn: Turn, now: datetime) -> None:
    """The turn is over and says nothing about the site: our own limits, or a request given up."""
    _mine(turn).update(**_over(turn, now))


def failed(turn: Turn, now: datetime, retry_after: str = "") -> datetime | None:
    """The turn is over and counts as a failure of the site (5xx, 429, no answer); returns until when it is closed.

    One failure without Retry-After closes nothing; from the second on the pause doubles.
    """
    host = Host.objects.get(name=turn.name)
    wished = read_retry_after(retry_after, now)
    pause = min(BACKOFF_FIRST * 2 ** min(host.failures - 1, 12), BACKOFF_MOST) if host.failures else None
    until = wished or (now + pause if pause else None)
    _mine(turn).update(
        **_over(turn, now), failures=host.failures + 1, not_before=until, requested=wished is not None
    )
    return until


def abandon(pid: int, now: datetime) -> None:
    """Give back the turns of a process that has ended; what it asked may have been asked a moment ago."""
    rest = now + timedelta(seconds=house_delay())
    Host.objects.filter(turn__startswith=f"{pid}.").update(turn="", busy_until=None, next_at=rest)


def house_delay() -> float:
    """Least seconds between an answer of a site and the next request to it (HUIYING_CRAWL_DELAY)."""
    return float(os.environ.get("HUIYING_CRAWL_DELAY") or 5.0)


def _mine(turn: Turn) -> QuerySet[Host]:
    # A lease that ran out is somebody else's turn by now.
    return Host.objects.filter(name=turn.name, turn=turn.token)


def _over(turn: Turn, now: datetime) -> dict[str, object]:
    return {"turn": "", "busy_until": None, "next_at": now + timedelta(seconds=turn.delay)}


def _why(host: Host) -> str:
    assert host.not_before is not None
    until = host.not_before.astimezone(SHANGHAI).strftime("%m-%d %H:%M:%S")
    if host.requested:
        return f"该站要求暂缓，{until} 之前不再请求"
    if host.failures >= OPENS_AFTER:
        return f"该站连续失败 {host.failures} 次，已断路，{until} 起试探一次"
    return f"该站连续失败 {host.failures} 次，{until} 之前不再请求"


def read_retry_after(value: str, now: datetime) -> datetime | None:
    """Retry-After in seconds or as an HTTP date (RFC 9110 §10.2.3), at most a day ahead; None when unusable."""
    value = value.strip()
    try:
        at = now + timedelta(seconds=int(value)) if value.isdigit() else parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(at, now + RETRY_AFTER_MOST) if at > now else None
