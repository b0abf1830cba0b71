"""What a clock becomes when events are merged or a start is corrected. Pure: every change is a new revision."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any


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
