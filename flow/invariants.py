"""What must hold at every moment (alerting.md §2.5-11): facts and `now` in, what is broken out. Pure.

The auditor asks for the facts by narrow queries; a simulation may build them from everything it knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

LATE = timedelta(seconds=10)  # a due milestone that nobody has told; a lease past its end
STUCK = timedelta(seconds=60)  # a message that waits without a reason
STALE = timedelta(seconds=5)  # since the engine last looked

# The invariants by name.
CLOCK_MISSING, CLOCK_SILENT, MILESTONE_LATE = "clock_missing", "clock_silent", "milestone_late"
DELIVERY_STUCK, LEASE_LATE, TICK_STALE = "delivery_stuck", "lease_late", "tick_stale"
NAMES = {
    CLOCK_MISSING: "重大以上事件缺应办时限",
    CLOCK_SILENT: "运行中的时限没有后续节点",
    MILESTONE_LATE: "到点的节点未告知",
    DELIVERY_STUCK: "消息滞留且无说明",
    LEASE_LATE: "发送租约过期未收回",
    TICK_STALE: "引擎未按时巡视",
}


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One broken invariant: of which row, and in words."""

    code: str
    subject: str  # "event:7", "obligation:12", "milestone:30", "delivery:99", "engine"
    text: str
    channel: str = ""  # the channel that fails, which must not be the one to tell of it


@dataclass(frozen=True, kw_only=True)
class GraveEvent:
    """An open event of 重大 or above that is not elsewhere. `duties`: those it carries a clock for, however it stands."""

    id: int
    grade: str
    duties: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class RunningClock:
    """An obligation neither settled, superseded, exempt nor paused."""

    id: int
    has_next: bool  # a milestone that has not fired and is not superseded
    told_missed: bool  # its breach was told


@dataclass(frozen=True, kw_only=True)
class PendingMilestone:
    """Not fired, not superseded, of a running clock."""

    id: int
    at: datetime


@dataclass(frozen=True, kw_only=True)
class PendingDelivery:
    """Written, for a network channel that is on, and neither sent nor given up."""

    id: int
    channel: str
    leased: bool
    # next_try_at, or lease_until when leased; real time. Whoever lets a message wait moves it and states the reason.
    due_at: datetime
    behind: bool = False  # its channel was at work within STUCK: it waits for its turn


@dataclass(frozen=True, kw_only=True)
class Facts:
    grave: Iterable[GraveEvent] = ()
    clocks: Iterable[RunningClock] = ()
    milestones: Iterable[PendingMilestone] = ()
    deliveries: Iterable[PendingDelivery] = ()
    ticked_at: datetime | None = None  # real time
    engine_expected: bool = False  # an engine should be running


def broken(
    facts: Facts, owed: Mapping[str, frozenset[str]], now: datetime, real: datetime, *, speed: float = 1.0
) -> list[Violation]:
    """Every invariant that does not hold at `now` (service time) and `real` (real time).

    `owed`: grade -> the duties every event of that grade carries. `speed`: service seconds in a real one, so that a
    drill's fast clock grants the engine the same real seconds.
    """
    found = [_missing(event, gap) for event in facts.grave if (gap := owed.get(event.grade, frozenset()) - event.duties)]
    for clock in facts.clocks:
        if not (clock.has_next or clock.told_missed):
            found.append(_violation(CLOCK_SILENT, f"obligation:{clock.id}", "运行中，既无后续节点，也无超时记录"))
    for m in facts.milestones:
        if now - m.at > LATE * speed:
            found.append(_violation(MILESTONE_LATE, f"milestone:{m.id}", f"已过 {_s((now - m.at) / speed)} 未告知"))
    found += [v for d in facts.deliveries if (v := _of_delivery(d, real))]
    if facts.engine_expected:
        if facts.ticked_at is None:
            found.append(_violation(TICK_STALE, "engine", "从未巡视"))
        elif real - facts.ticked_at > STALE:
            found.append(_violation(TICK_STALE, "engine", f"{_s(real - facts.ticked_at)} 未巡视"))
    return found


def _missing(event: GraveEvent, duties: frozenset[str]) -> Violation:
    return _violation(CLOCK_MISSING, f"event:{event.id}", f"{event.grade}事件没有 {'、'.join(sorted(duties))} 的时限")


def _of_delivery(d: PendingDelivery, real: datetime) -> Violation | None:
    late = real - d.due_at
    subject = f"delivery:{d.id}"
    if d.leased:
        if late <= LATE:
            return None
        return Violation(code=LEASE_LATE, subject=subject, text=f"租约已过期 {_s(late)}", channel=d.channel)
    if late <= STUCK or d.behind:
        return None
    text = f"渠道 {d.channel} 的消息滞留 {_s(late)}，无说明"
    return Violation(code=DELIVERY_STUCK, subject=subject, text=text, channel=d.channel)


def _violation(code: str, subject: str, text: str) -> Violation:
    return Violation(code=code, subject=subject, text=text)


def _s(span: timedelta) -> str:
    return f"{span.total_seconds():.0f} 秒"
