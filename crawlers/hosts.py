"""What is remembered of a host across runs and processes: robots.txt, back-off, the next free moment. Real time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from django.db import transaction
from protego import Protego

from crawlers.models import Host

ROBOTS_FRESH = timedelta(hours=24)  # RFC 9309 §2.4: a cached copy is not used longer
ROBOTS_CHARS = 500 * 1024  # RFC 9309 §2.5: at least this much is read
BACKOFF_FIRST, BACKOFF_MOST = timedelta(seconds=60), timedelta(hours=6)
RETRY_AFTER_MOST = timedelta(hours=24)
OK, NONE, FAILED = "ok", "none", "failed"  # Host.robots_status


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a host's robots.txt says to us. `status` failed = it could not be fetched, so nothing is allowed."""

    status: str
    body: str = ""
    crawl_delay: float | None = None

    def allows(self, url: str, agent: str) -> bool:
        if self.status == OK:
            return Protego.parse(self.body).can_fetch(url, agent)
        return self.status == NONE


def remembered_rules(name: str, now: datetime) -> Rules | None:
    """The snapshot, unless it is older than a day or was a failure (then it is asked for again)."""
    host = Host.objects.filter(name=name).exclude(robots_status__in=("", FAILED)).first()
    if host is None or host.robots_at is None or now - host.robots_at > ROBOTS_FRESH:
        return None
    return Rules(status=host.robots_status, body=host.robots_body, crawl_delay=host.crawl_delay)


def read_rules(status: int, body: str, agent: str) -> Rules:
    """An answer to GET /robots.txt: 2xx is obeyed, 4xx means there are none, everything else refuses (sources.md §5a).

    429 asks for patience, and a web page in place of rules says nothing: both refuse.
    """
    if 400 <= status < 500 and status != 429:
        return Rules(status=NONE)
    if not 200 <= status < 300 or body.lstrip("\ufeff \t\r\n")[:1] == "<":
        return Rules(status=FAILED)
    body = body[:ROBOTS_CHARS]
    delay = Protego.parse(body).crawl_delay(agent)
    return Rules(status=OK, body=body, crawl_delay=float(delay) if delay is not None else None)


def remember_rules(name: str, rules: Rules, now: datetime) -> None:
    Host.objects.update_or_create(
        name=name,
        defaults={
            "robots_status": rules.status,
            "robots_body": rules.body.replace("\0", ""),
            "robots_at": now,
            "crawl_delay": rules.crawl_delay,
        },
    )


def closed_until(name: str, now: datetime) -> datetime | None:
    """The instant before which this host wants (after Retry-After) or deserves (after failures) no request."""
    until = Host.objects.filter(name=name).values_list("not_before", flat=True).first()
    return until if until and until > now else None


def book(name: str, least_delay: float, now: datetime, patience: timedelta) -> datetime:
    """The moment the next request may be sent; booked when it comes within `patience`, else only told.

    Two processes asking at once get two moments, one delay apart.
    """
    Host.objects.get_or_create(name=name)
    with transaction.atomic():
        host = Host.objects.select_for_update().get(name=name)
        at = max(host.next_at or now, now)
        delay = max(least_delay, host.crawl_delay or 0.0)
        if at - now <= patience:
            host.next_at = at + timedelta(seconds=delay)
            host.save(update_fields=["next_at"])
    return at


def served(name: str) -> None:
    """The host answered: its failures are forgotten."""
    Host.objects.filter(name=name).exclude(failures=0, not_before=None).update(failures=0, not_before=None)


def failed(name: str, now: datetime, retry_after: str = "") -> datetime | None:
    """Count a failure of the host itself (5xx, 429, no answer) and close it; returns until when.

    One failure without Retry-After closes nothing; from the second on the pause doubles.
    """
    host, _ = Host.objects.get_or_create(name=name)
    pause = min(BACKOFF_FIRST * 2 ** min(host.failures - 1, 12), BACKOFF_MOST) if host.failures else None
    host.failures += 1
    host.not_before = read_retry_after(retry_after, now) or (now + pause if pause else None)
    host.save(update_fields=["failures", "not_before"])
    return host.not_before


def read_retry_after(value: str, now: datetime) -> datetime | None:
    """Retry-After in seconds or as an HTTP date (RFC 9110 §10.2.3), at most a day ahead; None when unusable."""
    value = value.strip()
    try:
        at = now + timedelta(seconds=int(value)) if value.isdigit() else parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(at, now + RETRY_AFTER_MOST) if at > now else None
