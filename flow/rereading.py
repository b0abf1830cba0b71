"""重新研读: stored posts are read again by the reader of today; what a person corrected stands.

Only what was read of the post changes (relevance, type, facts, places). Events, grades, clocks and alerts stay as they are:
what a post turns out to be years later is no news. With `alert`, posts that are relevant now and in no event go through
the intake once more, as if they had just arrived.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from analysis.models import Correction, Reading
from analysis.reading import Verdict
from archive.models import Change, Post
from flow import audit
from flow.models import Outcome
from flow.placing import reading_of
from flow.readers import Read, Readers
from flow.texts import texts_of

BATCH = 100
# What a reading says of its post; fold, event and grade belong to the placing.
SAID = ("tier", "score", "reasons", "jurisdiction", "jurisdiction_reasons", "type", "stance", "facts", "places", "units", "version")


def chosen(start: datetime, end: datetime, source_id: int | None = None) -> QuerySet[Post]:
    """Posts that can be read again: read once, whole, and not corrected by a person."""
    corrected = Correction.objects.filter(post=OuterRef("pk"), undone_at=None)
    posts = Post.objects.filter(published_at__gte=start, published_at__lt=end, unread=False, withdrawn_at=None, excerpted_at=None)
    posts = posts.filter(~Exists(corrected), reading__isnull=False)
    return posts.filter(source_id=source_id) if source_id else posts


def run(
    posts: QuerySet[Post],
    readers: Readers,
    actor: str,
    now: datetime,
    *,
    alert: bool = False,
    dry_run: bool = False,
    progress: Callable[[int], object] = lambda number: None,
) -> Counter[str]:
    """Read them again, in slices. The counts: read, changed, relevant (that were not), irrelevant (now), failed, again."""
    counts: Counter[str] = Counter(dict.fromkeys(("read", "changed", "relevant", "irrelevant", "failed", "again"), 0))
    for batch in _slices(posts):
        (reads,) = readers.read([texts_of(batch)])
        counts += _take(batch, reads, alert=alert, dry_run=dry_run)
        progress(len(batch))
    if not dry_run and counts["changed"] + counts["again"]:
        with transaction.atomic():
            audit.record(actor, "reading.again", f"posts:{counts['read']}", now, **counts)
    return counts


def _slices(posts: QuerySet[Post]) -> Iterator[list[Post]]:
    """By id: no long read stands open while others write."""
    last = 0
    while batch := list(posts.filter(id__gt=last).order_by("id")[:BATCH]):
        last = batch[-1].pk
        yield batch


def _take(posts: Sequence[Post], reads: Sequence[Read], *, alert: bool, dry_run: bool) -> Counter[str]:
    counts = Counter(read=len(posts))
    stored = {reading.post_id: reading for reading in Reading.objects.filter(post__in=posts)}
    changed: list[Reading] = []
    again: list[int] = []
    for post, read in zip(posts, reads, strict=True):
        if isinstance(read, str):
            counts["failed"] += 1
        elif old := stored.get(post.pk):
            counts += _compared(old, read, post, changed)
            if alert and read.tier != "none" and old.event_id is None:
                again.append(post.pk)
    counts["changed"], counts["again"] = len(changed), len(again)
    if not dry_run and (changed or again):
        _write(changed, again)
    return counts


def _compared(old: Reading, read: Verdict, post: Post, changed: list[Reading]) -> Counter[str]:
    new, before = reading_of(post, read), old.tier
    # A reaction that joined an event by nearness says why among its reasons: that is the placing's word.
    new.reasons = [*new.reasons, *(r for r in old.reasons if r.startswith("并入：") and r not in new.reasons)]
    if all(getattr(old, name) == getattr(new, name) for name in SAID):
        return Counter()
    for name in SAID:
        setattr(old, name, getattr(new, name))
    changed.append(old)
    return Counter(relevant=before == "none" != old.tier, irrelevant=before != "none" == old.tier)


def _write(changed: Sequence[Reading], again: Sequence[int]) -> None:
    with transaction.atomic():
        Reading.objects.bulk_update(changed, SAID)
        Change.objects.bulk_create(Change(post_id=reading.post_id) for reading in changed if reading.post_id not in again)
        Outcome.objects.filter(post_id__in=again, event=None).delete()
        Reading.objects.filter(post_id__in=again, event=None).delete()
        Post.objects.filter(id__in=again).update(unread=True, past=False)
