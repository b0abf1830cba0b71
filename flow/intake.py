"""Unread posts to outcomes: read, decide, write; at most 100 posts a transaction, each with exactly one outcome."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import Error, IntegrityError, OperationalError, transaction
from django.db.models import F

from alerts import outbox
from analysis.models import Event, Fold, Grading, Reading
from archive.models import Change, Post, SavedHit
from flow import audit, mending, owing, past, telling, topics, warmth
from flow.affair import ENGINE_FIELDS
from flow.models import Outcome
from flow.placing import Batch, Placer
from flow.policy import Policy
from flow.readers import Read, Readers
from flow.texts import texts_of
from sla.models import Obligation

log = logging.getLogger(__name__)
BATCH = 100  # posts in one transaction (design.md §4: none longer than 50 ms)
AHEAD = 20  # batches read before they are placed
ONE_POSTS_FAULT = (Error, ValueError, TypeError, KeyError)  # what a single odd post can bring about
GROW_EVERY = timedelta(seconds=5)
FUTURE = timedelta(minutes=10)  # a live round corrects a post dated further ahead than this (commands.md)


def run(placer: Placer, readers: Readers, policy: Policy, now: datetime, *, replay: bool, held: bool) -> Counter[str]:
    """Give every unread post published by `now` its outcome; what was done, counted.

    A replay takes dates as they are; `held` keeps its messages from the network channels.
    The counts: read, joined, opened, not_relevant, set_aside, kept (of a back-fill), alerts, deliveries.
    """
    counts: Counter[str] = Counter()
    if not replay:
        correct_future_dates(now)
    while posts := unread(now):
        topics.KEPT.refresh()
        if not placer.loaded:
            placer.load(now)
        placer.follow_people(now - timedelta(days=1))
        chunks = [posts[i : i + BATCH] for i in range(0, len(posts), BATCH)]
        texts = texts_of(posts)
        by_chunk = [texts[i : i + BATCH] for i in range(0, len(texts), BATCH)]
        for chunk, reads in zip(chunks, readers.read(by_chunk), strict=True):
            counts += take(placer, chunk, reads, policy, now, held=held)
    _grow(placer, now)
    if counts:
        placer.forget_stale(now)
        _mend(placer, policy, now, held=held)
    return counts + past.run(readers, now)


def _grow(placer: Placer, now: datetime) -> None:
    """Every few seconds: have counters of posts risen that were placed before?"""
    if placer.grown is None or not timedelta() <= now - placer.grown < GROW_EVERY:
        warmth.grow(now)
        placer.grown = now


def _mend(placer: Placer, policy: Policy, now: datetime, *, held: bool) -> None:
    """Once an hour: do two open events look like one, and which have grown cold?"""
    hour = now.replace(minute=0, second=0, microsecond=0)
    if placer.mended != hour:
        mending.run(placer.events, policy, now, held=held)
        warmth.cool(now)
        placer.mended = hour


def unread(now: datetime) -> list[Post]:
    waiting = Post.objects.filter(unread=True, past=False, published_at__lte=now)
    return list(waiting.order_by("published_at", "id")[: BATCH * AHEAD])


def correct_future_dates(now: datetime) -> None:
    """A post from the future counts from when it was received, and its row says so."""
    for post in Post.objects.filter(unread=True, published_at__gt=now + FUTURE)[:1000]:
        post.notes = [*post.notes, f"发布时间 {post.published_raw or post.published_at.isoformat()} 在未来，按收到时间计"]
        post.published_at = post.received_at
        post.save(update_fields=["published_at", "notes"])


def take(
    placer: Placer,
    posts: Sequence[Post],
    reads: Sequence[Read],
    policy: Policy,
    now: datetime,
    *,
    held: bool,
    again: bool = True,
) -> Counter[str]:
    """Place and write one batch. When it cannot be written its posts go one by one, and the bad one is set aside.

    A refused key or a row that a person changed meanwhile is nobody's fault: the batch is decided once more as it is.
    """
    try:
        return write(placer.place(posts, reads, now), policy, now, held=held)
    except Exception as e:
        # Nothing of it was written, but the caches have moved on: they are made again before anything is decided.
        placer.loaded = False
        if isinstance(e, OperationalError) or not isinstance(e, ONE_POSTS_FAULT):
            raise  # locked, full, or no fault of any post: the same posts come again next round
        placer.load(now)
        if isinstance(e, IntegrityError) and again:
            log.info("batch of %d decided again: %s", len(posts), e)
            return take(placer, posts, reads, policy, now, held=held, again=False)
        if len(posts) == 1:
            log.warning("post %s set aside: %s", posts[0].id, e)
            failed: list[Read] = [f"{type(e).__name__}: {e}"]
            return write(placer.place(posts, failed, now), policy, now, held=held)
        counts: Counter[str] = Counter()
        for post, read in zip(posts, reads, strict=True):
            counts += take(placer, [post], [read], policy, now, held=held)
        return counts


def write(batch: Batch, policy: Policy, now: datetime, *, held: bool) -> Counter[str]:
    """One transaction: outcome, reading, fold, event, grading, obligations, milestones, alerts, deliveries."""
    touched = [affair.event for affair in batch.affairs.values()]
    gradings = [a.changed_grade for a in batch.affairs.values() if a.changed_grade]
    known = [e.id for e in touched if e.id not in batch.opened]
    standing: dict[int, list[Obligation]] = {}
    for ob in Obligation.objects.filter(event_id__in=known, superseded_at__isnull=True):
        standing.setdefault(ob.event_id or 0, []).append(ob)
    changes = {}
    for event in touched:
        changes[event.id] = owing.reconcile(
            event, standing.get(event.id, []), policy.duties, now, late=event.id not in batch.opened
        )
        event.owes_reason = changes[event.id].reason[:300]
    ids = [p.id for p in batch.posts]
    hits = topics.KEPT.hits(_placed(batch), now)

    with transaction.atomic():
        if Post.objects.filter(id__in=ids, unread=True).update(unread=False) != len(ids):
            raise IntegrityError("some of these posts have been read by another process")
        _check_untouched(batch, known)
        # New rows are plain inserts: should a person have opened an event under the same id, this is refused.
        Event.objects.bulk_create([e for e in touched if e.id in batch.opened])
        Event.objects.bulk_create(
            [e for e in touched if e.id not in batch.opened],
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=ENGINE_FIELDS,
        )
        Fold.objects.bulk_create(batch.new_folds)
        for fold_id, (count, last) in batch.grown_folds.items():
            Fold.objects.filter(id=fold_id).update(posts=F("posts") + count, last_at=last)
        Reading.objects.bulk_create(batch.readings)
        Outcome.objects.bulk_create(batch.outcomes)
        _write_late(batch)
        Grading.objects.bulk_create(gradings)
        SavedHit.objects.bulk_create(hits, ignore_conflicts=True)
        owing.write(list(changes.values()), now)
        plans = telling.about(batch, changes, policy, now)
        for event_id in {p.event_id for p in plans if p.event_id and p.event_id not in batch.opened}:
            telling.replace_earlier(event_id, now)
        alerts, deliveries = outbox.write(plans, now, replay=held)
        late = [reading.post_id for reading, _ in batch.late]
        Change.objects.bulk_create(Change(post_id=i) for i in _to_index([*ids, *late], batch))
        for grading in gradings:
            audit.record("engine", "grade.proposed", f"event:{grading.event_id}", now, grade=grading.grade)
    counts = Counter(outcome.kind for outcome in batch.outcomes)
    return counts + Counter(read=len(ids), alerts=alerts, deliveries=deliveries)


def _write_late(batch: Batch) -> None:
    """Earlier posts that joined an event now; one that a person has touched meanwhile has the batch decided again."""
    for reading, outcome in batch.late:
        said = {name: getattr(reading, name) for name in ("reasons", "event_id", "fold_id", "text_hash", "signature")}
        fresh = Reading.objects.filter(pk=reading.pk, event=None).update(**said)
        joined = Outcome.objects.filter(pk=outcome.pk, kind="not_relevant").update(kind=outcome.kind, event_id=outcome.event_id)
        if not (fresh and joined):
            raise IntegrityError(f"post {reading.post_id} was given to an event meanwhile")


def _placed(batch: Batch) -> list[tuple[Post, dict[str, object]]]:
    """Each post with what topics may ask of its event."""
    events = {o.post_id: batch.affairs[o.event_id].event for o in batch.outcomes if o.event_id in batch.affairs}
    return [
        (post, {"event": e.id, "grade": e.grade, "type": e.type} if (e := events.get(post.id)) else {})
        for post in batch.posts
    ]


def _check_untouched(batch: Batch, known: Sequence[int]) -> None:
    """A person may have graded, closed or regrouped an event since this batch was decided: then it is decided again."""
    fields = ("id", "grade", "provisional", "closed_at", "merged_into", "posts")
    for event_id, grade, provisional, *rest in Event.objects.select_for_update().filter(id__in=known).values_list(*fields):
        affair = batch.affairs[event_id]
        if (grade, provisional) != affair.before or tuple(rest) != affair.standing or affair.event.merged_into_id:
            raise IntegrityError(f"event {event_id} was changed meanwhile")


def _to_index(ids: list[int], batch: Batch) -> list[int]:
    """The batch's posts, and the earlier posts of events whose grade changed: search filters by grade."""
    regraded = [i for i, a in batch.affairs.items() if a.changed_grade and i not in batch.opened]
    earlier = Reading.objects.filter(event_id__in=regraded).exclude(post_id__in=ids)
    return [*ids, *(earlier.values_list("post_id", flat=True) if regraded else ())]
