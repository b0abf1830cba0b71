"""When a source usually speaks, and from when on its saying nothing is no accident. Pure.

The rate is learned by hour of day, for working days and days off apart, recent weeks weighing more. Time is then
counted in expected items: one unit passes in an hour at noon or in a whole night. In that measure the gaps between
items show how evenly the source speaks, and their tail says how long a silence happens less than once a month by
itself. Hours in which we did not look (the service was down) count neither for nor against the source.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from config.clock import SHANGHAI

HOUR, DAY = 3600.0, 86400.0
ZONE_S = datetime(2000, 1, 1, tzinfo=SHANGHAI).utcoffset().total_seconds()  # type: ignore[union-attr]  # no summer time since 1991
WINDOW = timedelta(days=56)
HALF_LIFE = timedelta(days=21)
CELLS = 48  # 24 hours of a working day, then 24 of a day off
BORROWED_H = 3.0  # hours of experience that a cell borrows from its kind of day and its hour of day
FALSE_PER_MONTH = 0.2  # exceedances of the fitted tail; with what the fit misses it stays below 1 (bench/silence.py)
WORST_SEEN = 0.15  # a silence longer than the longest of eight weeks by this share is new; the evener the source, the less
ALARMED = 1.25  # of a silence that was told: learned as this much above what was allowed, lest an outage become usual
# The longest of so many days is exceeded by chance once in twice as many, however the gaps are spread: no fit need be
# wider than it by more than this share.
LONG_D, STEADY = 42, 0.08
GAPS_NEEDED = 8
TAIL, TAIL_GAPS = 0.9, 50  # the tail begins at this quantile, or later where that leaves as many gaps beyond it
LOW_WINDOW = timedelta(hours=24)
LOW_NEEDED = 8.0  # items expected in LOW_WINDOW, else their number says nothing
LOW_MOST = 0.5  # more than this share of what is expected is never called low
LOW_MARGIN = 0.8
LOW_LOOKS_H = 6

Span = tuple[float, float]  # seconds since 1970
OffDay = Callable[[date], bool]


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """What was learned. `rates`: items an hour, by cell; `allowed`: expected items that may fail to come."""

    rates: tuple[float, ...]
    allowed: float
    low: float  # share of the expected volume below which a day is no accident; 0 = not known
    lag_s: float  # until an item that is out can usually be read
    gaps: int
    usual_s: float  # median gap

    def stored(self) -> dict[str, Any]:
        return {**self.__dict__, "rates": [round(r, 6) for r in self.rates]}

    @classmethod
    def restored(cls, values: dict[str, Any]) -> Rhythm:
        return cls(**{**values, "rates": tuple(values["rates"])})


@dataclass(frozen=True, kw_only=True)
class Silence:
    """How much was expected since the last item, and when that becomes more than is allowed (None: not in sight)."""

    expected: float
    allowed: float

    @property
    def improbable(self) -> bool:
        return self.expected > self.allowed


def learn(
    instants: Sequence[float],
    now: float,
    off_day: OffDay,
    *,
    blind: Sequence[Span] = (),
    lag_s: float = 0.0,
    before: Rhythm | None = None,
) -> Rhythm | None:
    """From instants of items (seconds, any order) in the WINDOW before `now`; None while they are too few to tell."""
    at = np.unique(np.asarray([t for t in instants if now - WINDOW.total_seconds() <= t <= now], dtype=float) // 60 * 60)
    if len(at) <= GAPS_NEEDED:
        return None
    first = at[0] // HOUR * HOUR
    hours = first + HOUR * np.arange(int((now - first) // HOUR) + 1)
    cells = _cells(hours, off_day)
    seen = _seen(hours, blind)
    rates = _rates(at, hours, cells, seen, now)
    clock = np.concatenate(([0.0], np.cumsum(rates[cells] * seen)))
    edges = np.append(hours, hours[-1] + HOUR)
    gaps = np.diff(np.interp(at, edges, clock))
    looked = _looked(at, blind)
    allowed = _allowed(gaps[looked], float(seen.sum()) / 24, before)
    return Rhythm(
        rates=tuple(float(r) for r in rates),
        allowed=allowed,
        low=_low(at, hours, clock, seen),
        lag_s=lag_s,
        gaps=int(looked.sum()),
        usual_s=float(np.median(np.diff(at))),
    )


def silence(rhythm: Rhythm, last: float, now: float, off_day: OffDay, blind: Sequence[Span] = ()) -> Silence:
    """What the time since the last item is worth at a reading at `now`. What went out just before is not there yet."""
    return Silence(
        expected=expected(rhythm, last, max(last, now - rhythm.lag_s), off_day, blind), allowed=rhythm.allowed
    )


def expected(rhythm: Rhythm, start: float, end: float, off_day: OffDay, blind: Sequence[Span] = ()) -> float:
    """Items expected in [start, end], without the time in which nobody looked."""
    start = max(start, end - 2 * WINDOW.total_seconds())
    if end <= start:
        return 0.0
    hours = np.arange(start // HOUR, end // HOUR + 1) * HOUR
    share = (np.minimum(hours + HOUR, end) - np.maximum(hours, start)).clip(0) / HOUR
    return float((np.asarray(rhythm.rates)[_cells(hours, off_day)] * share * _seen(hours, blind)).sum())


def too_low(rhythm: Rhythm, items: int, now: float, off_day: OffDay, blind: Sequence[Span] = (), *, is_low: bool) -> bool:
    """Whether so few items in the LOW_WINDOW before `now` are no accident; what is low must recover clearly."""
    due = expected(rhythm, now - LOW_WINDOW.total_seconds(), now, off_day, blind)
    if not rhythm.low or due < LOW_NEEDED:
        return False
    return items / due < min(rhythm.low * (1.25 if is_low else 1.0), 1.0)


def _cells(hours: np.ndarray, off_day: OffDay) -> np.ndarray:
    local = ((hours + ZONE_S) // HOUR).astype(int)
    days = local // 24
    epoch = date(1970, 1, 1)
    off = {int(d): off_day(epoch + timedelta(days=int(d))) for d in np.unique(days)}
    return local % 24 + 24 * np.asarray([off[int(d)] for d in days], dtype=int)


def _seen(hours: np.ndarray, blind: Sequence[Span]) -> np.ndarray:
    """Of each hour the share in which we looked."""
    seen = np.ones(len(hours))
    for start, end in blind:
        seen -= (np.minimum(hours + HOUR, end) - np.maximum(hours, start)).clip(0) / HOUR
    return seen.clip(0)


def _rates(at: np.ndarray, hours: np.ndarray, cells: np.ndarray, seen: np.ndarray, now: float) -> np.ndarray:
    """Items an hour by cell: its own, leaning on what its kind of day and its hour of day are like where it has few."""
    weight = 0.5 ** ((now - hours) / HALF_LIFE.total_seconds())
    which = ((at - hours[0]) // HOUR).astype(int)
    heard = seen[which] > 0  # what is dated into a blind hour reached us later; its hour is not counted at all
    items = np.bincount(cells[which[heard]], weights=weight[which[heard]], minlength=CELLS).reshape(2, 24)
    exposure = np.bincount(cells, weights=weight * seen, minlength=CELLS).reshape(2, 24)
    overall = items.sum() / max(exposure.sum(), 1e-9)
    of_kind = (items.sum(axis=1) + overall * BORROWED_H) / (exposure.sum(axis=1) + BORROWED_H)
    of_hour = _around(items.sum(axis=0)) / np.maximum(_around(exposure.sum(axis=0)), 1e-9) / max(overall, 1e-9)
    prior = of_kind[:, None] * of_hour[None, :]
    rates: np.ndarray = (items + BORROWED_H * prior) / (exposure + BORROWED_H)
    return rates.ravel()


def _around(by_hour: np.ndarray) -> np.ndarray:
    """With the hour before and after."""
    return np.asarray(np.roll(by_hour, 1) + by_hour + np.roll(by_hour, -1))


def _looked(at: np.ndarray, blind: Sequence[Span]) -> np.ndarray:
    """Which gaps between items lie wholly in time that we watched."""
    whole = np.ones(len(at) - 1, dtype=bool)
    for start, end in blind:
        whole &= (at[1:] <= start) | (at[:-1] >= end)
    return whole


def _allowed(gaps: np.ndarray, days: float, before: Rhythm | None) -> float:
    """The silence, in expected items, that chance brings less than FALSE_PER_MONTH times a month.

    Beyond the TAIL quantile the gaps are taken to fall off exponentially (peaks over threshold), which holds for
    steady and for random sources; for those that speak in bursts the longest gap seen stands against the fit.
    """
    if before:
        gaps = np.minimum(gaps, before.allowed * ALARMED)
    per_month = len(gaps) * 30 / max(days, 1.0)
    if len(gaps) < 3 * GAPS_NEEDED:
        # Too few to see a tail: as if at random (the hardest of the common cases), and not sure of the rate either.
        sure = 1 + 2 / max(len(gaps), 1) ** 0.5
        longest = float(gaps.max()) * 1.25 if len(gaps) else 0.0
        return max(float(np.log(max(per_month, 4.0) / FALSE_PER_MONTH)) * sure, longest)
    share = min(1 - TAIL, TAIL_GAPS / len(gaps))
    start = float(np.quantile(gaps, 1 - share))
    excess = gaps[gaps > start] - start
    mean = float(excess.mean()) if len(excess) else 0.0
    tail = start + mean * max(float(np.log(share * per_month / FALSE_PER_MONTH)), 0.0)
    uneven = min(float(gaps.std() / max(gaps.mean(), 1e-9)), 1.0)
    longest = float(gaps.max())
    if days >= LONG_D:
        tail = min(tail, longest * (1 + max(STEADY, WORST_SEEN * uneven)))
    return max(tail, longest * (1 + WORST_SEEN * uneven))


def _low(at: np.ndarray, hours: np.ndarray, clock: np.ndarray, seen: np.ndarray) -> float:
    """The lowest share of the expected volume that any 24 hours brought by themselves, with a margin; 0 = unknown."""
    edges = np.append(hours, hours[-1] + HOUR)
    span = LOW_WINDOW.total_seconds()
    ends = np.arange(edges[0] + span, edges[-1], LOW_LOOKS_H * HOUR)
    due = np.interp(ends, edges, clock) - np.interp(ends - span, edges, clock)
    came = np.searchsorted(at, ends) - np.searchsorted(at, ends - span)
    watched = np.interp(ends, edges, np.append(0, np.cumsum(seen))) - np.interp(ends - span, edges, np.append(0, np.cumsum(seen)))
    fit = (due >= LOW_NEEDED) & (watched > 20)
    if fit.sum() < 14 * 24 / LOW_LOOKS_H:  # two weeks of looks
        return 0.0
    return min(float((came[fit] / due[fit]).min()) * LOW_MARGIN, LOW_MOST)
