"""补采: posts of a past window are read for search and reports; they join no event, open no clock and tell nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from analysis.models import Reading
from archive.models import Change, Post
from flow.models import Outcome
from flow.placing import reading_of
from flow.readers import Read, Readers
from flow.texts import texts_of

BATCH = 100  # posts in one transaction, as in flow.intake
MOST = 500  # of one round: what happens now is not kept waiting by what happened


def run(readers: Readers, now: datetime) -> Counter[str]:
    """Read what a back-fill brought: each post's outcome is kept, not_relevant or set_aside. The counts: read and these."""
    counts: Counter[str] = Counter()
    posts = list(Post.objects.filter(unread=True, past=True, published_at__lte=now).order_by("id")[:MOST])
    chunks = [posts[i : i + BATCH] for i in range(0, len(posts), BATCH)]
    for chunk, reads in zip(chunks, readers.read([texts_of(chunk) for chunk in chunks]), strict=True):
        counts += _write(chunk, reads, now)
    return counts


def _write(posts: Sequence[Post], reads: Sequence[Read], now: datetime) -> Counter[str]:
    outcomes, readings = [], []
    for post, read in zip(posts, reads, strict=True):
        if isinstance(read, str):
            outcomes.append(Outcome(post=post, kind="set_aside", error=read[:500], at=now))
        else:
            readings.append(reading_of(post, read))
            outcomes.append(Outcome(post=post, kind="not_relevant" if read.tier == "none" else "kept", at=now))
    ids = [post.pk for post in posts]
    with transaction.atomic():
        Post.objects.filter(id__in=ids).update(unread=False)
        Reading.objects.bulk_create(readings)
        Outcome.objects.bulk_create(outcomes)
        Change.objects.bulk_create(Change(post_id=i) for i in ids)
    return Counter(o.kind for o in outcomes) + Counter(read=len(ids))
