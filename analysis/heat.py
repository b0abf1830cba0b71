"""How much attention an event gets (热度): a decayed sum over its posts, coloured by the bureau's own past. Pure.

Heat draws the eye; it never touches a grade (domain.md, the first of seven things). The coefficients are published ones
(config/heat.toml names the source of each). Every part is returned, so the page can show how a level came about.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

HOUR = timedelta(hours=1)
BEFORE_H, BEFORE_D = 12, 14  # what the last hour and the last day are held against
COLOURS = ("red", "orange", "yellow")
ONE_POST = 1.0  # one post counts at least this much, reposted or not: somebody said it


@dataclass(frozen=True, kw_only=True)
class Platform:
    """Coefficients of ln(count + 1); `cap`: counts from there on are cut off (10万+), 0 = never; `times`: see heat.toml."""

    reposts: float
    comments: float
    likes: float
    reads: float = 0.0
    cap: int = 0
    times: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Level:
    """Lowest index without a past (`alone`) and with one (`least`, and the `share` of own events it exceeds); reposts."""

    alone: float
    least: float
    share: float
    reposts: float


@dataclass(frozen=True, kw_only=True)
class Coefficients:
    half_life: timedelta
    platforms: Mapping[str, Platform]  # "default" for those without a line of their own
    outlets: Mapping[str, float]
    levels: Mapping[str, Level]
    spike_times: float
    spike_least: float
    days: int = 90
    needs: int = 30


@dataclass(frozen=True, kw_only=True)
class Past:
    """The bureau's own last 90 days: the peaks of its events in rising order, and what an event gains an hour and a day."""

    peaks: Sequence[float] = ()
    an_hour: float = 0.0
    a_day: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Said:
    """What heat sees of one post. Counters below zero are unknown."""

    at: datetime
    platform: str = "default"
    outlet: str = "individual"
    reposts: int = 0
    comments: int = 0
    likes: int = 0
    reads: int = 0


@dataclass(frozen=True, kw_only=True)
class Growth:
    """Counters of one post that heat knew as `before` and that were `after` when they were read again, at `after.at`."""

    before: Said
    after: Said


@dataclass(frozen=True, kw_only=True)
class Heat:
    """`level` red, orange, yellow or blue; `index` the decayed sum at `now`; `parts` how it came about (JSON values)."""

    level: str
    index: float
    parts: dict[str, Any] = field(default_factory=dict)


def weight(said: Said, by: Coefficients) -> float:
    """One post's weight: (1 + its platform's formula) times its outlet's factor."""
    platform = by.platforms.get(said.platform) or by.platforms["default"]
    times = platform.times
    spread = sum(
        share * math.log(max(count, 0) * factor + 1)
        for share, count, factor in (
            (platform.reposts, said.reposts, times), (platform.comments, said.comments, times),
            (platform.likes, said.likes, times), (platform.reads, said.reads, 1.0),
        )
    )  # fmt: skip
    return (ONE_POST + spread) * by.outlets.get(said.outlet, 1.0)


def censored(said: Said, by: Coefficients) -> bool:
    """Is a counter of the post only a lower bound (10万+)?"""
    platform = by.platforms.get(said.platform) or by.platforms["default"]
    return bool(platform.cap) and max(said.reads, said.reposts, said.comments, said.likes) >= platform.cap


def level(posts: Iterable[Said], now: datetime, by: Coefficients, past: Past | None = None) -> Heat:
    """The heat of an event from all its posts; the same as advancing from nothing."""
    return advance({}, posts, now, by, past)


