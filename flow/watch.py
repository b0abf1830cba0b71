"""Deadlines and escalation: what is due by `now` is found by query, told, and marked in the same transaction."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.db.models import Case, Q, QuerySet, Value, When

from alerts import outbox
from flow import authorisations, escalating, quiet_sources, sightings, subjects, telling, topics
from flow.policy import Policy
from flow.retry import retried
from sla import engine
from sla.models import Milestone, Obligation

AT_ONCE = 25  # obligations in one transaction (design.md §4: none longer than 50 ms)
LIVE_BATCHES = 16
# An index holds the due ones; the few of them are put in this order.
URGENCY = Case(
    When(obligation__event__grade="特别重大", then=Value(0)), When(obligation__event__grade="重大", then=Value(1)),
    When(obligation__event__grade="较大", then=Value(2)), default=Value(3),
)  # fmt: skip


@dataclass(frozen=True)
class Due:
    """One obligation with milestones that have passed: only the newest is told, the others are marked."""

    obligation: Obligation
    newest: Milestone
    passed: tuple[Milestone, ...]  # rows that are now behind us
    unwritten: tuple[Milestone, ...]  # rows to be made: reminders after the breach, the last one still to come


def run(policy: Policy, now: datetime, *, held: bool, note: str = "") -> Counter[str]:
    """Tell every milestone and escalation step due by `now`, and every source that fell silent.

    `note` is a line that each of these messages carries (a clock that was set).
    """
    subjects.open_periods(policy, now)
    counts = milestones(policy, now, held=held, note=note)
    counts += unhurried(policy, now, held=held)
    return counts + escalating.run(policy, now, held=held, note=note)


def unhurried(policy: Policy, now: datetime, *, held: bool) -> Counter[str]:
    """What hangs on no instant: sources that fell silent, what topics have found, what our own outlets show."""
    counts = quiet_sources.run(policy, now, held=held) + authorisations.run(policy, now, held=held)
    counts += topics.tell(policy, now, held=held)
    return counts + sightings.run(policy, now, held=held)


def glance(policy: Policy, now: datetime, *, note: str = "") -> Counter[str]:
    """Milestones and steps for a live engine, at most a few hundred obligations at a time, the gravest first.

    After an outage thousands may be due: the caller's lease and heartbeat must not wait for all of them, nor the
    steps of the gravest.
    """
    counts = milestones(policy, now, held=False, note=note, most=LIVE_BATCHES)
    for _ in range(LIVE_BATCHES):
        wave = escalating.wave(policy, now, held=False, note=note)
        counts += wave
        if not wave:
            break
    return counts


def decide(rows: Iterable[Milestone], now: datetime) -> list[Due]:
    """Milestone rows that are due -> what each obligation has to tell, in order of its instant. Pure."""
    by_obligation: dict[int, list[Milestone]] = defaultdict(list)
    for row in rows:
        by_obligation[row.obligation_id].append(row)
    found = []
    for passed in by_obligation.values():
        newest = max(passed, key=lambda m: m.at)
        obligation, unwritten = newest.obligation, []
        duty = engine.duty_of(obligation.rule)
        while following := engine.following(newest.code, newest.at, duty):
            code, at = following
            row = Milestone(obligation=obligation, code=code, at=at, fired_at=now if at <= now else None)
            unwritten.append(row)
            if at > now:
                break
            newest = row
        found.append(Due(obligation, newest, tuple(passed), tuple(unwritten)))
    return sorted(found, key=lambda d: (d.newest.at, d.obligation.id))


def milestones(
    policy: Policy, now: datetime, *, held: bool, note: str = "", most: int | None = None
) -> Counter[str]:
    """Tell what obligations have due; all of it in order of its instants, or `most` batches, the gravest first."""
    counts: Counter[str] = Counter()
    batches = 0
    while most is None or batches < most:
        due = decide(_due(now, by_urgency=most is not None), now)
        if not due:
            return counts
        counts += _write_milestones(due, policy, now, held=held, note=note)
        batches += 1
    return counts


def running(of: str = "") -> Q:
    """What an obligation is while its clock runs; `of` leads to it from another table."""
    lacks = ("settled_at", "superseded_at", "paused_at")
    return Q(**{f"{of}{name}__isnull": True for name in lacks}) & Q(**{f"{of}exempt_reason": ""})


def unfired(now: datetime) -> QuerySet[Milestone]:
    """Milestones of running obligations whose instant has come."""
    return Milestone.objects.filter(
        running("obligation__"),
        at__lte=now,
        fired_at__isnull=True,
        superseded_at__isnull=True,
    )


def _due(now: datetime, *, by_urgency: bool) -> list[Milestone]:
    rows = unfired(now)
    order = (URGENCY, "at", "id") if by_urgency else ("at", "id")
    # Whole obligations: a page that cut one in two would tell it twice.
    ids = list(dict.fromkeys(rows.order_by(*order).values_list("obligation_id", flat=True)[: AT_ONCE * 4]))
    if not ids:
        return []
    chosen = rows.filter(obligation_id__in=ids[:AT_ONCE]).select_related("obligation__event")
    return list(chosen.prefetch_related("obligation__event__gradings"))


@retried
def _write_milestones(
    due: Sequence[Due], policy: Policy, now: datetime, *, held: bool, note: str
) -> Counter[str]:
    # What they say, and to whom, is found before the transaction: other writers wait for its end.
    words = telling.milestones([(d.obligation, d.newest) for d in due], policy)
    with transaction.atomic():
        # A release may have settled one of them since it was read, or the auditor told it: what is locked and still
        # running counts.
        locked = Obligation.objects.select_for_update().filter(running(), id__in=[d.obligation.id for d in due])
        still_run = set(locked.values_list("id", flat=True))
        open_still = set(unfired(now).filter(obligation_id__in=still_run).values_list("id", flat=True))
        told = [(d, plans) for d, plans in zip(due, words, strict=True) if {m.id for m in d.passed} <= open_still]
        Milestone.objects.filter(id__in=[m.id for d, _ in told for m in d.passed]).update(fired_at=now)
        Milestone.objects.bulk_create([m for d, _ in told for m in d.unwritten])
        outbox.stand_down_earlier([d.obligation.id for d, _ in told], now)
        plans = [
            replace(plan, milestone_id=d.newest.id) if plan.cause.startswith("obligation:") else plan
            for d, some in told
            for plan in some
        ]
        alerts, deliveries = outbox.write(escalating.noted(plans, note), now, replay=held)
    return Counter(alerts=alerts, deliveries=deliveries, milestones=len(told))
