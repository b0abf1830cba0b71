"""Hits over time as bars: a day, week or month each, hatched where a source could not be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from config.clock import SHANGHAI

MOST_BARS = 92
HEIGHT, WIDTH = 60, 1000  # of the picture, in its own units


@dataclass(frozen=True, kw_only=True)
class Bar:
    """Hits of [first, last] (Shanghai days); `down`: names of sources that failed in it. x, width, y, height: the picture."""

    first: date
    last: date
    count: int
    down: tuple[str, ...]
    x: float
    width: float
    height: float

    @property
    def y(self) -> float:
        return HEIGHT - self.height


def bars(
    counts: Mapping[date, int],
    start: datetime | None,
    end: datetime | None,
    down: Mapping[date, Iterable[str]],
    now: datetime,
) -> list[Bar]:
    """Bars over the window; without one, from the first hit to the last. Few enough to be told apart."""
    first = _day(start) if start else min(counts, default=None)
    last = _day(end - timedelta(microseconds=1)) if end else max((*counts, _day(now)) if start else counts, default=None)
    if first is None or last is None or last < first:
        return []
    spans = _spans(first, last)
    totals = [sum(counts.get(a + timedelta(days=n), 0) for n in range((b - a).days + 1)) for a, b in spans]
    most = max(totals) or 1
    width = WIDTH / len(spans)
    return [
        Bar(
            first=a,
            last=b,
            count=total,
            down=tuple(sorted({name for day, names in down.items() if a <= day <= b for name in names})),
            x=round(n * width, 2),
            width=round(max(width - 1, 0.5), 2),
            height=round(max(HEIGHT * total / most, 2 if total else 0), 1),
        )
        for n, ((a, b), total) in enumerate(zip(spans, totals, strict=True))
    ]


def _spans(first: date, last: date) -> list[tuple[date, date]]:
    days = (last - first).days + 1
    length = next((n for n in (1, 7, 30, 91, 365) if days / n <= MOST_BARS), days)
    starts = [first + timedelta(days=n) for n in range(0, days, length)]
    return [(a, min(a + timedelta(days=length - 1), last)) for a in starts]


def _day(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()
