"""What a clock becomes when events are merged or a start is corrected. Pure: every change is a new revision."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sla.calendar import Calendar, day_of, end_of
from sla.engine import Duty, due_of


@dataclass(frozen=True, kw_only=True)
class Clock:
    """One obligation's instants and how it was closed; fields are named as in the table."""

    rule: dict[str, Any]
    starts_at: datetime
    start_basis: str
    due_at: datetime
    original_due_at: datetime
    settled_at: datetime | None = None
    release_id: int | None = None
    settled_note: str = ""
    exempt_reason: str = ""
    exempt_basis: str = ""
    exempt_at: datetime | None = None
    exempt_by_id: int | None = None
    paused_at: datetime | None = None
    pause_reason: str = ""

    @property
    def running(self) -> bool:
        return self.settled_at is None and not self.exempt_reason


def merge(one: Clock, other: Clock) -> Clock:
    """The clock of two events found to be one affair: earliest start, strictest deadline, first fulfilment.

    Exempt or paused only where both were: joining events must never stop a running clock.
    """
    first = min(one, other, key=lambda c: c.starts_at)
    strict = min(one, other, key=lambda c: c.due_at)
    merged = replace(
        strict,
        starts_at=first.starts_at,
        start_basis=first.start_basis,
        original_due_at=min(one.original_due_at, other.original_due_at),
    )
    settled = [c for c in (one, other) if c.settled_at is not None]
    if settled:
        done = min(settled, key=_settled_at)
        return _reopened(merged, settled_at=done.settled_at, release_id=done.release_id, settled_note=done.settled_note)
    if one.exempt_reason and other.exempt_reason:
        return merged
    running = [c for c in (one, other) if c.running]
    if all(c.paused_at for c in running):
        held = max(running, key=_paused_at)
        return _reopened(merged, paused_at=held.paused_at, pause_reason=held.pause_reason)
    return _reopened(merged)


def correct(clock: Clock, duty: Duty, starts_at: datetime, calendar: Calendar) -> Clock:
    """The start as a named person says it was; what settled the clock stays, and is judged by the new deadline."""
    return replace(clock, starts_at=starts_at, start_basis="manual", due_at=due_of(duty, starts_at, calendar))


def resume(clock: Clock, duty: Duty, now: datetime, calendar: Calendar) -> Clock:
    """Running again: the deadline moves by the pause, in the duty's own measure (working days, days, elapsed time)."""
    assert clock.paused_at
    away = max(now - clock.paused_at, timedelta(0))
    if duty.working_days:
        days = calendar.working_days_between(day_of(clock.paused_at), day_of(now))
        due_at = end_of(calendar.add_working_days(_last_day(clock.due_at), days))
    elif duty.days:
        due_at = clock.due_at + timedelta(days=(day_of(now) - day_of(clock.paused_at)).days)
    else:
        due_at = clock.due_at + away
    return _reopened(clock, due_at=due_at)


def _last_day(due_at: datetime) -> date:
    """The last day of a deadline that ends at 24:00."""
    return day_of(due_at - timedelta(microseconds=1))


def _settled_at(clock: Clock) -> datetime:
    assert clock.settled_at
    return clock.settled_at


def _paused_at(clock: Clock) -> datetime:
    assert clock.paused_at
    return clock.paused_at


def reopened(clock: Clock) -> Clock:
    """Running again from its own start to its own deadline, as if never settled, exempt or paused."""
    return _reopened(clock)


def _reopened(clock: Clock, **changes: Any) -> Clock:
    nothing = Clock(
        rule=clock.rule, starts_at=clock.starts_at, start_basis=clock.start_basis, due_at=clock.due_at,
        original_due_at=clock.original_due_at,
    )  # fmt: skip
    return replace(nothing, **changes)
