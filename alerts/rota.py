"""The rota as values: rotations, shifts made by hand, covers and leave, expanded into who is on duty when. Pure.

Wall-clock times are Shanghai's (no daylight saving), so that a server in another zone changes nothing. The order in
which the layers apply is fixed: rotations and hand-made shifts, then covers in the order they were made, then leave,
which nobody overrides.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from config.clock import SHANGHAI

Interval = tuple[datetime, datetime]  # [start, end)
Workday = Callable[[date], bool]  # by the calendar of holidays and make-up days

TURNS = {"shift": "每班换人", "day": "每日换人", "week": "每周换人"}
DAYS = {"all": "每天", "workday": "工作日", "restday": "节假日和休息日"}
DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Block:
    """One shift of a day: when it starts, how long it lasts."""

    start: time
    length: timedelta


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """People who take turns in one role.

    `turn` says when the next one takes over: each block, each day, each week (on `handoff`, 1 = Monday); `every` of
    them at a time. Days that do not match the pattern have no shift and use up no turn.
    """

    id: int
    role: str
    name: str
    people: tuple[int, ...]
    blocks: tuple[Block, ...]
    first_day: date
    last_day: date | None = None  # itself included
    weekdays: frozenset[int] = frozenset(range(1, 8))
    days: str = "all"
    turn: str = "shift"
    every: int = 1
    handoff: int = 1


@dataclass(frozen=True, kw_only=True)
class Cover:
    """换班: `user` stands in for `replaces` (for everybody of the role when None) during the window."""

    id: int
    role: str
    user: int
    starts_at: datetime
    ends_at: datetime
    replaces: int | None = None


@dataclass(frozen=True, kw_only=True)
class Leave:
    user: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class Duty:
    """One person on duty in one role, without a break."""

    role: str
    user: int
    starts_at: datetime
    ends_at: datetime
    origin: str  # rotation | shift | cover
    origin_id: int


@dataclass(frozen=True, kw_only=True)
class Rota:
    """Everything that decides who is on duty. `people` are the accounts in use: nobody else is ever on duty."""

    rotations: tuple[Rotation, ...] = ()
    shifts: tuple[Duty, ...] = ()
    covers: tuple[Cover, ...] = ()
    leaves: tuple[Leave, ...] = ()
    people: frozenset[int] | None = None  # None = no account is checked


def weekdays_only(day: date) -> bool:
    """Monday to Friday: the calendar where none is kept."""
    return day.isoweekday() <= 5


def midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, SHANGHAI)


def expand(rotation: Rotation, starts: datetime, ends: datetime, workday: Workday = weekdays_only) -> list[Duty]:
    """The whole shifts of `rotation` that touch [starts, ends), earliest first."""
    if not rotation.people or not rotation.blocks or starts >= ends:
        return []
    reach = max(block.length for block in rotation.blocks)
    since = (starts - reach).astimezone(SHANGHAI).date()
    until = ends.astimezone(SHANGHAI).date()
    if rotation.last_day:
        until = min(until, rotation.last_day)
    found, turn = [], 0
    day = rotation.first_day
    while day <= until:
        if _matches(rotation, day, workday):
            for n, block in enumerate(rotation.blocks):
                begin = datetime.combine(day, block.start, SHANGHAI)
                if day >= since and begin < ends and begin + block.length > starts:
                    who = rotation.people[_place(rotation, day, turn, n) % len(rotation.people)]
                    found.append(_duty(rotation, who, begin, begin + block.length))
            turn += 1
        day += DAY
    return sorted(found, key=lambda d: d.starts_at)


def _matches(rotation: Rotation, day: date, workday: Workday) -> bool:
    if day.isoweekday() not in rotation.weekdays:
        return False
    return rotation.days == "all" or workday(day) == (rotation.days == "workday")


def _place(rotation: Rotation, day: date, turn: int, block: int) -> int:
    """How many times the next person has taken over before this block; `turn` = matching days before this one."""
    if rotation.turn == "week":
        first = rotation.first_day - timedelta(days=(rotation.first_day.isoweekday() - rotation.handoff) % 7)
        return (day - first).days // 7 // rotation.every
    passed = turn * len(rotation.blocks) + block if rotation.turn == "shift" else turn
    return passed // rotation.every


def _duty(rotation: Rotation, user: int, starts: datetime, ends: datetime) -> Duty:
    return Duty(
        role=rotation.role, user=user, starts_at=starts, ends_at=ends, origin="rotation", origin_id=rotation.id
    )


def resolve(rota: Rota, starts: datetime, ends: datetime, workday: Workday = weekdays_only) -> list[Duty]:
    """Who is on duty in [starts, ends): whole shifts that touch it, cut where covers and leave cut them."""
    duties = [duty for rotation in rota.rotations for duty in expand(rotation, starts, ends, workday)]
    duties += [s for s in rota.shifts if s.starts_at < ends and s.ends_at > starts]
    for cover in rota.covers:
        duties = _covered(duties, cover)
    for leave in rota.leaves:
        duties = [p for d in duties for p in ([d] if d.user != leave.user else without(d, leave.starts_at, leave.ends_at))]
    if rota.people is not None:
        duties = [d for d in duties if d.user in rota.people]
    touching = [d for d in duties if d.starts_at < ends and d.ends_at > starts]
    return sorted(touching, key=lambda d: (d.starts_at, d.role, d.origin != "rotation", d.origin_id, d.user))


def without(duty: Duty, starts: datetime, ends: datetime) -> list[Duty]:
    """`duty` with [starts, ends) cut out: nothing, one or two pieces."""
    if starts >= duty.ends_at or ends <= duty.starts_at:
        return [duty]
    pieces = []
    if duty.starts_at < starts:
        pieces.append(replace(duty, ends_at=starts))
    if ends < duty.ends_at:
        pieces.append(replace(duty, starts_at=ends))
    return pieces


def _covered(duties: Sequence[Duty], cover: Cover) -> list[Duty]:
    """A cover changes only what lies in its window: no other shift moves, and no turn is used up."""
    taken = [
        d
        for d in duties
        if d.role == cover.role
        and cover.replaces in (None, d.user)
        and d.starts_at < cover.ends_at
        and d.ends_at > cover.starts_at
    ]
    kept = [d for d in duties if d not in taken]
    kept += [piece for d in taken for piece in without(d, cover.starts_at, cover.ends_at)]
    windows = [(max(d.starts_at, cover.starts_at), min(d.ends_at, cover.ends_at)) for d in taken]
    if cover.replaces is None:
        windows = [(cover.starts_at, cover.ends_at)]
    kept += [
        Duty(role=cover.role, user=cover.user, starts_at=s, ends_at=e, origin="cover", origin_id=cover.id)
        for s, e in joined(windows)
    ]
    return kept


def joined(intervals: Iterable[Interval]) -> list[Interval]:
    """The same instants as intervals that neither touch nor overlap, earliest first."""
    found: list[Interval] = []
    for starts, ends in sorted(i for i in intervals if i[0] < i[1]):
        if found and starts <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], ends))
        else:
            found.append((starts, ends))
    return found


def minus(intervals: Iterable[Interval], taken: Iterable[Interval]) -> list[Interval]:
    """The instants of `intervals` that are not in `taken`."""
    left = joined(intervals)
    for starts, ends in joined(taken):
        left = [
            (s, e) for a, b in left for s, e in ((a, min(b, starts)), (max(a, ends), b)) if s < e
        ]
    return sorted(left)


def gaps(duties: Iterable[Duty], role: str, starts: datetime, ends: datetime) -> list[Interval]:
    """The exact intervals of [starts, ends) in which nobody of `role` is on duty."""
    return minus([(starts, ends)], [(d.starts_at, d.ends_at) for d in duties if d.role == role])


@dataclass(frozen=True)
class Clash:
    """Several duties at once: `twice` = one person in two places (a mistake), else several people in one role."""

    starts_at: datetime
    ends_at: datetime
    duties: tuple[Duty, ...]
    twice: bool


def overlaps(duties: Sequence[Duty], starts: datetime, ends: datetime) -> list[Clash]:
    """Where a role has more than one duty at an instant, and where a person has, with the exact intervals."""
    by_role: dict[tuple[bool, object], list[Duty]] = defaultdict(list)
    for duty in duties:
        by_role[False, duty.role].append(duty)
        by_role[True, duty.user].append(duty)
    found = []
    for (by_person, _), group in by_role.items():
        for (s, e), at_once in _crowded(group, starts, ends):
            same = len({d.user for d in at_once}) < len(at_once)
            if by_person or not same:  # one person twice in a role is told once, under the person
                found.append(Clash(s, e, at_once, twice=by_person))
    return sorted(found, key=lambda c: (c.starts_at, not c.twice, c.ends_at, c.duties[0].role))


def _crowded(duties: Sequence[Duty], starts: datetime, ends: datetime) -> list[tuple[Interval, tuple[Duty, ...]]]:
    inside = [d for d in duties if d.starts_at < ends and d.ends_at > starts]
    edges = sorted({max(starts, d.starts_at) for d in inside} | {min(ends, d.ends_at) for d in inside})
    found = []
    for s, e in itertools.pairwise(edges):
        at_once = tuple(d for d in inside if d.starts_at <= s and d.ends_at >= e)
        if len(at_once) > 1:
            found.append(((s, e), at_once))
    return found


def at(duties: Iterable[Duty], instant: datetime) -> list[Duty]:
    """The duties that hold `instant`; one ends the moment the next begins."""
    return [d for d in duties if d.starts_at <= instant < d.ends_at]


def spells(duties: Iterable[Duty]) -> list[Duty]:
    """Duties of one person and role that follow each other without a break, as one."""
    found: list[Duty] = []
    for duty in sorted(duties, key=lambda d: (d.role, d.user, d.starts_at)):
        last = found[-1] if found else None
        if last and (last.role, last.user) == (duty.role, duty.user) and duty.starts_at <= last.ends_at:
            found[-1] = replace(last, ends_at=max(last.ends_at, duty.ends_at))
        else:
            found.append(duty)
    return sorted(found, key=lambda d: (d.starts_at, d.role))


def block_overlaps(blocks: Sequence[Block]) -> bool:
    """Whether two shifts of one rotation would run at the same time (a day's last may reach into the next day)."""
    spans = [(timedelta(hours=b.start.hour, minutes=b.start.minute), b.length) for b in blocks]
    week = sorted((start + d * DAY, start + d * DAY + length) for start, length in spans for d in range(2))
    return any(ends > starts for (_, ends), (starts, _) in itertools.pairwise(week))


@dataclass(frozen=True)
class Instead:
    """Who is told while a role has nobody: the people of the next level that has some, or nobody (role "")."""

    starts_at: datetime
    ends_at: datetime
    role: str
    users: tuple[int, ...]


def instead(gap: Interval, above: Sequence[str], duties: Sequence[Duty]) -> list[Instead]:
    """Whom the levels `above` (next one first) give during `gap`, cut where it changes."""
    starts, ends = gap
    higher = [d for d in duties if d.role in above and d.starts_at < ends and d.ends_at > starts]
    edges = sorted({starts, ends, *(max(starts, d.starts_at) for d in higher), *(min(ends, d.ends_at) for d in higher)})
    found: list[Instead] = []
    for s, e in itertools.pairwise(edges):
        there = at(higher, s)
        role = next((r for r in above if any(d.role == r for d in there)), "")
        users = tuple(dict.fromkeys(d.user for d in there if d.role == role))
        if found and (found[-1].role, found[-1].users) == (role, users):
            found[-1] = replace(found[-1], ends_at=e)
        else:
            found.append(Instead(s, e, role, users))
    return found
