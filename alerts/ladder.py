"""The escalation policy as values: the whole file (Ladder), and what it says for one kind and grade (Rule). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, TypeVar

from config.clock import SHANGHAI

# The key under which delays and first levels of every other grade (and of no grade) stand in the file.
OTHER_GRADES = "其余"
TOP_GRADES = ("特别重大", "重大")

T = TypeVar("T")


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
class Quiet:
    """Night hours (Beijing time, may run over midnight) in which the networks do not carry these kinds."""

    starts: time
    ends: time
    kinds: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Snooze:
    """How long (longest) and how often a person may put one cause off; `never` kinds and grades may not be."""

    longest: timedelta
    times: int
    never: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """config/escalation.toml as values. Delays, first levels, repeats: kind or "default" -> grade or 其余 -> value."""

    levels: tuple[Level, ...]
    escalates: frozenset[str]
    delays: Mapping[str, Mapping[str, tuple[timedelta, ...]]]
    at_once: Mapping[str, Mapping[str, int]]
    repeats: Mapping[str, Mapping[str, timedelta]]
    ack_timeouts: Mapping[str, timedelta]  # grade or 其余 -> zero = an acknowledgement holds for good
    snooze: Snooze
    quiet: Quiet | None
    shift_starts: tuple[time, ...]
    channels: Mapping[str, ChannelSettings]
    edition: str  # "2026-11 …#hash"
    # How long before a shift each person's own addresses are tried; zero = never.
    contact_test_before: timedelta = timedelta(hours=1)

    def level(self, n: int) -> Level:
        return self.levels[n - 1]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """The policy for one kind and grade, copied into the escalation when it opens; later steps follow the copy."""

    edition: str
    kind: str
    grade: str | None
    levels: tuple[Level, ...]  # as far up as this kind goes
    at_once: int  # levels told at once
    delays: tuple[timedelta, ...]  # delays[n-1]: how long level n has before n+1 is told
    repeat: timedelta  # how long after the top level was told it is told again; zero = the kind does not escalate
    ack_timeout: timedelta  # zero = an acknowledgement holds for good
    snooze: timedelta  # longest; zero = may not be put off
    snoozes: int

    @property
    def top(self) -> int:
        return len(self.levels)

    @property
    def escalates(self) -> bool:
        return self.repeat > timedelta(0)

    def level(self, n: int) -> Level:
        return self.levels[n - 1]

    def delay_after(self, n: int) -> timedelta | None:
        """How long level n has before the next step: the level above, or itself again at the top. None: no next."""
        if not self.escalates:
            return None
        return self.delays[n - 1] if n < self.top else self.repeat


def rule_for(kind: str, grade: str | None, ladder: Ladder) -> Rule:
    """What the ladder says for this kind and grade."""
    at_once = of_grade(ladder.at_once.get(kind, {}), grade, 1)
    escalates = kind in ladder.escalates
    delays = of_grade(_of_kind(ladder.delays, kind), grade, ()) if escalates else ()
    top = max(at_once, len(delays) + 1)
    # A kind told to three levels at once may list delays for fewer: the last one given holds further up.
    delays = tuple(delays[min(i, len(delays) - 1)] for i in range(top - 1)) if delays else ()
    may_wait = escalates and not {kind, grade} & ladder.snooze.never
    return Rule(
        edition=ladder.edition,
        kind=kind,
        grade=grade,
        levels=ladder.levels[:top],
        at_once=at_once,
        delays=delays,
        repeat=of_grade(_of_kind(ladder.repeats, kind), grade, timedelta(0)) if escalates else timedelta(0),
        ack_timeout=of_grade(ladder.ack_timeouts, grade, timedelta(0)) if escalates else timedelta(0),
        snooze=ladder.snooze.longest if may_wait else timedelta(0),
        snoozes=ladder.snooze.times if may_wait else 0,
    )


def of_grade(table: Mapping[str, T], grade: str | None, default: T) -> T:
    return table.get(grade or OTHER_GRADES, table.get(OTHER_GRADES, default))


def _of_kind(table: Mapping[str, Mapping[str, T]], kind: str) -> Mapping[str, T]:
    return table.get(kind, table["default"])


def quiet_until(kind: str, grade: str | None, at: datetime, quiet: Quiet | None) -> datetime | None:
    """The end of the night when `at` lies in it and this kind may wait for morning; never for 重大 and above."""
    if quiet is None or kind not in quiet.kinds or grade in TOP_GRADES:
        return None
    local = at.astimezone(SHANGHAI)
    for day in (local.date() - timedelta(days=1), local.date()):
        starts = datetime.combine(day, quiet.starts, SHANGHAI)
        later = timedelta(days=1) if quiet.ends <= quiet.starts else timedelta(0)
        ends = datetime.combine(day + later, quiet.ends, SHANGHAI)
        if starts <= local < ends:
            return ends
    return None


def rule_json(rule: Rule) -> dict[str, Any]:
    """The rule as it is stored; durations in seconds."""
    return {
        "edition": rule.edition,
        "kind": rule.kind,
        "grade": rule.grade,
        "levels": [{"n": v.n, "role": v.role, "name": v.name, "channels": list(v.channels)} for v in rule.levels],
        "at_once": rule.at_once,
        "delays_s": [d.total_seconds() for d in rule.delays],
        "repeat_s": rule.repeat.total_seconds(),
        "ack_timeout_s": rule.ack_timeout.total_seconds(),
        "snooze_s": rule.snooze.total_seconds(),
        "snoozes": rule.snoozes,
    }


def rule_of(stored: Mapping[str, Any]) -> Rule:
    """The stored rule as a value; the inverse of rule_json."""
    return Rule(
        edition=stored["edition"],
        kind=stored["kind"],
        grade=stored["grade"],
        levels=tuple(
            Level(n=v["n"], role=v["role"], name=v["name"], channels=tuple(v["channels"])) for v in stored["levels"]
        ),
        at_once=stored["at_once"],
        delays=tuple(timedelta(seconds=s) for s in stored["delays_s"]),
        repeat=timedelta(seconds=stored["repeat_s"]),
        ack_timeout=timedelta(seconds=stored["ack_timeout_s"]),
        snooze=timedelta(seconds=stored["snooze_s"]),
        snoozes=stored["snoozes"],
    )
