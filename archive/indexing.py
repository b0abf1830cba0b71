"""Keeping the index in step with the posts: the change log, rebuilding, comparing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from archive import erasing
from archive.documents import Document
from archive.models import Change, IndexState, Post
from archive.months import IndexDamaged, IndexMissing, IndexUnreachable, SearchUnavailable, month_of
from archive.results import Again, Engine
from archive.search import engine
from archive.server import server
from config.clock import real_now

log = logging.getLogger(__name__)
MakeDocuments = Callable[[list[int]], list[Document]]
Progress = Callable[[int, int], None]  # done, of how many
SLICE = 2000
NO_ROOM = ("No space left on device", "Disk quota exceeded", "File too large")


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One month in which index and posts disagree; at most 20 ids of each kind. `stale`: indexed as they are no more."""

    month: str
    posts: int
    indexed: int
    missing: tuple[int, ...]
    extra: tuple[int, ...]
    stale: tuple[int, ...]


def drain(make_documents: MakeDocuments, batch: int = SLICE, *, keep_open: bool = False) -> int:
    """Index every post of the change log, or build the index anew where that is wanted; how many posts.

    Rows go only after the index has committed them, and only the rows that were read: dying in between repeats
    work, and a change that comes meanwhile keeps its row. The engine keeps the index open for writing between its
    calls (merges then run beside them); everybody else gives it back. Raises IndexBusy when another process writes.
    """
    chosen = engine()
    try:
        if rebuild_wanted(chosen):
            return rebuild(make_documents, keep_open=keep_open)
        done = sum(len(ids) for ids in _drained(chosen, make_documents, batch))
        for month, rows in erasing.due().items():
            erasing.rewrite(chosen, month, rows, make_documents)
        return done
    except IndexUnreachable as e:
        # The posts wait in the change log; the desk says so.
        _trouble(chosen, str(e))
        return 0
    except (OSError, ValueError) as e:
        if not any(text in str(e) for text in NO_ROOM):
            raise
        _trouble(chosen, f"磁盘已满，检索库写不下去：请清理磁盘；信息在数据库里等待，没有丢失（{e}）")
        return 0
    finally:
        if not keep_open:
            chosen.close()


@dataclass(frozen=True, kw_only=True)
class Behind:
    """How far search is behind the posts: how many wait, since when nothing was committed, and why."""

    engine: str
    waiting: int
    committed_at: datetime | None
    trouble: str
    note: str


def behind() -> Behind:
    """Asks the database only, never the engine."""
    name = "elasticsearch" if server() else "embedded"
    state = IndexState.objects.filter(engine=name).first() or IndexState()
    return Behind(
        engine=name, waiting=waiting(), committed_at=state.committed_at, trouble=state.trouble, note=state.note
    )


def waiting() -> int:
    """How many posts search does not show as they are now."""
    return Change.objects.values("post_id").distinct().count()


def rebuild_wanted(chosen: Engine) -> bool:
    """Somebody asked, or the index is gone, damaged or of another version."""
    state = IndexState.objects.filter(engine=chosen.name).first()
    if state and state.rebuild_wanted_at:
        return True
    try:
        chosen.counts()
    except IndexUnreachable:
        raise  # a rebuild would mend nothing
    except IndexMissing:
        # On a new folder there was never an index: the change log alone will make it.
        return bool(state and state.committed_at)
    except SearchUnavailable:
        return True
    return False


def rebuild(make_documents: MakeDocuments, progress: Progress | None = None, *, keep_open: bool = False) -> int:
    """Build the index from the posts beside the old one, which serves and follows meanwhile; then swap.

    Returns how many posts are in it. Raises IndexBusy.
    """
    chosen = engine()
    started = real_now()
    note = _moved_aside(chosen)
    touched: set[int] = set()

    def batches() -> Iterator[list[Document]]:
        done, total = 0, Post.objects.filter(withdrawn_at=None).count()
        for ids in _all_ids():
            yield make_documents(ids)
            done += len(ids)
            if progress:
                progress(done, total)
            touched.update(_followed(chosen, make_documents))

    def again() -> Again:
        # What changed while the new index was built may be old in it, or missing.
        changed = sorted(touched)
        slices = (changed[i : i + SLICE] for i in range(0, len(changed), SLICE))
        return changed, [d for ids in slices for d in _documents(ids, make_documents)]

    try:
        chosen.replace(batches(), again)
        _state(chosen, committed_at=real_now(), rebuilt_at=real_now(), damaged=False, trouble="", note=note)
        IndexState.objects.filter(engine=chosen.name, rebuild_wanted_at__lte=started).update(rebuild_wanted_at=None)
        for _ in _drained(chosen, make_documents, SLICE):
            pass
        return chosen.count()
    finally:
        if not keep_open:
            chosen.close()


