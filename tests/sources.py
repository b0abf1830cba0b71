"""Sources as tests need them: an enabled one carries its approval, as the table demands."""

from __future__ import annotations

from typing import Any

from archive.approval import vouched
from archive.models import Source
from config.clock import real_now


def enabled(**columns: Any) -> Source:
    """A stored source, enabled and approved for what it is; `columns` may name approver, state and all the rest."""
    source = Source(**{"kind": Source.Kind.FEED, **columns})
    vouched(source, source.approved_by or "王主任", source.approved_at or real_now())
    source.save()
    return source


def change(source: Source, **columns: Any) -> Source:
    """Settings changed and approved anew, as two people would."""
    for name, value in columns.items():
        setattr(source, name, value)
    vouched(source, "王主任", real_now()).save()
    return source
