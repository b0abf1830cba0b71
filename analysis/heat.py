"""How much attention an event gets (热度): a decayed sum over its posts, coloured by absolute floors. Pure.

Heat draws the eye; it never touches a grade (domain.md, the first of seven things). The formula is the recommended
default of domain.md §4.2: W2 of the published BCI index, weighted by who speaks, with a half-life of 6 h; v is the growth
of the last hour. Every part is returned, so the page can show how a level came about.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

HALF_LIFE = timedelta(hours=6)
HOUR = timedelta(hours=1)

# Who speaks (archive.Source.Outlet): a newsroom or an office is read by more people than its counters show.
OUTLETS = {"authority": 2.0, "media": 2.0, "own": 1.0, "individual": 1.0}
# One post counts at least this much, reposted or not: somebody said it.
ONE_POST = 1.0

# Lowest (index, reposts) of each level; either is enough. Index: a media report without counters weighs 2, a private
# post with 100 reposts, comments and likes 5.6; so within a half-life yellow is some 30 reports, orange 150, red 750.
# Reposts: the only published national marks are 10,000 (large spread) and 100,000 (very large), domain.md §3.3.
# A judgement, to be replaced by percentiles of the bureau's own 90 days once it has them (domain.md §4.2).
FLOORS = {"red": (1500.0, 100_000.0), "orange": (300.0, 10_000.0), "yellow": (60.0, 1_000.0)}

Floors = dict[str, tuple[float, float]]
Said = tuple[datetime, int, int, int, str]  # (published_at, reposts, comments, likes, outlet)


@dataclass(frozen=True, kw_only=True)
class Heat:
    """`level` red, orange, yellow or blue; `index` the decayed sum at `now`; `parts` how it came about (JSON values)."""

    level: str
    index: float
    parts: dict[str, Any]


def weight(reposts: int, comments: int, likes: int, outlet: str) -> float:
    """One post's weight: (1 + W2) times its outlet's. Counters below zero (unknown) count as none."""
    spread = sum(
        share * math.log(max(count, 0) + 1) for share, count in ((0.4, reposts), (0.4, comments), (0.2, likes))
    )
    return (ONE_POST + spread) * OUTLETS.get(outlet, 1.0)


def level(posts: Iterable[Said], now: datetime, floors: Floors = FLOORS) -> Heat:
    """The heat of an event from all its posts; the same as advancing from nothing."""
    return advance({}, posts, now, floors)


def advance(
    parts: dict[str, Any], posts: Iterable[Said], now: datetime, floors: Floors = FLOORS
) -> Heat:
    """The heat at `now` from the parts of an earlier call and the posts since: O(new posts), however long the event.

    Posts may come late and in any order; one from after `now` counts as of `now`.
    """
    then = datetime.fromisoformat(parts["at"]) if parts else now
    now = max(now, then)  # a clock that steps back must not make old posts hotter
    total = float(parts.get("sum", 0.0)) * _left(now - then)
    spread = float(parts.get("reposts", 0.0)) * _left(now - then)
    count = int(parts.get("posts", 0))
    hours = {int(k): float(v) for k, v in parts.get("hours", {}).items()}
    for at, reposts, comments, likes, outlet in posts:
        at = min(at, now)
        gain = weight(reposts, comments, likes, outlet)
        left = _left(now - at)
        total += gain * left
        spread += max(reposts, 0) * left
        hours[_hour(at)] = hours.get(_hour(at), 0.0) + gain
        count += 1
    this = _hour(now)
    hours = {h: v for h, v in hours.items() if h > this - 3}  # v needs this hour and the last; one to spare
    growth = _growth(hours, now)
    colour = _colour(total, spread, floors)
    shown = {
        "at": now.isoformat(),
        "sum": round(total, 6),
        "reposts": round(spread, 3),
        "posts": count,
        "growth": round(growth, 3),
        "half_life_h": HALF_LIFE / HOUR,
        "hours": {str(h): round(v, 3) for h, v in sorted(hours.items())},
        "floor": list(floors.get(colour, (0.0, 0.0))),
    }
    return Heat(level=colour, index=round(total, 3), parts=shown)


def _left(age: timedelta) -> float:
    return float(0.5 ** (age / HALF_LIFE))


def _hour(at: datetime) -> int:
    return int(at.timestamp() // 3600)


def _growth(hours: dict[int, float], now: datetime) -> float:
    """v = x(t) - x(t-1) per hour; the running hour is topped up from the one before by the part not yet passed."""
    this = _hour(now)
    passed = now.timestamp() / 3600 - this
    current = hours.get(this, 0.0) + hours.get(this - 1, 0.0) * (1 - passed)
    before = hours.get(this - 1, 0.0) * passed + hours.get(this - 2, 0.0) * (1 - passed)
    return current - before


def _colour(index: float, reposts: float, floors: Floors) -> str:
    for colour in ("red", "orange", "yellow"):
        if index >= floors[colour][0] or reposts >= floors[colour][1]:
            return colour
    return "blue"
