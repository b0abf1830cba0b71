"""The audit chain: entries are inserted with the change they tell of, and sealed in order afterwards."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from flow.models import AuditEntry

GENESIS = "0" * 64


def record(actor: str, action: str, subject: str, at: datetime, **data: Any) -> None:
    """Add an entry inside the caller's transaction. `data` holds ids, hashes and reasons, no personal text."""
    AuditEntry.objects.create(at=at, actor=actor, action=action, subject=subject, data=data)


def digest(previous: str, entry: AuditEntry) -> str:
    """SHA-256 over the previous hash and every field of this entry."""
    at = entry.at.astimezone(UTC).isoformat()
    parts = [previous, entry.seq, at, entry.actor, entry.action, entry.subject, entry.data]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def seal(limit: int = 500) -> int:
    """Number and chain the entries not yet sealed, oldest first; how many were sealed."""
    waiting = AuditEntry.objects.filter(seq__isnull=True).order_by("id")[:limit]
    if not waiting:
        return 0
    with transaction.atomic():
        last = AuditEntry.objects.filter(seq__isnull=False).order_by("-seq").first()
        seq, previous = (last.seq or 0, last.hash) if last else (0, GENESIS)
        for entry in waiting:
            seq += 1
            entry.seq = seq
            previous = entry.hash = digest(previous, entry)
        AuditEntry.objects.bulk_update(waiting, ["seq", "hash"])
    return len(waiting)


def verify() -> tuple[int, str | None]:
    """(entries checked, None) when the chain holds, else (entries before the break, what is wrong)."""
    seq, previous = 0, GENESIS
    for entry in AuditEntry.objects.filter(seq__isnull=False).order_by("seq").iterator(2000):
        if entry.seq != seq + 1:
            return seq, f"entry {seq + 1} is missing"
        if entry.hash != digest(previous, entry):
            return seq, f"entry {entry.seq} was changed after it was sealed"
        seq, previous = seq + 1, entry.hash
    return seq, None


def head() -> tuple[int, str]:
    """(number, hash) of the newest sealed entry: what a backup writes down to prove nothing was cut off."""
    seq = AuditEntry.objects.aggregate(top=Max("seq"))["top"] or 0
    last = AuditEntry.objects.filter(seq=seq).first()
    return seq, last.hash if last else GENESIS
