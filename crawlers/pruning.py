"""How long the records of reading are kept (config/retention.toml, [records]). Sums by day and the approvals stay."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from archive.models import Source, Spell
from archive.retention import Records
from crawlers.models import ImportBatch, Rejection, SourceRun

BATCH = 500  # rows of one transaction (design.md §4)
AT_ONCE = 20_000  # rows of one beat
DONE = (ImportBatch.State.DONE, ImportBatch.State.FAILED, ImportBatch.State.UNDONE, ImportBatch.State.DROPPED)


def prune(policy: Records, now: datetime) -> int:
    """Delete what is older than the policy keeps, oldest first; how many rows went.

    A reading that went well and brought nothing goes first: its day's sums say all there is to say of it.
    """
    runs = SourceRun.objects.order_by("id")
    dull = runs.filter(started_at__lt=policy.cutoff("uneventful", now), state__in=(Source.State.ALIVE, Source.State.QUIET))
    dull = dull.filter(new=0, error="", rejected=None)
    old = [
        dull,
        runs.filter(started_at__lt=policy.cutoff("runs", now)),
        # Not its row: a batch is how its posts are found, and undone.
        Rejection.objects.filter(batch__at__lt=policy.cutoff("import_rejections", now), batch__state__in=DONE).order_by("id"),
        ImportBatch.objects.filter(at__lt=policy.cutoff("imports", now), state__in=DONE, path="").order_by("id"),
        Spell.objects.filter(ends_at__lt=policy.cutoff("spells", now)).order_by("id"),
    ]
    return sum(_delete(rows) for rows in old)


def _delete(rows: QuerySet[Any]) -> int:
    gone = 0
    for ids in _batches(rows):
        with transaction.atomic():
            rows.model._default_manager.filter(pk__in=ids).delete()
        gone += len(ids)
    return gone


def _batches(rows: QuerySet[Any]) -> Iterator[list[int]]:
    ids = list(rows.values_list("pk", flat=True)[:AT_ONCE])
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]
