"""What people have parted: the machine does not put it together again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from analysis.models import Reading
from flow.models import MergeProposal, Regroup

CHUNK = 400


def barred(since: datetime) -> dict[int, set[int]]:
    """Folds that a person took out of an event: copies of them must not join it again. Fold -> events."""
    found: dict[int, set[int]] = {}
    for row in Regroup.objects.filter(Q(at__gte=since) | Q(undone_at__gte=since)):
        undone = row.undone_at is not None
        if (row.kind == Regroup.Kind.MERGE) != undone:
            continue  # a merge that stands, a split or move that was taken back: the posts are where they belong
        event_id = row.into_id if undone else row.out_of_id
        folds = Reading.objects.filter(post_id__in=row.posts[:CHUNK], fold__isnull=False).exclude(event_id=event_id)
        for fold_id in folds.values_list("fold_id", flat=True).distinct():
            found.setdefault(fold_id, set()).add(event_id)
    return found


def kept_apart(event_ids: Iterable[int]) -> set[frozenset[int]]:
    """Pairs of events that a person has parted, or has said are not one."""
    ids = list(event_ids)
    rows = Regroup.objects.filter(Q(into__in=ids) | Q(out_of__in=ids)).exclude(kind=Regroup.Kind.MOVE)
    pairs = {
        frozenset((row.into_id, row.out_of_id))
        for row in rows
        if (row.kind == Regroup.Kind.MERGE) == (row.undone_at is not None)
    }
    declined = MergeProposal.objects.filter(state=MergeProposal.State.DECLINED, into__in=ids)
    return pairs | {frozenset(pair) for pair in declined.values_list("into_id", "gone_id")}
