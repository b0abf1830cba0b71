"""Once an hour: open events that look like one affair become a proposal; a person says whether they are.

The engine itself merges only what it is all but sure of and nobody has touched: see `sure`. It is recorded like a
person's merge and taken back the same way. Events with dead or missing are never merged by the engine.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from analysis.events import EventIndex
from analysis.models import Event, Grading
from flow import parted, regroup
from flow.models import MergeProposal, Regroup
from flow.policy import Policy
from sla.models import Release

log = logging.getLogger(__name__)
EVERY = timedelta(hours=1)
LOOKED_AT = 300  # events with the newest posts; the rest have been looked at before
PROPOSE, SURE = 0.50, 0.97  # likeness of two events: the mean probability of the likelier half of the smaller one's posts
MOST = 200  # proposals of one pass; more means that something else is wrong


@dataclass(frozen=True, kw_only=True)
class Alike:
    into: int  # the older
    gone: int
    score: float
    least: float  # of the posts compared
    reasons: tuple[str, ...]


def alike(index: EventIndex, event_ids: Sequence[int]) -> list[Alike]:
    """Pairs of open events whose posts each would have joined the other, likeliest first."""
    found: dict[tuple[int, int], Alike] = {}
    for event_id in event_ids:
        for other in index.beside(event_id):
            pair = (min(event_id, other), max(event_id, other))
            if pair not in found:
                likeness = index.likeness(*pair)
                found[pair] = Alike(into=pair[0], gone=pair[1], score=likeness[0], least=likeness[1], reasons=likeness[2])
    return sorted((a for a in found.values() if a.score >= PROPOSE), key=lambda a: (-a.score, a.into, a.gone))[:MOST]


def run(index: EventIndex, policy: Policy, now: datetime, *, held: bool) -> int:
    """Propose, or merge where sure; proposals about events gone meanwhile lapse. Returns how many pairs were found."""
    standing = Event.objects.filter(closed_at=None, merged_into=None)
    stale = MergeProposal.objects.filter(state=MergeProposal.State.OPEN).exclude(into__in=standing, gone__in=standing)
    stale.update(state=MergeProposal.State.LAPSED, decided_at=now)
    recent = standing.filter(last_post_at__gte=now - 2 * EVERY).order_by("-last_post_at", "id")[:LOOKED_AT]
    pairs = alike(index, [event_id for event_id in recent.values_list("id", flat=True) if event_id in index])
    ids = {event_id for pair in pairs for event_id in (pair.into, pair.gone)}
    apart, touched = parted.kept_apart(ids), _touched(ids)
    gone: set[int] = set()
    for pair in pairs:
        if frozenset((pair.into, pair.gone)) in apart or {pair.into, pair.gone} & gone:
            continue
        if sure(pair, touched):
            reason = f"相似度 {pair.score:.2f}，各条均不低于 {pair.least:.2f}；两事件均无人处理过"
            regroup.merge(pair.into, pair.gone, regroup.Act(user=None, reason=reason, policy=policy, now=now, held=held))
            gone.add(pair.gone)
        else:
            fresh = {"at": now, "score": round(pair.score, 3), "reasons": list(pair.reasons)}
            MergeProposal.objects.get_or_create(into_id=pair.into, gone_id=pair.gone, defaults=fresh)
    return len(pairs)


def sure(pair: Alike, touched: set[int]) -> bool:
    """May the engine merge these itself? Every post of the smaller must be all but certain, and no person involved."""
    return pair.score >= SURE and pair.least >= SURE and not {pair.into, pair.gone} & touched


def _touched(ids: set[int]) -> set[int]:
    """Events a person has opened, named, graded, regrouped or released something for; and those with dead or missing.

    A second grave incident that is swallowed is worse than one that is shown twice: those are for a person.
    """
    named = Event.objects.filter(Q(opened_by__isnull=False) | Q(named_by__isnull=False) | Q(provisional=False), id__in=ids)
    graded = Grading.objects.filter(event__in=ids).exclude(kind="proposed").values_list("event_id", flat=True)
    released = Release.objects.filter(event__in=ids).values_list("event_id", flat=True)
    rows = Regroup.objects.filter(Q(into__in=ids) | Q(out_of__in=ids)).values_list("into_id", "out_of_id")
    grave = [e.pk for e in Event.objects.filter(id__in=ids) if e.facts.get("deaths") or e.facts.get("missing")]
    return {*named.values_list("id", flat=True), *graded, *released, *grave, *(event_id for pair in rows for event_id in pair)}

