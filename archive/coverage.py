"""What "nothing was said" is worth in a window of time: which source was in which state, from when to when.

The one place that lists, the search histogram, the sources' strips and reports ask. Told from spells, so it costs by
changes of state and not by readings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Q

from archive.models import Source, Spell
from archive.spells import UNREAD
from config.clock import SHANGHAI

State = Source.State
DEAF = frozenset((UNREAD, State.FAILING, State.CAPPED))  # nothing can be heard of a source in these states
OVERDUE = timedelta(minutes=10)  # beyond its interval: so late that nobody is reading
# Nobody reads these by a timetable: late is no word for them.
BROUGHT = (Source.Kind.WEBHOOK, Source.Kind.WECHAT, Source.Kind.WEIBO_PUSH, Source.Kind.FILE, Source.Kind.MANUAL)
BY_HAND = (Source.Kind.FILE, Source.Kind.MANUAL)
DEAF_DAY = 0.5  # of a day: then the day's silence is worth nothing


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """One source in one state during [start, end), cut to the window."""

    source_id: int
    name: str
    kind: str
    state: str  # a Source.State, or "unread": the service was down
    code: str
    start: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True)
class Statement:
    """All stretches of a window, by source and time. A source without one was not there yet, or is fed by hand."""

    start: datetime
    end: datetime
    stretches: tuple[Stretch, ...]

    def hours(self) -> dict[str, dict[str, float]]:
        """Hours in each state, by source name."""
        found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for s in self.stretches:
            found[s.name][s.state] += (s.end - s.start) / timedelta(hours=1)
        return {name: {state: round(h, 2) for state, h in hours.items()} for name, hours in found.items()}

    def deaf_days(self) -> dict[date, tuple[str, ...]]:
        """Days (Shanghai) of which a source could not be heard for half or more of the part in the window: its names."""
        days: dict[date, set[str]] = defaultdict(set)
        for (name, day), share in _deaf_shares(self.stretches, self.start, self.end).items():
            if share >= DEAF_DAY:
                days[day].add(name)
        return {day: tuple(sorted(names)) for day, names in sorted(days.items())}

    def sentence(self) -> str:
        """For a report's foot: how many sources were heard throughout, and which were not, when."""
        heard = {s.source_id for s in self.stretches if s.state in (State.ALIVE, State.QUIET)}
        lost = [s for s in self.stretches if s.state in DEAF and s.end - s.start >= timedelta(minutes=1)]
        if not heard and not lost:
            return "这段时间没有在读的信源，没有信息不等于没有事情。"
        whole = len(heard - {s.source_id for s in lost})
        parts = [f"这段时间 {whole} 个信源全程可读"]
        parts += [f"{s.name} {_at(s.start)} 至 {_at(s.end)} {WORDS[s.state]}" for s in lost[:20]]
        if len(lost) > 20:
            parts.append(f"另有 {len(lost) - 20} 段中断")
        return "；".join(parts) + "。"


WORDS = {**{str(value): str(label) for value, label in State.choices}, UNREAD: "未读取（服务未运行）"}


def statement(start: datetime, end: datetime, now: datetime, ids: Collection[int] | None = None) -> Statement:
    """Of all sources, or those with these ids; what lies after `now` is not known. Two queries."""
    end = min(end, now)
    sources = Source.objects.exclude(kind__in=BY_HAND)
    if ids is not None:
        sources = sources.filter(pk__in=ids)
    known = {s.pk: s for s in sources.only("name", "kind", "enabled", "next_run_at", "interval_s")}
    rows = Spell.objects.filter(Q(ends_at=None) | Q(ends_at__gt=start), starts_at__lt=end, source_id__in=known)
    found: list[Stretch] = []
    for spell in rows.order_by("source_id", "starts_at"):
        source = known[spell.source_id]
        begin, finish = max(spell.starts_at, start), min(spell.ends_at or end, end)
        abandoned = _abandoned(source, now) if spell.ends_at is None else None
        cut = finish if abandoned is None else max(min(abandoned, finish), begin)
        found += [
            Stretch(source_id=source.pk, name=source.name, kind=source.kind, state=state, code=code, start=a, end=b)
            for state, code, a, b in ((spell.state, spell.code, begin, cut), (UNREAD, "", cut, finish))
            if a < b
        ]
    return Statement(start=start, end=end, stretches=tuple(found))


def _abandoned(source: Source, now: datetime) -> datetime | None:
    """Since when nobody has read a source although it was due: the service is down, or cannot keep up."""
    if not source.enabled or source.next_run_at is None or source.kind in BROUGHT:
        return None
    late = now - source.next_run_at > OVERDUE + timedelta(seconds=source.interval_s)
    return source.next_run_at if late else None


def deaf_days_by_source(told: Statement) -> dict[int, set[date]]:
    """As Statement.deaf_days, by the sources' ids."""
    names = {s.name: s.source_id for s in told.stretches}
    found: dict[int, set[date]] = defaultdict(set)
    for day, deaf in told.deaf_days().items():
        for name in deaf:
            found[names[name]].add(day)
    return found


def _deaf_shares(stretches: Sequence[Stretch], start: datetime, end: datetime) -> dict[tuple[str, date], float]:
    lost: dict[tuple[str, date], timedelta] = defaultdict(timedelta)
    for s in stretches:
        if s.state not in DEAF:
            continue
        day = s.start.astimezone(SHANGHAI).date()
        while (midnight := datetime.combine(day, time(), SHANGHAI)) < s.end:
            lost[s.name, day] += min(s.end, midnight + timedelta(days=1)) - max(s.start, midnight)
            day += timedelta(days=1)
    shares = {}
    for (name, day), length in lost.items():
        midnight = datetime.combine(day, time(), SHANGHAI)
        whole = min(end, midnight + timedelta(days=1)) - max(start, midnight)
        shares[name, day] = length / whole if whole else 0.0
    return shares


def _at(instant: datetime) -> str:
    return instant.astimezone(SHANGHAI).strftime("%m-%d %H:%M")
