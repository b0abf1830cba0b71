"""Whether an outlet of ours still shows what it published: what a list that reaches back far enough no longer names.

Only lists in time's order say anything: `shows` must fall from newer to older, after at most a few pinned entries.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from django.db import transaction
from django.db.models import F

from archive.models import Post, Showing, Source

PINNED = 3  # entries at the top of a list that may be older than those below
SLACK = timedelta(days=1)  # sites sort by day; an entry may stand among those of the day beside its own
LOOKED_AFTER = timedelta(days=60)


def note(source: Source, shows: Sequence[str], now: datetime) -> int:
    """Count one reading of the source's whole list; how many of its articles were missing from it."""
    named = set(shows)
    since = reaches_back(_dates(source, shows))
    with transaction.atomic():
        Showing.objects.filter(post__source=source, post__key__in=named, missed__gt=0).update(missed=0, looked_at=now)
        if since is None:
            return 0
        own = Post.objects.filter(source=source, outlet=Source.Outlet.OWN, withdrawn_at=None, published_at__gt=max(since, now - LOOKED_AFTER))
        missing = [pk for pk, key in own.values_list("pk", "key") if key not in named]
        for pk in missing:
            Showing.objects.get_or_create(post_id=pk, defaults={"looked_at": now})
        Showing.objects.filter(post_id__in=missing).update(missed=F("missed") + 1, looked_at=now)
    return len(missing)


def unchanged(source: Source, now: datetime) -> None:
    """The list is what it was at the last reading: what was missing from it is missing still."""
    Showing.objects.filter(post__source=source, missed__gt=0).update(missed=F("missed") + 1, looked_at=now)


def reaches_back(dates: Sequence[datetime]) -> datetime | None:
    """Since when a list in this order shows everything; None when it is empty, or in no order."""
    for pinned in range(PINNED + 1):
        tail = dates[pinned:]
        if len(tail) > min(pinned, 1) and all(later <= earlier + SLACK for earlier, later in pairwise(tail)):
            return tail[-1] + SLACK if tail[0] - tail[-1] > SLACK else tail[-1]
    return None


def _dates(source: Source, shows: Sequence[str]) -> list[datetime]:
    known = dict(Post.objects.filter(source=source, key__in=list(shows)).values_list("key", "published_at"))
    return [known[key] for key in shows if key in known]