def advance(
    parts: Mapping[str, Any], posts: Iterable[Said], now: datetime, by: Coefficients, past: Past | None = None,
    grown: Iterable[Growth] = (),
) -> Heat:  # fmt: skip
    """The heat at `now` from the parts of an earlier call and the posts since: O(new posts), however long the event.

    Posts may come late and in any order; one from after `now` counts as of `now`. What counters of earlier posts rose
    by counts from when they were read: attention that came later fades later.
    """
    past = past or Past()
    then = datetime.fromisoformat(parts["at"]) if parts else now
    now = max(now, then)  # a clock that steps back must not make old posts hotter
    fade = _left(now - then, by)
    total, spread = float(parts.get("sum", 0.0)) * fade, float(parts.get("reposts", 0.0)) * fade
    count, cut = int(parts.get("posts", 0)), int(parts.get("censored", 0))
    hours = {int(k): float(v) for k, v in parts.get("hours", {}).items()}
    days = {int(k): float(v) for k, v in parts.get("days", {}).items()}
    started = int(parts.get("started", _hour(now)))
    for said in posts:
        at = min(said.at, now)
        gain = weight(said, by)
        total += gain * _left(now - at, by)
        spread += max(said.reposts, 0) * _left(now - at, by)
        hours[_hour(at)] = hours.get(_hour(at), 0.0) + gain
        days[_hour(at) // 24] = days.get(_hour(at) // 24, 0.0) + gain
        started = min(started, _hour(at))
        count += 1
        cut += censored(said, by)
    for growth in grown:
        at = min(growth.after.at, now)
        gain = max(weight(growth.after, by) - weight(growth.before, by), 0.0)  # paid to it once, attention is not taken back
        total += gain * _left(now - at, by)
        spread += max(growth.after.reposts - max(growth.before.reposts, 0), 0) * _left(now - at, by)
        hours[_hour(at)] = hours.get(_hour(at), 0.0) + gain
        days[_hour(at) // 24] = days.get(_hour(at) // 24, 0.0) + gain
        cut += censored(growth.after, by) and not censored(growth.before, by)
    this = _hour(now)
    hours = {h: v for h, v in hours.items() if h > this - BEFORE_H - 2}
    days = {d: v for d, v in days.items() if d > this // 24 - BEFORE_D - 2}
    spikes = [s for s in (_spike_hour(hours, started, now, by, past), _spike_day(days, started, now, by, past)) if s]
    colour, reason = _colour(total, spread, by, past)
    shown = {
        "at": now.isoformat(),
        "sum": round(total, 6),
        "peak": round(max(total, float(parts.get("peak", 0.0))), 3),
        "reposts": round(spread, 3),
        "posts": count,
        "censored": cut,
        "started": started,  # the hour of the first post
        "growth": round(_growth(hours, now), 3),
        "half_life_h": by.half_life / HOUR,
        "hours": {str(h): round(v, 3) for h, v in sorted(hours.items())},
        "days": {str(d): round(v, 3) for d, v in sorted(days.items())},
        "spikes": spikes,
        "reason": reason + (f"；{cut} 条计数为“10万+”，指数只是下限" if cut else ""),
    }
    return Heat(level=colour, index=round(total, 3), parts=shown)


def _left(age: timedelta, by: Coefficients) -> float:
    return float(0.5 ** (age / by.half_life))


def _hour(at: datetime) -> int:
    return int(at.timestamp() // 3600)


def _topped(values: Mapping[int, float], this: int, passed: float) -> float:
    """What came in the last whole unit of time: the running one, and the part of the one before that is not over."""
    return values.get(this, 0.0) + values.get(this - 1, 0.0) * (1 - passed)


def _growth(hours: Mapping[int, float], now: datetime) -> float:
    """v = x(t) - x(t-1) per hour."""
    this, passed = _hour(now), now.timestamp() / 3600 - _hour(now)
    before = hours.get(this - 1, 0.0) * passed + hours.get(this - 2, 0.0) * (1 - passed)
    return _topped(hours, this, passed) - before


def _spike_hour(hours: Mapping[int, float], started: int, now: datetime, by: Coefficients, past: Past) -> str:
    this, passed = _hour(now), now.timestamp() / 3600 - _hour(now)
    before = [hours.get(h, 0.0) for h in range(max(this - BEFORE_H, started), this)]
    return _spike("1 小时", f"此前 {len(before)} 小时", _topped(hours, this, passed), before, past.an_hour, by)


def _spike_day(days: Mapping[int, float], started: int, now: datetime, by: Coefficients, past: Past) -> str:
    this, passed = _hour(now) // 24, (now.timestamp() / 3600 % 24) / 24
    before = [days.get(d, 0.0) for d in range(max(this - BEFORE_D, started // 24), this)]
    return _spike("24 小时", f"此前 {len(before)} 天", _topped(days, this, passed), before, past.a_day, by)


def _spike(span: str, held: str, new: float, before: Sequence[float], bureau: float, by: Coefficients) -> str:
    """Why this is a sudden rise, or ''. An event with no time behind it has nothing to rise from."""
    if len(before) < 2 or new < max(by.spike_least, bureau):
        return ""
    usual = sum(before) / len(before)
    if new < usual * by.spike_times:
        return ""
    own = f"{new / usual:.1f} 倍" if usual else "（此前没有）"
    ours = f"，本局事件平均为 {bureau:.1f}" if bureau else ""
    return f"近 {span}热度 {new:.1f}，为{held}均值 {usual:.1f} 的 {own}{ours}"


def _colour(index: float, reposts: float, by: Coefficients, past: Past) -> tuple[str, str]:
    """The level and why."""
    known = len(past.peaks) >= by.needs
    rank = bisect_right(past.peaks, index) / len(past.peaks) if known else 0.0
    for colour in COLOURS:
        mark = by.levels[colour]
        if reposts >= mark.reposts:
            return colour, f"转发 {reposts:.0f}，达到 {mark.reposts:.0f}"
        if known and index >= mark.least and rank >= mark.share:
            return colour, f"指数 {index:.1f}，高于本局近 {by.days} 天 {rank:.0%} 的事件（须不低于 {mark.least:g}）"
        if not known and index >= mark.alone:
            return colour, f"指数 {index:.1f}，达到 {mark.alone:g}（本局近 {by.days} 天事件不足 {by.needs} 起，按绝对值分档）"
    return "blue", f"指数 {index:.1f}，未达到黄色"
