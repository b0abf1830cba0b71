"""Obligations as the pages show them: standing in words and shape, and the instants a browser counts down to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from console.polling import milliseconds
from console.words import BASIS, STANDINGS
from sla import engine
from sla.models import Milestone, Obligation

RUNNING = (engine.OPEN, engine.NEAR, engine.MISSED)


@dataclass(frozen=True, kw_only=True)
class Clock:
    """One obligation at one moment."""

    obligation: Obligation
    name: str
    standing: str
    near_at: datetime | None

    @property
    def word(self) -> str:
        return STANDINGS[self.standing][0]

    @property
    def shape(self) -> str:
        return STANDINGS[self.standing][1]

    @property
    def running(self) -> bool:
        return self.standing in RUNNING

    @property
    def due_ms(self) -> int:
        return milliseconds(self.obligation.due_at)

    @property
    def near_ms(self) -> int:
        return milliseconds(self.near_at or self.obligation.due_at)

    @property
    def basis(self) -> str:
        return BASIS.get(self.obligation.start_basis, self.obligation.start_basis)

    @property
    def left(self) -> timedelta | None:
        """Between settling and the deadline: positive when it was in time."""
        settled = self.obligation.settled_at
        return self.obligation.due_at - settled if settled else None


def clock_of(obligation: Obligation, now: datetime) -> Clock:
    duty = engine.duty_of(obligation.rule)
    standing = engine.standing(
        due_at=obligation.due_at,
        duty=duty,
        settled_at=obligation.settled_at,
        exempt=bool(obligation.exempt_reason),
        superseded=obligation.superseded_at is not None,
        paused=obligation.paused_at is not None,
        now=now,
    )
    near_at = obligation.due_at - timedelta(minutes=max(duty.warn_minutes)) if duty.warn_minutes else None
    return Clock(obligation=obligation, name=duty.name, standing=standing, near_at=near_at)


def clocks_of(obligations: Iterable[Obligation], now: datetime) -> list[Clock]:
    return [clock_of(ob, now) for ob in obligations]


def running() -> QuerySet[Obligation]:
    """Every event's clock that runs, the one with least time left first.

    What a leader closed unmet is over; what a closed event owes anew (a graver post came after) is not.
    """
    to_come = Milestone.objects.filter(obligation=OuterRef("pk"), fired_at=None, superseded_at=None)
    rows = Obligation.objects.filter(
        Q(event__closed_at=None) | Exists(to_come), event__isnull=False, settled_at__isnull=True,
        superseded_at__isnull=True, exempt_reason="", paused_at__isnull=True,
    )  # fmt: skip
    return rows.select_related("event").order_by("due_at", "id")


def settled_lately(now: datetime, within: timedelta) -> QuerySet[Obligation]:
    """What was met in the last hours, newest first: a clock that leaves the wall is seen to have been met."""
    return (
        Obligation.objects.filter(event__isnull=False, settled_at__gt=now - within, superseded_at__isnull=True)
        .select_related("event", "release")
        .order_by("-settled_at")
    )
