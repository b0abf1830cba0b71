"""What heat is held against: the coefficients in force, and the bureau's own last 90 days, read once an hour."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from analysis.heat import BEFORE_D, BEFORE_H, Coefficients, Past, Said, advance
from analysis.heat_policy import load_heat
from analysis.models import Event
from archive.models import Post

MOST = 20_000  # events of the past that are looked at, newest first

_known: tuple[datetime, Past] | None = None


def coefficients() -> Coefficients:
    return load_heat(settings.POLICY)


def said(post: Post) -> Said:
    return Said(
        at=post.published_at, platform=post.platform, outlet=post.outlet, reposts=post.reposts, comments=post.comments,
        likes=post.likes, reads=post.reads,
    )  # fmt: skip


def past(now: datetime) -> Past:
    """The past as of this hour. Events elsewhere are not the bureau's."""
    global _known
    hour = now.replace(minute=0, second=0, microsecond=0)
    if _known is None or _known[0] != hour:
        _known = (hour, _read(hour))
    return _known[1]


def cool(now: datetime) -> int:
    """Let events nobody has spoken of for an hour grow cold: their level follows the clock too. Returns how many changed."""
    warm = Event.objects.filter(closed_at=None, merged_into=None, last_post_at__lt=now - timedelta(hours=1))
    changed = []
    for event in warm.exclude(heat=Event.Heat.BLUE):
        found = advance(event.heat_parts, [], now, coefficients(), past(now))
        if found.level != event.heat:
            event.heat, event.heat_index, event.heat_parts = found.level, found.index, found.parts
            changed.append(event)
    Event.objects.bulk_update(changed, ["heat", "heat_index", "heat_parts"])
    return len(changed)


def forget() -> None:
    """Read it anew at the next call (another data folder, a test)."""
    global _known
    _known = None


def _read(hour: datetime) -> Past:
    ours = ~Q(jurisdiction=Event.Jurisdiction.ELSEWHERE)
    since = hour - timedelta(days=coefficients().days)
    rows = Event.objects.filter(ours, last_post_at__gte=since, last_post_at__lt=hour).order_by("-last_post_at")
    parts = [p for p in rows.values_list("heat_parts", flat=True)[:MOST] if p]
    this = int(hour.timestamp() // 3600)
    return Past(
        peaks=sorted(float(p.get("peak", 0.0)) for p in parts),
        an_hour=_mean([p.get("hours", {}) for p in parts], range(this - BEFORE_H, this)),
        a_day=_mean([p.get("days", {}) for p in parts], range(this // 24 - BEFORE_D, this // 24)),
    )


def _mean(gains: list[dict[str, float]], span: range) -> float:
    """What one event that was spoken of gained on average in one unit of time it was spoken of."""
    found = [value for gain in gains for when, value in gain.items() if int(when) in span]
    return round(sum(found) / len(found), 3) if found else 0.0