def compare(make_documents: MakeDocuments) -> list[Difference]:
    """Months in which the index does not hold the posts' documents as they are; those in the change log left out.

    Raises SearchUnavailable.
    """
    chosen = engine()
    waiting = set(Change.objects.values_list("post_id", flat=True).iterator())
    try:
        indexed = {month: dict(chosen.digests(month)) for month in chosen.counts()}
    except IndexMissing:  # nothing was ever indexed
        indexed = {}
    posts: dict[str, dict[int, int]] = {}
    for ids in _all_ids():
        for document in make_documents([i for i in ids if i not in waiting]):
            posts.setdefault(month_of(document.published_at), {})[document.post_id] = document.digest
    # What changed while we looked is no difference.
    waiting.update(Change.objects.values_list("post_id", flat=True).iterator())
    for month in (*posts.values(), *indexed.values()):
        for post_id in waiting & month.keys():
            del month[post_id]
    return [
        _difference(month, posts.get(month, {}), indexed.get(month, {}))
        for month in sorted(posts.keys() | indexed.keys())
        if posts.get(month, {}) != indexed.get(month, {})
    ]


def _difference(month: str, posts: dict[int, int], indexed: dict[int, int]) -> Difference:
    return Difference(
        month=month,
        posts=len(posts),
        indexed=len(indexed),
        missing=tuple(sorted(posts.keys() - indexed.keys())[:20]),
        extra=tuple(sorted(indexed.keys() - posts.keys())[:20]),
        stale=tuple(sorted(i for i in posts.keys() & indexed.keys() if posts[i] != indexed[i])[:20]),
    )


def _drained(chosen: Engine, make_documents: MakeDocuments, batch: int) -> Iterator[set[int]]:
    """Batch by batch: the posts that are now committed and whose rows are gone."""
    while rows := list(Change.objects.order_by("id").values_list("id", "post_id")[:batch]):
        ids = {post_id for _, post_id in rows}
        _index(chosen, ids, make_documents)
        Change.objects.filter(id__in=[row_id for row_id, _ in rows]).delete()
        _state(chosen, committed_at=real_now(), trouble="")
        yield ids


def _followed(chosen: Engine, make_documents: MakeDocuments) -> set[int]:
    """Keep the serving index fresh during a rebuild, if it can be written at all."""
    try:
        return set().union(*_drained(chosen, make_documents, SLICE))
    except SearchUnavailable:
        return set()


def _index(chosen: Engine, ids: set[int], make_documents: MakeDocuments) -> None:
    documents = _documents(sorted(ids), make_documents)
    chosen.add(documents)
    gone = ids - {d.post_id for d in documents}
    if gone:
        chosen.delete(sorted(gone))
    chosen.commit()


def _documents(ids: list[int], make_documents: MakeDocuments) -> list[Document]:
    """Those of the posts that are there and were not withdrawn."""
    withdrawn = set(Post.objects.filter(id__in=ids, withdrawn_at__isnull=False).values_list("id", flat=True))
    return make_documents([i for i in ids if i not in withdrawn])


def _all_ids() -> Iterator[list[int]]:
    """Posts in time order (months are then built one after the other), in slices that hold no read open."""
    after: tuple[datetime, int] | None = None
    while True:
        posts = Post.objects.filter(withdrawn_at=None)
        if after:
            posts = posts.filter(Q(published_at__gt=after[0]) | Q(id__gt=after[1]), published_at__gte=after[0])
        rows = list(posts.order_by("published_at", "id").values_list("published_at", "id")[:SLICE])
        if not rows:
            return
        yield [post_id for _, post_id in rows]
        after = rows[-1]


def _moved_aside(chosen: Engine) -> str:
    """Files that cannot be read are kept for whoever wants to know why; what to say of them, or ""."""
    state = IndexState.objects.filter(engine=chosen.name).first()
    damaged = bool(state and state.damaged)
    if not damaged:
        try:
            chosen.counts()
        except IndexDamaged:
            damaged = True
        except SearchUnavailable:
            return ""
    aside = chosen.set_aside() if damaged else ""
    if not aside:
        return ""
    log.warning("the search index was damaged; moved to %s, building it anew", aside)
    return f"检索库曾损坏，已从数据库重建；损坏的文件移到了 {aside}，查明原因后可删除"


def _trouble(chosen: Engine, what: str) -> None:
    if not IndexState.objects.filter(engine=chosen.name, trouble=what[:500]).exists():
        log.error("indexing stopped, posts wait: %s", what)
        _state(chosen, trouble=what[:500])


def _state(chosen: Engine, **values: datetime | bool | str) -> None:
    IndexState.objects.update_or_create(engine=chosen.name, defaults=values)
