"""A post leaves: erased on request, withdrawn by who said it, or cut to an excerpt when its time is over."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q

from analysis.models import Correction, Event, Grading, Reading
from archive.erasing import terms_of
from archive.models import Change, Erasure, Post, PostVersion
from archive.months import month_of
from archive.retention import OUTLETS, Retention, digest, excerpt
from config.clock import real_now
from flow import audit
from flow.models import Hold

log = logging.getLogger(__name__)

REWRITE_WITHIN = timedelta(hours=23)  # the promise is 24; the rest is for the rewriting itself
BATCH = 100  # design.md §4: no longer write transaction
ERASED = "（已删除）"
NOTHING = {
    "title": "", "body": "", "url": "", "author": "", "follower_band": "", "region": "", "published_raw": "", "external_id": "",
    "details": {},
}  # fmt: skip


class Held(Exception):
    """The post is under hold; the message says why."""


def erase(post_id: int, by: str, reason: str, now: datetime, *, at_once: bool) -> Erasure | None:
    """Take everything a post said out of the tables, and have the index follow; None when there is no such post.

    Search hides it within one round. The month's files are rewritten within 24 hours, or `at_once`. What its event
    was graded by keeps the verdict and loses the quotation. Raises Held.
    """
    post = Post.objects.filter(pk=post_id).first()
    if post is None:
        return None
    if hold := Hold.objects.filter(_holding(post_id), released_at=None).first():
        raise Held(f"信息 {post_id} 已暂缓清理（{hold.by}：{hold.reason}）：先解除，再删除")
    at = real_now()
    terms = sorted(terms_of(post.title, post.body, post.site))
    with transaction.atomic():
        _overwrite_freed_pages()
        PostVersion.objects.filter(post_id=post_id).delete()
        Post.objects.filter(pk=post_id).update(**NOTHING, notes=["已按要求删除"], withdrawn_at=post.withdrawn_at or now)
        _forget_reading(post_id)
        Change.objects.create(post_id=post_id)
        erasure = Erasure.objects.create(
            post_id=post_id, month=month_of(post.published_at), by=by, reason=reason, asked_at=at, terms=terms,
            due_at=at if at_once else at + REWRITE_WITHIN,
        )  # fmt: skip
        audit.record(by, "post.erased", f"post:{post_id}", now, reason=reason)
    return erasure


def withdraw(now: datetime) -> int:
    """Empty the bodies of posts that were withdrawn where they were said; how many."""
    found = Post.objects.filter(withdrawn_at__isnull=False).exclude(body="")
    return sum(_empty(ids, now) for ids in _batches(list(found.values_list("id", flat=True)[: 10 * BATCH])))


def age(policy: Retention, now: datetime, most: int = 10_000) -> int:
    """Cut what has been kept long enough to an excerpt, at most so many posts; how many were cut.

    Posts under hold, unread ones, and those of an event that is open or closed only recently stay whole.
    """
    cut = 0
    for outlet in OUTLETS:
        ids = _aged(policy, outlet, now, most - cut)
        for batch in _batches(ids):
            cut += _cut(batch, policy, now)
    return cut


def _aged(policy: Retention, outlet: str, now: datetime, most: int) -> list[int]:
    protected = Q(reading__event__isnull=False) & (
        Q(reading__event__closed_at=None) | Q(reading__event__closed_at__gt=now - policy.after_close)
    )
    held = Hold.objects.filter(released_at=None)
    # Counted from when it was said or, in an archive handed over later, from when we got it.
    before = policy.cutoff(outlet, now)
    due = Post.objects.filter(
        outlet=outlet, published_at__lt=before, received_at__lt=before, body_hash="", withdrawn_at=None, unread=False
    )
    due = due.exclude(id__in=held.filter(post__isnull=False).values("post_id")).exclude(
        id__in=Reading.objects.filter(event_id__in=held.filter(event__isnull=False).values("event_id")).values("post_id")
    )
    due = due.exclude(id__in=Post.objects.filter(protected, outlet=outlet).values("id"))
    return list(due.order_by("published_at").values_list("id", flat=True)[: max(most, 0)])


def _cut(ids: Sequence[int], policy: Retention, now: datetime) -> int:
    posts = list(Post.objects.filter(id__in=ids, body_hash=""))
    cut = [p for p in posts if len(p.body) > policy.excerpt_chars]
    for post in posts:
        post.body_hash = digest(post.body)
    for post in cut:
        post.body, post.excerpted_at = excerpt(post.body, policy.excerpt_chars), now
    with transaction.atomic():
        _overwrite_freed_pages()
        Post.objects.bulk_update(posts, ["body", "body_hash", "excerpted_at"])
        PostVersion.objects.filter(post_id__in=ids).delete()
        Change.objects.bulk_create(Change(post=post) for post in cut)
        if cut:
            audit.record("engine", "post.excerpted", f"posts:{len(cut)}", now, retention=policy.edition)
    return len(cut)


def _empty(ids: Sequence[int], now: datetime) -> int:
    with transaction.atomic():
        _overwrite_freed_pages()
        Post.objects.filter(id__in=ids).update(title="", body="", details={})
        PostVersion.objects.filter(post_id__in=ids).delete()
        Change.objects.bulk_create(Change(post_id=i) for i in ids)
        audit.record("engine", "post.withdrawn", f"posts:{len(ids)}", now, first=min(ids), last=max(ids))
    return len(ids)


def _forget_reading(post_id: int) -> None:
    """What analysis quoted from the post, and officers in correcting it."""
    Correction.objects.filter(post_id=post_id).delete()
    reading = Reading.objects.filter(post_id=post_id).first()
    if reading is None:
        return
    Reading.objects.filter(pk=reading.pk).update(
        reasons=[ERASED], jurisdiction_reasons=[], facts={}, places=[], units=[], signature=None, text_hash=0
    )
    if reading.event_id is None:
        return
    for grading in Grading.objects.filter(event_id=reading.event_id):
        evidence = [{**e, "quote": ERASED} if e.get("post_id") == post_id else e for e in grading.evidence]
        if evidence != grading.evidence:
            Grading.objects.filter(pk=grading.pk).update(evidence=evidence)
    first = Reading.objects.filter(event_id=reading.event_id).order_by("post__published_at").values_list("post_id", flat=True)
    if first[:1] and first[0] == post_id:
        Event.objects.filter(pk=reading.event_id).update(t_event_quote="")


def _holding(post_id: int) -> Q:
    events = Reading.objects.filter(post_id=post_id, event__isnull=False).values("event_id")
    return Q(post_id=post_id) | Q(event_id__in=events)


def _batches(ids: list[int]) -> list[list[int]]:
    return [ids[i : i + BATCH] for i in range(0, len(ids), BATCH)]


def _overwrite_freed_pages() -> None:
    if connection.vendor == "sqlite":
        # Else the old text stays in free pages of the file.
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA secure_delete = ON")
