"""The instants the service has lived through."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from flow.models import Round


def last_instant() -> datetime | None:
    """The `now` of the newest round, replayed or live."""
    row = Round.objects.order_by("-now").first()
    return row.now if row else None


def lived(now: datetime, counts: Counter[str]) -> None:
    """A live engine keeps one row moving forward instead of one a second."""
    row = Round.objects.filter(live=True).order_by("-now").first()
    if row is None:
        Round.objects.create(now=now, live=True, counts=dict(counts))
    else:
        Round.objects.filter(pk=row.pk).update(now=now)
