"""Who is told what, when, and who is told next when nobody acknowledges. Pure: values in, plans out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any, TypeVar

from alerts.messages import KINDS, Message, escalated, nobody_here, nobody_on_duty
from config.clock import SHANGHAI

CONSOLE = "console"
# The key under which delays and first levels of every other grade (and of no grade) stand in the file.
OTHER_GRADES = "其余"
TOP_GRADES = ("特别重大", "重大")
# These answer something; nobody has to acknowledge them, so they may never be made to escalate.
FINAL_KINDS = ("met", "nobody_on_duty", "saved_search")
NOBODY_LEVEL = 2

T = TypeVar("T")

assert set(FINAL_KINDS) < set(KINDS)


@dataclass(frozen=True, kw_only=True)
class Level:
    """One rung: n = 1 值班员 … 4 局领导, and the channels its alerts go to."""

    n: int
    role: str
    name: str
    channels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ChannelSettings:
    """One network channel that is switched on. `options` may hold secrets and is never printed."""

    name: str
    addresses: tuple[str, ...]
    per_minute: int
    reserved: int
    # The channel that takes over when this one fails or its outcome is unknown; "" = the level's other channels.
    fallback: str = ""
    options: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """config/escalation.toml as values. Delays, first levels: kind or "default" -> grade or 其余 -> value."""

    levels: tuple[Level, ...]
    escalates: frozenset[str]
    delays: Mapping[str, Mapping[str, tuple[timedelta, ...]]]
    at_once: Mapping[str, Mapping[str, int]]
    shift_starts: tuple[time, ...]
    channels: Mapping[str, ChannelSettings]
    edition: str  # "2026-11 …#hash"
    # How long before a shift each person's own addresses are tried; zero = never.
    contact_test_before: timedelta = timedelta(hours=1)

    def level(self, n: int) -> Level:
        return self.levels[n - 1]


@dataclass(frozen=True, kw_only=True)
class Person:
    user_id: int
    name: str  # log-in name
    contacts: tuple[tuple[str, str], ...] = ()  # (channel, the person's own address there)


@dataclass(frozen=True, kw_only=True)
class Recipient:
    channel: str
    address: str  # "user:NAME" or "role:ROLE" on the console, else the channel's own address
    user_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """An alert to be written with its deliveries: one step of one cause."""

    key: str
    cause: str
    kind: str
    level: int
    told: str  # whom it addresses, in words: 带班领导
    title: str
    text: str
    grade: str | None
    raised_at: datetime
    escalates_at: datetime | None
    priority: int
    recipients: tuple[Recipient, ...]
    wants_ack: bool
    event_id: int | None = None
    milestone_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Step:
    """An alert already told, as far as the next step must know it (outbox.step_of makes it from its row)."""

    cause: str
    kind: str
    level: int
    title: str
    text: str
    grade: str | None
    raised_at: datetime
    event_id: int | None
    milestone_id: int | None


OnDuty = Mapping[str, Sequence[Person]]  # role -> people on a shift at the moment in question


def first_steps(
    cause: str,
    kind: str,
    message: Message,
    *,
    grade: str | None,
    at: datetime,
    ladder: Ladder,
    on_duty: OnDuty,
    event_id: int | None = None,
    milestone_id: int | None = None,
) -> list[Plan]:
    """What tells of `cause` at `at`: level 1, further levels told at once, and 无人值班 where nobody is.

    Where the highest of them has nobody on duty, the next level that has somebody is told at once too.

    `cause` names the change, the same change always by the same name: "event:7:opened:1",
    "obligation:12:near-1", "source:3:silent:2026-11-23".
    """
    last = _of_grade(ladder.at_once.get(kind, {}), grade, 1)
    first = Step(
        cause=cause,
        kind=kind,
        level=last,
        title=message.title,
        text=message.text,
        grade=grade,
        raised_at=at,
        event_id=event_id,
        milestone_id=milestone_id,
    )
    below = [_plan(replace(first, level=n), ladder, on_duty, ends=True) for n in range(1, last)]
    plans = below + _upwards(first, ladder, on_duty)
    return plans + _missing_people(plans, ladder, on_duty, at)


def _upwards(step: Step, ladder: Ladder, on_duty: OnDuty) -> list[Plan]:
    """`step`, and where nobody of its level is on duty, the next level that has somebody: both at once.

    Only the highest level told has somebody above it left to tell. Where no level above has anybody either, `step`
    alone is told (to its role's inbox) and escalates as usual.
    """
    here = ladder.level(step.level)
    manned = manned_above(step.level, ladder, on_duty)
    if on_duty.get(here.role) or manned is None or step.kind not in ladder.escalates:
        return [_plan(step, ladder, on_duty)]
    message = nobody_here(Message(step.title, step.text), here.name, manned.name, step.raised_at)
    above = replace(step, level=manned.n, title=message.title, text=message.text)
    return [_plan(step, ladder, on_duty, ends=True), _plan(above, ladder, on_duty)]


def manned_above(n: int, ladder: Ladder, on_duty: OnDuty) -> Level | None:
    """The lowest level above `n` that has somebody on duty."""
    return next((level for level in ladder.levels[n:] if on_duty.get(level.role)), None)


def next_step(step: Step, ladder: Ladder, on_duty: OnDuty, at: datetime) -> list[Plan]:
    """What is told at `at` because nobody acknowledged `step`: the next level (and 无人值班); nothing at the top."""
    if step.level >= len(ladder.levels) or step.kind not in ladder.escalates:
        return []
    here, above = ladder.level(step.level), ladder.level(step.level + 1)
    message = escalated(Message(step.title, step.text), here.name, above.name, above.n, step.raised_at, at)
    following = Step(
        cause=step.cause,
        kind=step.kind,
        level=above.n,
        title=message.title,
        text=message.text,
        grade=step.grade,
        raised_at=at,
        event_id=step.event_id,
        milestone_id=step.milestone_id,
    )
    plans = _upwards(following, ladder, on_duty)
    return plans + _missing_people(plans, ladder, on_duty, at)


def stand_down_step(
    cause: str,
    message: Message,
    *,
    grade: str | None,
    at: datetime,
    told: Sequence[Recipient],
    event_id: int | None = None,
) -> list[Plan]:
    """The `met` notice to exactly those who were told before; nothing when nobody was."""
    if not told:
        return []
    return [
        Plan(
            key=f"{cause}:L1",
            cause=cause,
            kind="met",
            level=1,
            told="此前已告知的人员",
            title=message.title,
            text=message.text,
            grade=grade,
            raised_at=at,
            escalates_at=None,
            priority=priority(grade),
            recipients=tuple(told),
            wants_ack=False,
            event_id=event_id,
        )
    ]


def _plan(step: Step, ladder: Ladder, on_duty: OnDuty, *, ends: bool = False) -> Plan:
    delay = None if ends else delay_after(step.level, step.kind, step.grade, ladder)
    return Plan(
        key=f"{step.cause}:L{step.level}",
        cause=step.cause,
        kind=step.kind,
        level=step.level,
        told=ladder.level(step.level).name,
        title=step.title,
        text=step.text,
        grade=step.grade,
        raised_at=step.raised_at,
        escalates_at=None if delay is None else step.raised_at + delay,
        priority=priority(step.grade),
        recipients=recipients(ladder.level(step.level), ladder, on_duty),
        wants_ack=step.kind in ladder.escalates,
        event_id=step.event_id,
        milestone_id=step.milestone_id,
    )


def delay_after(level: int, kind: str, grade: str | None, ladder: Ladder) -> timedelta | None:
    """How long `level` has before the next one is told; None when this is the last."""
    if kind not in ladder.escalates or level >= len(ladder.levels):
        return None
    table = ladder.delays.get(kind, ladder.delays["default"])
    delays: tuple[timedelta, ...] = _of_grade(table, grade, ())
    return delays[level - 1] if level <= len(delays) else None


def _of_grade(table: Mapping[str, T], grade: str | None, default: T) -> T:
    return table.get(grade or OTHER_GRADES, table.get(OTHER_GRADES, default))


def priority(grade: str | None) -> int:
    """1 may use the share of a channel kept for the gravest events (throttle.py)."""
    if grade in TOP_GRADES:
        return 1
    return 3 if grade == "较大" else 5


def recipients(level: Level, ladder: Ladder, on_duty: OnDuty) -> tuple[Recipient, ...]:
    """The inboxes of the people on duty, else the role's inbox; then, of every channel that is on, its groups and
    the people's own addresses."""
    people = on_duty.get(level.role, ())
    told = [Recipient(channel=CONSOLE, address=f"user:{p.name}", user_id=p.user_id) for p in people]
    told = told or [Recipient(channel=CONSOLE, address=f"role:{level.role}")]
    for name in level.channels:
        if name in ladder.channels:
            told += [Recipient(channel=name, address=a) for a in ladder.channels[name].addresses]
            told += [
                Recipient(channel=name, address=address, user_id=p.user_id)
                for p in people
                for channel, address in p.contacts
                if channel == name and address not in ladder.channels[name].addresses
            ]
    return tuple(told)


def _missing_people(plans: Sequence[Plan], ladder: Ladder, on_duty: OnDuty, at: datetime) -> list[Plan]:
    """无人值班, once per shift window whichever role it was (its key holds the window's start)."""
    empty = [ladder.level(p.level) for p in plans if not on_duty.get(ladder.level(p.level).role)]
    if not empty:
        return []
    starts, ends = shift_window(at, ladder.shift_starts)
    message = nobody_on_duty(empty[0].name, starts, ends)
    # Whoever is on duty above it; with an empty rota the leader's inbox is all there is.
    manned = manned_above(empty[0].n, ladder, on_duty)
    leader = manned or ladder.level(NOBODY_LEVEL)
    inbox = Recipient(channel=CONSOLE, address=f"role:{leader.role}")
    told = recipients(leader, ladder, on_duty) if manned else (inbox,)
    key = f"nobody_on_duty:{starts.astimezone(SHANGHAI).isoformat(timespec='minutes')}"
    return [
        Plan(
            key=key,
            cause=key,
            kind="nobody_on_duty",
            level=leader.n,
            told=leader.name,
            title=message.title,
            text=message.text,
            grade=None,
            raised_at=at,
            escalates_at=None,
            priority=priority(None),
            recipients=told,
            wants_ack=False,
        )
    ]


def shift_window(at: datetime, starts: Sequence[time]) -> tuple[datetime, datetime]:
    """[start, end) of the shift `at` falls in, for daily shift starts in Shanghai time."""
    local = at.astimezone(SHANGHAI)
    days = [local.date() + timedelta(days=d) for d in (-1, 0, 1)]
    moments = sorted(datetime.combine(day, start, SHANGHAI) for day in days for start in starts)
    following = next(m for m in moments if m > local)
    return moments[moments.index(following) - 1], following
