"""What heat is held against: the coefficients in force, and the bureau's own last 90 days, read once an hour."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from analysis.heat import BEFORE_D, BEFORE_H, Coefficients, Growth, Past, Said, advance
from analysis.heat_policy import load_heat
from analysis.models import Event, Reading
from archive.models import Measurement, Post

GROWN_AT_ONCE = 500
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


def grow(now: datetime) -> int:
    """Let what counters rose by since they were last read warm their events; how many readings were taken in.

    Called by the thread that places posts, the other writer of heat.
    """
    rows = Measurement.objects.filter(warmed=False, at__lte=now, post__unread=False).select_related("post").defer("post__body")
    found = list(rows.order_by("id")[:GROWN_AT_ONCE])
    if not found:
        return 0
    event_of = dict(
        Reading.objects.filter(post_id__in=[m.post_id for m in found], event__isnull=False).values_list("post_id", "event_id")
    )
    grown: dict[int, list[Growth]] = defaultdict(list)
    for m in found:
        if m.post_id in event_of:
            grown[event_of[m.post_id]].append(_growth(m))
    events = list(Event.objects.filter(pk__in=grown, closed_at=None))
    for event in events:
        warm = advance(event.heat_parts, [], now, coefficients(), past(now), grown[event.pk])
        event.heat, event.heat_index, event.heat_parts = warm.level, warm.index, warm.parts
    with transaction.atomic():
        for event in events:
            # Not over what a person regrouped meanwhile: that counted the posts anew, with these counters.
            same = Event.objects.filter(pk=event.pk, posts=event.posts, merged_into=None)
            same.update(heat=event.heat, heat_index=event.heat_index, heat_parts=event.heat_parts)
        Measurement.objects.filter(pk__in=[m.pk for m in found]).update(warmed=True)
    return len(found)


def recounted(event_id: int) -> None:
    """The event was counted anew from its posts' counters as they now are (in the caller's transaction)."""
    posts = Reading.objects.filter(event_id=event_id).values("post_id")
    Measurement.objects.filter(post_id__in=posts, warmed=False).update(warmed=True)


def _growth(m: Measurement) -> Growth:
    reposts, comments, likes, reads = m.before
    now = replace(said(m.post), at=m.at, reposts=m.reposts, comments=m.comments, likes=m.likes, reads=m.reads)
    return Growth(before=replace(now, reposts=reposts, comments=comments, likes=likes, reads=reads), after=now)


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
