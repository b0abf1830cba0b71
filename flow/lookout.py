"""What the auditor sees: the facts of flow/invariants.py by narrow queries, on a connection that cannot write."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import datetime

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Exists, OuterRef

from alerts.escalation import Ladder
from alerts.models import Attempt, Delivery
from analysis.models import Event
from config import clock
from flow import invariants, locks, watch
from flow.invariants import Facts, GraveEvent, PendingDelivery, PendingMilestone, RunningClock, Violation
from flow.models import Lease
from flow.policy import Policy
from sla import engine
from sla.models import Milestone, Obligation

BUDGET_S = 2.0  # an audit that needs longer is no audit: it counts as failed, and no heartbeat goes out
AT_MOST = 100  # rows of one kind looked at, repaired and listed
READING = "reading"  # the connection that cannot write
CLOCKS = frozenset({"K1", "K2"})  # what every event of 重大 or above carries


def look(policy: Policy, now: datetime, real: datetime, *, using: str = DEFAULT_DB_ALIAS) -> list[Violation]:
    """What is broken at this moment, by queries that indexes answer."""
    owed = {
        grade: CLOCKS & {d.code for d in policy.duties.duties if grade in d.grades} for grade in engine.TOP_GRADES
    }
    return invariants.broken(facts(policy.ladder, now, real, using), owed, now, real, speed=clock.speed())


def facts(ladder: Ladder, now: datetime, real: datetime, using: str) -> Facts:
    ticked = Lease.objects.using(using).filter(name=locks.ENGINE).values_list("ticked_at", flat=True).first()
    return Facts(
        grave=_grave(using),
        clocks=_silent_clocks(using),
        milestones=_late_milestones(now, using),
        deliveries=_pending(ladder, real, using),
        ticked_at=ticked,
        engine_expected=True,
    )


def _grave(using: str) -> list[GraveEvent]:
    events = Event.objects.using(using).filter(grade__in=engine.TOP_GRADES, closed_at=None, merged_into=None)
    grades = dict(events.exclude(jurisdiction="elsewhere").values_list("id", "grade"))
    duties: dict[int, set[str]] = defaultdict(set)
    carried = Obligation.objects.using(using).filter(event_id__in=list(grades), superseded_at=None)
    for event_id, duty in carried.values_list("event_id", "duty"):
        duties[event_id].add(duty)
    return [GraveEvent(id=i, grade=grade or "", duties=frozenset(duties[i])) for i, grade in grades.items()]


def _silent_clocks(using: str) -> list[RunningClock]:
    """Only those that look wrong: no milestone to come, and no breach told."""
    of_it = Milestone.objects.using(using).filter(obligation=OuterRef("pk"))
    silent = Obligation.objects.using(using).filter(
        watch.running(), ~Exists(of_it.filter(fired_at=None, superseded_at=None)), ~Exists(of_it.filter(code="missed", fired_at__isnull=False))
    )
    return [RunningClock(id=i, has_next=False, told_missed=False) for i in silent.values_list("id", flat=True)[:AT_MOST]]


def _late_milestones(now: datetime, using: str) -> list[PendingMilestone]:
    late = watch.unfired(now - invariants.LATE * clock.speed()).using(using)
    rows = late.order_by("at").values_list("id", "at")[:AT_MOST]
    return [PendingMilestone(id=i, at=at) for i, at in rows]


def _pending(ladder: Ladder, real: datetime, using: str) -> list[PendingDelivery]:
    deliveries = Delivery.objects.using(using)
    leased = deliveries.filter(state=Delivery.State.SENDING, lease_until__lt=real - invariants.LATE)
    waiting = deliveries.filter(
        settled_at=None, state__in=Delivery.UNSENT, channel__in=list(ladder.channels), next_try_at__lt=real - invariants.STUCK
    ).order_by("next_try_at")
    recent = Attempt.objects.using(using).filter(started_at__gt=real - invariants.STUCK)
    busy = set(recent.values_list("delivery__channel", flat=True).distinct())
    found = [
        PendingDelivery(id=i, channel=c, leased=True, due_at=until)
        for i, c, until in leased.values_list("id", "channel", "lease_until")[:AT_MOST]
        if until
    ]
    return found + [
        PendingDelivery(id=i, channel=c, leased=False, due_at=at, behind=c in busy)
        for i, c, at in waiting.values_list("id", "channel", "next_try_at")[:AT_MOST]
    ]


def reading_connection() -> str:
    """The alias of a connection to the same database that cannot write."""
    found = deepcopy(connections[DEFAULT_DB_ALIAS].settings_dict)
    options = found.setdefault("OPTIONS", {})
    if connection.vendor == "postgresql":
        more = f"-c default_transaction_read_only=on -c statement_timeout={BUDGET_S * 1000:.0f}"
        options["options"] = f"{options.get('options', '')} {more}".strip()
    else:
        options["init_command"] = options.get("init_command", "") + "PRAGMA query_only=ON;"
    connections.databases[READING] = found
    return READING


@contextmanager
def budget(using: str) -> Iterator[None]:
    """Let SQLite give up a query that would exceed the time budget; PostgreSQL has its own time-out."""
    if connection.vendor == "postgresql":
        yield
        return
    connections[using].ensure_connection()
    raw = connections[using].connection
    deadline = time.monotonic() + BUDGET_S
    raw.set_progress_handler(lambda: int(time.monotonic() > deadline), 20_000)
    try:
        yield
    finally:
        raw.set_progress_handler(None, 0)
