"""From what an event is to the obligations it carries: compared with what stands, then changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from alerts import outbox
from analysis.models import Event
from sla import engine
from sla.models import Milestone, Obligation
from sla.policy import Duties


@dataclass
class Changes:
    """What must be written for one event; empty lists when everything stands as it should."""

    new: list[Obligation] = field(default_factory=list)
    milestones: list[Milestone] = field(default_factory=list)
    superseded: list[Obligation] = field(default_factory=list)
    reason: str = ""


def facts_of(event: Event) -> engine.EventFacts:
    return engine.EventFacts(
        grade=event.grade,
        jurisdiction=event.jurisdiction,
        answer_owed=event.answer_owed,
        answer_reason=event.owes_reason if event.owes_reason.endswith("应予回应") else "",
        t_event=event.t_event,
        t_first_post=event.t_first_post,
        t_detected=event.t_detected,
    )


def reconcile(event: Event, standing: Iterable[Obligation], duties: Duties, now: datetime) -> Changes:
    """What to open and what to supersede so that `event` owes exactly what its facts say.

    `standing` are the event's obligations of the newest revision (not superseded). A settled or exempt one stays
    as it is; an earlier start found later makes a new revision that keeps `original_due_at` (design.md §6).
    """
    current = {ob.duty: ob for ob in standing}
    wanted, reason = engine.owed(facts_of(event), duties.duties, duties.max_event_age)
    changes = Changes(reason=reason)
    for owed in wanted:
        old = current.pop(owed.duty.code, None)
        if old is None:
            _open(changes, event, owed, 1, owed.due_at, now, told=set())
        elif not _closed(old) and old.start_basis != "manual" and owed.starts_at < old.starts_at:
            told = set(old.milestones.filter(fired_at__isnull=False).values_list("code", flat=True))
            changes.superseded.append(old)
            _open(changes, event, owed, old.rev + 1, old.original_due_at, now, told)
    changes.superseded += [ob for ob in current.values() if not _closed(ob)]
    return changes


def _closed(ob: Obligation) -> bool:
    return ob.settled_at is not None or bool(ob.exempt_reason)


def _open(
    changes: Changes, event: Event, owed: engine.Owed, rev: int, original: datetime, now: datetime, told: set[str]
) -> None:
    ob = Obligation(
        event=event,
        duty=owed.duty.code,
        rev=rev,
        rule=owed.duty.rule(),
        starts_at=owed.starts_at,
        start_basis=owed.start_basis,
        due_at=owed.due_at,
        original_due_at=original,
        created_at=now,
    )
    changes.new.append(ob)
    for code, at in engine.milestones(owed.duty, owed.due_at):
        # A moment somebody has already heard of under the earlier revision is not told again.
        fired = now if code in told else None
        changes.milestones.append(Milestone(obligation=ob, code=code, at=at, fired_at=fired))


def write(changes: list[Changes], now: datetime) -> None:
    """Write the changes of one batch inside the caller's transaction; new obligations get their ids here."""
    assert transaction.get_connection().in_atomic_block
    gone = [ob.id for c in changes for ob in c.superseded]
    if gone:
        Obligation.objects.filter(id__in=gone, settled_at__isnull=True).update(superseded_at=now)
        Milestone.objects.filter(obligation_id__in=gone, fired_at__isnull=True).update(superseded_at=now)
        outbox.stand_down_obligations(gone, now)
    new = [ob for c in changes for ob in c.new]
    if new:
        Obligation.objects.bulk_create(new)
        milestones = [m for c in changes for m in c.milestones]
        for m in milestones:
            m.obligation_id = m.obligation.id
        Milestone.objects.bulk_create(milestones)
