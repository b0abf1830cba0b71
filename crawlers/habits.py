"""What a source's habits say about it now: the tables' side of crawlers/rhythm.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Q

from analysis.models import Reading
from archive import spells
from archive.coverage import BY_HAND
from archive.models import Post, Source, Spell
from config.clock import SHANGHAI
from crawlers import rhythm
from crawlers.models import Learned
from crawlers.rhythm import Rhythm, Span
from sla.calendar import UnknownYear
from sla.policy import load_calendar

LEARN_EVERY = timedelta(hours=6)
LEARN_AT_ONCE = 20  # sources of one beat
NEVER_SPOKE = timedelta(hours=48)  # enabled for so long, and not one item
FEW_SPOKE = timedelta(days=7)  # a source with too few items to have habits
YIELD = timedelta(days=28)
LATE = timedelta(hours=6)
NEVER = datetime.min.replace(tzinfo=SHANGHAI)
Unseen = (spells.UNREAD, Source.State.FAILING, Source.State.CAPPED, Source.State.OFF)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """State of a source that answers: (alive | quiet, finer reason, why in Chinese; "" = nothing to say)."""

    state: str
    code: str = ""
    why: str = ""


def off_day(day: date) -> bool:
    """Weekends and holidays, with make-up days; by weekday alone where nobody entered the year."""
    try:
        return not _calendar(settings.POLICY).is_working_day(day)
    except UnknownYear:
        return day.weekday() >= 5


@cache
def _calendar(folder: Path) -> Any:
    return load_calendar(folder)


def verdict(source: Source, now: datetime) -> Verdict:
    """What to think of a source that was read successfully at `now`."""
    if source.last_item_at is None:
        since = source.enabled_at
        if since and now - since >= NEVER_SPOKE:
            return Verdict(state="quiet", code="silent", why=f"启用{span(now - since)}以来能打开，但从未读到信息")
        return Verdict(state="alive")
    learned = Learned.objects.filter(source=source).first()
    if learned is None or learned.rhythm is None:
        since = max(source.last_item_at, source.enabled_at or source.last_item_at)
        if now - since >= FEW_SPOKE:
            since = max(since, _heard(source))
            if now - since - sum((b - a for a, b in _unseen(source, since, now)), timedelta()) >= FEW_SPOKE:
                why = f"已 {span(now - since)}没有新信息；信息太少，尚未学会其规律"
                return Verdict(state="quiet", code="silent", why=why)
        return Verdict(state="alive")
    known = Rhythm.restored(learned.rhythm)
    last = source.last_item_at
    # Cheap first: what was learned answers for nearly every reading without asking for gaps in our own watch.
    found = rhythm.silence(known, last.timestamp(), now.timestamp(), off_day)
    if found.improbable:
        last = max(last, _heard(source))
        found = rhythm.silence(known, last.timestamp(), now.timestamp(), off_day, blind(source, last, now))
    if found.improbable:
        silence = now - last
        why = (
            f"已 {span(silence)}没有新信息；按其平常规律，这段时间应有约 {found.expected:.1f} 条，"
            f"静默到 {found.allowed:.1f} 条以内才属正常"
        )
        return Verdict(state="quiet", code="silent", why=why)
    if learned.low:
        return Verdict(state="alive", code="degraded", why="最近 24 小时的信息远少于同时段应有的数量")
    return Verdict(state="alive")


def _heard(source: Source) -> datetime:
    """When the newest post was said, or reached us if that was much later: old news is news too."""
    newest = Post.objects.filter(source=source).order_by("-id").values_list("published_at", "received_at").first()
    if newest is None:
        return source.last_item_at or NEVER
    published, received = newest
    return received if received - published > LATE else min(published, received)


def blind(source: Source, start: datetime, end: datetime) -> list[Span]:
    """When nobody could hear this source, in seconds."""
    return [(a.timestamp(), b.timestamp()) for a, b in _unseen(source, start, end)]


def _unseen(source: Source, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    rows = Spell.objects.filter(source=source, state__in=Unseen, starts_at__lt=end)
    rows = rows.filter(Q(ends_at__gt=start) | Q(ends_at=None)).order_by("starts_at")
    return [(max(a, start), min(b or end, end)) for a, b in rows.values_list("starts_at", "ends_at")]


def learn_due(now: datetime) -> int:
    """Learn the habits of enabled sources that have waited longest; how many. Once in LEARN_EVERY each."""
    waiting = Source.objects.filter(enabled=True).exclude(kind__in=BY_HAND)
    waiting = waiting.filter(Q(learned=None) | Q(learned__at__lte=now - LEARN_EVERY) | Q(learned__at__gt=now))
    chosen = list(waiting.order_by(F("learned__at").asc(nulls_first=True), "pk")[:LEARN_AT_ONCE])
    for source in chosen:
        learn(source, now)
    return len(chosen)


def learn(source: Source, now: datetime) -> None:
    """Read the instants of eight weeks of posts, and write down what they teach."""
    before = Learned.objects.filter(source=source).first()
    known = Rhythm.restored(before.rhythm) if before and before.rhythm else None
    since = now - rhythm.WINDOW
    posts = Post.objects.filter(source=source, published_at__gt=since, published_at__lte=now)
    times = list(posts.values_list("published_at", "received_at"))
    unseen = blind(source, since, now)
    found = rhythm.learn(
        [_said(published, received) for published, received in times],
        now.timestamp(),
        off_day,
        blind=unseen,
        lag_s=_lag(times, source.interval_s),
        before=known,
    )
    low = False
    if found:
        day = [t for t, _ in times if t > now - rhythm.LOW_WINDOW]
        low = rhythm.too_low(found, len(set(day)), now.timestamp(), off_day, unseen, is_low=bool(before and before.low))
    recent = Reading.objects.filter(post__source=source, post__published_at__gt=now - YIELD)
    counts = recent.aggregate(items=Count("pk"), relevant=Count("pk", filter=~Q(tier="none")))
    Learned.objects.update_or_create(
        source=source,
        defaults={"at": now, "rhythm": found.stored() if found else None, "low": low, **counts},
    )


def _said(published: datetime, received: datetime) -> float:
    """When it was said; a date without a time says less than the moment it reached us."""
    local = published.astimezone(SHANGHAI)
    coarse = (local.hour, local.minute, local.second) == (0, 0, 0)
    return (received if coarse and received - published < timedelta(days=1) else published).timestamp()


def _lag(times: Sequence[tuple[datetime, datetime]], interval_s: int) -> float:
    """Seconds from the time an item bears until it can be read, for all but the slowest twentieth; our polling not counted."""
    # The first reading brings what had been lying there for long.
    if not times:
        return 0.0
    settled = min(r for _, r in times) + timedelta(minutes=10)
    waits = sorted(w for p, r in times if r > settled and 0 <= (w := (r - p).total_seconds()) < LATE.total_seconds())
    return 0.0 if len(waits) < rhythm.GAPS_NEEDED else max(waits[int(len(waits) * 0.95)] - interval_s, 0.0)


def span(length: timedelta) -> str:
    """90 分钟, 30 小时, 5 天."""
    minutes = round(length.total_seconds() / 60)
    if minutes < 90:
        return f"{max(minutes, 1)} 分钟"
    return f"{round(minutes / 60)} 小时" if minutes < 48 * 60 else f"{round(minutes / 1440)} 天"
