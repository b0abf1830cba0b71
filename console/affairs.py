"""Events in lists: each with its clocks, gathered in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from analysis.models import Event
from console import clocks
from console.clocks import Clock
from sla.models import Obligation

SHOWN = 30
QUIET = 12  # open events that owe nothing now, newest first


@dataclass(frozen=True, kw_only=True)
class Affair:
    event: Event
    clocks: Sequence[Clock]


def open_events() -> QuerySet[Event]:
    return Event.objects.filter(closed_at=None, merged_into=None)


def with_clocks(events: Iterable[Event], now: datetime) -> list[Affair]:
    """The events in their order, each with its obligations of the current revision."""
    events = list(events)
    by_event: dict[int, list[Clock]] = defaultdict(list)
    owed = Obligation.objects.filter(event__in=[e.pk for e in events], superseded_at=None).order_by("duty")
    for clock in clocks.clocks_of(owed, now):
        by_event[clock.obligation.event_id or 0].append(clock)
    return [Affair(event=e, clocks=by_event[e.pk]) for e in events]


def by_time_left(now: datetime) -> tuple[list[Affair], int]:
    """Events with a running clock, least time left first, then the newest open ones; and how many clocks run."""
    due = list(clocks.running().values_list("event_id", flat=True))
    ids = list(dict.fromkeys(due))[:SHOWN]
    urgent = Event.objects.in_bulk(ids)
    quiet = open_events().exclude(pk__in=ids).exclude(jurisdiction=Event.Jurisdiction.ELSEWHERE)
    events = [urgent[i] for i in ids] + list(quiet.order_by("-last_post_at")[:QUIET])
    return with_clocks(events, now), len(due)
