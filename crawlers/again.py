"""A post that is met again: counters that moved are measured, an edit is kept as a version, a deletion withdraws it.

Everything here runs inside the caller's transaction.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef

from archive.models import Change, Measurement, Post, PostVersion, Source
from crawlers.metrics import APART, Counts

COUNTERS = ("reposts", "comments", "likes", "reads")
VERSIONS = 20  # of one post; a page that changes at every reading is no edit
_BLANK = re.compile(r"\s+")


def met(posts: Mapping[str, Post], source: Source, now: datetime, *, live: bool) -> None:
    """`posts` (key -> as just read, unsaved) are stored already. Edits are believed of the source that brought the post."""
    counted = {key: counts for key, post in posts.items() if (counts := _said(post))}
    if counted:
        lately = Measurement.objects.filter(post=OuterRef("pk"), at__gt=now - APART)
        rows = Post.objects.filter(key__in=counted, withdrawn_at=None).exclude(Exists(lately))
        measure([(row, counted[row.key]) for row in rows.defer("title", "body")], now, changed_only=True)
    if live:
        own = Post.objects.filter(key__in=list(posts), source_id=source.pk, withdrawn_at=None, excerpted_at=None)
        _keep_edits([(row, posts[row.key]) for row in own.only("key", "title", "body")], now)


def measure(rows: Sequence[tuple[Post, Counts]], now: datetime, *, changed_only: bool = False) -> int:
    """Write down what the counters of these posts are now; how many were written.

    A post that is still unread is only brought up to date: placing will see the new counters.
    """
    made, moved, respread = [], [], []
    for post, counts in rows:
        before = [getattr(post, name) for name in COUNTERS]
        after = counts.over(before)
        if changed_only and list(after) == before:
            continue
        values = dict(zip(COUNTERS, after, strict=True))
        unmoved = list(after) == before
        made.append(Measurement(post_id=post.pk, at=now, before=before, warmed=post.unread or unmoved, **values))
        if unmoved:
            continue
        for name, value in values.items():
            setattr(post, name, value)
        moved.append(post)
        if after[0] != before[0]:
            respread.append(post)  # the one counter search asks for
    Measurement.objects.bulk_create(made)
    Post.objects.bulk_update(moved, COUNTERS)
    Change.objects.bulk_create([Change(post_id=post.pk) for post in respread])
    return len(made)


def withdraw(keys: Sequence[str], now: datetime) -> int:
    """Posts that are gone where they were said; their text goes with the engine's next round. How many were new to it."""
    return Post.objects.filter(key__in=list(keys), withdrawn_at=None).update(withdrawn_at=now)


def _said(post: Post) -> Counts | None:
    """Counters of an item; 0 may mean that its source does not count, so only what is there is believed."""
    values = {name: value for name in COUNTERS if (value := getattr(post, name))}
    return Counts(**values) if values else None


def _keep_edits(pairs: Sequence[tuple[Post, Post]], now: datetime) -> None:
    edited = {row.pk: new for row, new in pairs if is_edit(said(row), said(new))}
    if not edited:
        return
    known: dict[int, set[str]] = {pk: set() for pk in edited}
    for post_id, digest in PostVersion.objects.filter(post_id__in=edited).values_list("post_id", "digest"):
        known[post_id].add(digest)
    made = [
        PostVersion(post_id=pk, at=now, title=new.title, body=new.body, digest=digest)
        for pk, new in edited.items()
        if (digest := hashlib.sha256(said(new).encode()).hexdigest()) not in known[pk] and len(known[pk]) < VERSIONS
    ]
    PostVersion.objects.bulk_create(made, ignore_conflicts=True)


def said(post: Post) -> str:
    """Title and text without blanks: what has to differ."""
    return _BLANK.sub("", f"{post.title}\0{post.body}")


def is_edit(before: str, after: str) -> bool:
    """Whether the second says something else; a shorter beginning of the first is only a cut of it."""
    return bool(after.strip("\0")) and after != before and not before.startswith(after.rstrip("…."))
