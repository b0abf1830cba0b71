"""A vendor's file into the posts table: every row is new, known or refused with field and reason."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from django.db import Error, transaction
from django.db.models import Max

from archive.models import Post, Source
from config.clock import real_now
from crawlers import templates
from crawlers.columns import Template, is_known, understand
from crawlers.models import ImportBatch, Rejection
from crawlers.posts import BATCH, ParsedItem, key_of, known_keys, save
from crawlers.rows import Refusal, Tally, parsed
from crawlers.tables import Sheet, Unreadable, open_sheet, unknown_header

SOURCE_NAME = "文件导入"
State = ImportBatch.State
T = TypeVar("T")


def import_file(
    path: Path,
    now: datetime,
    *,
    mapping: str | None = None,
    dry_run: bool = False,
    past: bool = False,
    progress: Callable[[int], object] | None = None,
) -> dict[str, Any]:
    """Take one file in; `progress` hears of each batch's number of rows. The same file twice changes nothing.

    `past`: a past window, which opens no event and tells nobody.

    Raises Unreadable (nothing to read, or the database refused: what was stored before stays).
    """
    template = template_of(mapping)
    if dry_run:
        return rehearse(path, template, progress=progress).report()
    with opened(path, template) as sheet:
        batch = guarded(path.name, "未能开始写入数据库", lambda: begin(path.name, sha256(path), source(), now, "命令行", past=past))
        tally = take_in(batch, sheet, template, now, Tally(warnings=sheet.warnings), progress=progress)
    return tally.report()


def template_of(name: str | None) -> Template | None:
    if not name:
        return None
    found = templates.named(name)
    if found is None:
        raise Unreadable(f"没有对照模板“{name}”；现有：{'、'.join(templates.names()) or '无'}")
    return found


@contextmanager
def opened(path: Path, template: Template | None) -> Iterator[Sheet]:
    """The file's rows; raises Unreadable when nothing of it could become a post."""
    with open_sheet(path, lambda header: is_known(header, template)) as sheet:
        if sheet.header and not understand(sheet.header, template).usable:
            raise Unreadable(unknown_header(path, [h for h in sheet.header if h]))
        yield sheet


def source() -> Source:
    """Where files are from that people bring."""
    found, _ = Source.objects.get_or_create(
        name=SOURCE_NAME,
        defaults={"kind": Source.Kind.FILE, "outlet": Source.Outlet.INDIVIDUAL, "state": Source.State.ALIVE},
    )
    return found


def begin(name: str, digest: str, of: Source, now: datetime, by: str, **more: Any) -> ImportBatch:
    """The row of a file to be taken in, in the state running unless `more` says otherwise."""
    at = now
    while ImportBatch.objects.filter(source=of, at=at).exists():
        at += timedelta(microseconds=1)  # `at` tells its posts from those of any other batch
    fields = {"state": State.RUNNING, "started_at": real_now(), **more}
    return ImportBatch.objects.create(name=name[:255], sha256=digest, source=of, at=at, by=by[:150], **fields)


def rehearse(path: Path, template: Template | None, *, keep: int | None = None, progress: Callable[[int], object] | None = None) -> Tally:
    """A trial run: the same counts, nothing written. Raises Unreadable."""
    like = Source.objects.filter(name=SOURCE_NAME).first() or Source(name=SOURCE_NAME, kind=Source.Kind.FILE)
    seen: set[bytes] = set()  # 16 bytes of each key: 200,000 rows take some 20 MB
    with opened(path, template) as sheet:
        tally = Tally(warnings=sheet.warnings, keep=keep)
        for items, refusals in portions(parsed(sheet, template, tally)):
            keys = {key_of(item, like) for item in items}
            fresh = {bytes.fromhex(k[:32]) for k in keys - known_keys(list(keys))} - seen
            seen |= fresh
            tally.add(len(fresh), len(items) - len(fresh), refusals)
            if progress:
                progress(len(items) + len(refusals))
    return tally


def take_in(
    batch: ImportBatch, sheet: Sheet, template: Template | None, now: datetime, tally: Tally,
    *, progress: Callable[[int], object] | None = None, stopping: Callable[[], bool] = lambda: False,
) -> Tally:  # fmt: skip
    """Store the rows of `sheet`, but for those an earlier try has done (batch.rows). Raises Unreadable.

    Posts, refusals and the batch's counts of 100 rows are one transaction, so a kill repeats nothing. A wish to stop
    is heard between two of these; the batch then stays running, for whoever starts next.
    """
    tally.new, tally.known, tally.refused = batch.new, batch.known, batch.refused
    if batch.first_post is None:
        batch.first_post = (Post.objects.aggregate(top=Max("id"))["top"] or 0) + 1
    rows = parsed(sheet, template, tally)
    done = sum(1 for _ in islice(rows, batch.rows))
    for items, refusals in portions(rows):
        if stopping():
            return tally
        where = f"第 {items[0].row if items else refusals[0].row} 行起未能写入数据库"
        guarded(batch.name, where, partial(_store, batch, items, refusals, done, tally))
        done += len(items) + len(refusals)
        if progress:
            progress(len(items) + len(refusals))
    guarded(batch.name, "各行已保存，导入记录未能写完", partial(_end, batch, tally, now))
    return tally


def portions(rows: Iterator[ParsedItem | Refusal]) -> Iterator[tuple[list[ParsedItem], list[Refusal]]]:
    while some := list(islice(rows, BATCH)):
        yield [r for r in some if isinstance(r, ParsedItem)], [r for r in some if isinstance(r, Refusal)]


def _store(batch: ImportBatch, items: Sequence[ParsedItem], refusals: Sequence[Refusal], done: int, tally: Tally) -> None:
    assert batch.source
    with transaction.atomic():
        new = save(items, batch.source, batch.at, live=False, past=batch.past).new
        Rejection.objects.bulk_create(rejections(batch, refusals))
        counts = {
            "rows": done + len(items) + len(refusals), "new": tally.new + new, "known": tally.known + len(items) - new,
            "refused": tally.refused + len(refusals),
        }  # fmt: skip
        ImportBatch.objects.filter(pk=batch.pk).update(first_post=batch.first_post, **counts)
    tally.add(new, len(items) - new, refusals)
    for name, value in counts.items():
        setattr(batch, name, value)


def rejections(batch: ImportBatch, refusals: Sequence[Refusal]) -> list[Rejection]:
    return [
        Rejection(batch=batch, row=r.row, field=r.field[:80], reason=r.reason[:300], cells=dict(r.cells)) for r in refusals
    ]


def _end(batch: ImportBatch, tally: Tally, now: datetime) -> None:
    assert batch.source
    said = tally.report()
    with transaction.atomic():
        batch.state, batch.ended_at, batch.rows = State.DONE, real_now(), tally.rows
        batch.last_post = Post.objects.aggregate(top=Max("id"))["top"] or 0
        batch.report = {name: said[name] for name in ("warnings", "unknown_headers", "not_stored_headers")}
        batch.save()
        detail = f"{batch.name}：新增 {tally.new}，已有 {tally.known}，退回 {tally.refused}"
        changes: dict[str, Any] = {"detail": detail[:500], "last_run_at": now, "last_ok_at": now}
        if tally.new:
            changes["last_item_at"] = now
        Source.objects.filter(pk=batch.source.pk).update(**changes)


def guarded(name: str, where: str, write: Callable[[], T]) -> T:
    try:
        return write()
    except Error as e:
        raise Unreadable(f"{name}：{where}（{e}）；之前的行已保存，排除故障后重新导入同一文件即可，不会重复") from e


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
