"""Open clocks as they stand in the tables: events with one running obligation each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from analysis.models import Event
from flow.policy import Policy
from sla.models import Milestone, Obligation

DUE_IN = timedelta(days=30)


def open_clocks(policy: Policy, warned_at: Sequence[datetime], *, grade: str, now: datetime, mark: str) -> list[int]:
    """One event and one K3 obligation for each instant, whose warning falls on it; ids of the warnings, in order.

    Their deadlines lie far off, so that only what is measured becomes due.
    """
    duty = next(d for d in policy.duties.duties if d.code == "K3")
    due = now + DUE_IN
    size = 2000
    found: list[int] = []
    for i in range(0, len(warned_at), size):
        part = warned_at[i : i + size]
        events = Event.objects.bulk_create(
            Event(
                title=f"基准测试 {mark}-{i + n}", type="T05", grade=grade, jurisdiction="ours", t_detected=now,
                last_post_at=now, provisional=False,
            )
            for n in range(len(part))
        )  # fmt: skip
        obligations = Obligation.objects.bulk_create(
            Obligation(
                event=event, duty=duty.code, rule=duty.rule(), starts_at=now, start_basis="t_detected", due_at=due,
                original_due_at=due, created_at=now,
            )
            for event in events
        )  # fmt: skip
        warnings = Milestone.objects.bulk_create(
            Milestone(obligation=ob, code="near-1", at=at) for ob, at in zip(obligations, part, strict=True)
        )
        Milestone.objects.bulk_create(Milestone(obligation=ob, code="missed", at=due) for ob in obligations)
        found += [m.id for m in warnings]
    return found
