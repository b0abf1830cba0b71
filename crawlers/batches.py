"""导入批次 from upload to undo: what the page asks for, and the steps the importer then takes."""

from __future__ import annotations

import hashlib
import re
import shutil
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import Error, transaction

from archive.models import Change, Post
from archive.privacy import mask
from config.clock import real_now
from crawlers import folders, importing
from crawlers.columns import FIELDS, NEVER_STORED, Template, fold_header, is_known, understand
from crawlers.importing import opened, rehearse, take_in
from crawlers.models import ImportBatch
from crawlers.posts import BATCH, ParsedItem, post_of
from crawlers.rows import OF_PERSONS, Refusal, Tally, parsed
from crawlers.tables import Unreadable, open_sheet

UPLOAD_MAX = 2 << 30  # bytes
SHOWN_ROWS = 10
SHOWN_REFUSALS = 200
PROGRESS_ROWS = 5_000
State = ImportBatch.State
TO_DO = (State.CHECKING, State.WAITING, State.RUNNING, State.UNDOING)


@dataclass(frozen=True)
class Column:
    """One column of a file as the page shows it: `field` "" = not taken; `why`: known, template, unknown, never."""

    header: str
    field: str
    why: str
    example: str = ""


@dataclass(frozen=True)
class Preview:
    """How the file would be stored: its columns, its first rows as posts or refusals, what is to be said of it."""

    columns: Sequence[Column]
    rows: Sequence[Post | Refusal]
    warnings: Sequence[str]
    usable: bool


def upload(name: str, chunks: Iterable[bytes], by: str, now: datetime) -> ImportBatch:
    """Keep an uploaded file until it is taken in or dropped. Raises Unreadable when it is larger than UPLOAD_MAX."""
    name = re.sub(r"[\\/\x00-\x1f]", "_", name).strip(". ")[-60:] or "未命名"  # 60 characters are at most 240 bytes
    folder = settings.DATA / "imports" / uuid.uuid4().hex
    folder.mkdir(parents=True)
    digest, size = hashlib.sha256(), 0
    with (folder / name).open("wb") as file:
        for chunk in chunks:
            size += len(chunk)
            if size > UPLOAD_MAX:
                shutil.rmtree(folder)
                raise Unreadable(f"{name}：超过 2 GB；请拆分")
            digest.update(chunk)
            file.write(chunk)
    kept = str((folder / name).relative_to(settings.DATA))
    return importing.begin(
        name, digest.hexdigest(), importing.source(), now, by, state=State.UPLOADED, path=kept, bytes=size, started_at=None
    )


def path_of(batch: ImportBatch) -> Path:
    """Where its file is; a watched folder may lie outside the data folder, then the path is absolute."""
    return Path(settings.DATA) / batch.path


def template_of(batch: ImportBatch) -> Template:
    """What the person decided on the page, over what the chosen template says."""
    base = importing.template_of(batch.template) or Template()
    said = batch.mapping
    return Template(
        name=base.name, columns={**base.columns, **said.get("columns", {})},
        defaults={**base.defaults, **said.get("defaults", {})},
    )  # fmt: skip


def preview(batch: ImportBatch, now: datetime) -> Preview:
    """Raises Unreadable. A file none of whose headers is known can still be shown, for a person to say what they are."""
    path, template = path_of(batch), template_of(batch)
    try:
        return _preview(path, template, now, lambda header: is_known(header, template))
    except Unreadable as e:
        if "表头" not in str(e):
            raise
        return _preview(path, template, now, lambda header: bool(fold_header(header)))


def _preview(path: Path, template: Template, now: datetime, known: Callable[[object], bool]) -> Preview:
    like = importing.source()
    with open_sheet(path, known) as sheet:
        first = list(islice(sheet.rows, SHOWN_ROWS))
        cells = [row for _, row in first if isinstance(row, dict)]
        headers = list(dict.fromkeys([*sheet.header, *(name for row in cells for name in row)]))
        sheet.rows = iter(first)
        tally = Tally(warnings=sheet.warnings)
        rows = list(parsed(sheet, template, tally))
        shown = [post_of(r, like, now, live=False) if isinstance(r, ParsedItem) else r for r in rows]
        columns = [_column(h, template, cells) for h in headers if fold_header(h)]
        return Preview(columns, shown, tally.report()["warnings"], understand(headers, template).usable)


def _column(header: str, template: Template, cells: Sequence[Mapping[str, Any]]) -> Column:
    folded = fold_header(header)
    if folded in NEVER_STORED:
        return Column(header, "", "never")  # and no example of it
    fields = understand([header], template).fields
    why = "template" if folded in template.columns else "known" if fields else "unknown"
    field = next(iter(fields), "")
    example = next((str(row[header]) for row in cells if row.get(header) not in (None, "")), "")
    return Column(header, field, why, "（只存化名）" if field in OF_PERSONS else mask(example)[:60])


def decide(batch: ImportBatch, columns: Mapping[str, str], defaults: Mapping[str, str], template: str) -> None:
    """Keep what the page says of the columns. Raises Unreadable naming what is no field or no template."""
    importing.template_of(template)
    said = {fold_header(h): f for h, f in columns.items() if fold_header(h) and fold_header(h) not in NEVER_STORED}
    wrong = [f for f in [*said.values(), *defaults] if f and f not in FIELDS]
    if wrong:
        raise Unreadable(f"没有字段“{wrong[0]}”")
    batch.mapping = {"columns": said, "defaults": {f: v.strip() for f, v in defaults.items() if v.strip()}}
    batch.template = template
    batch.save(update_fields=["mapping", "template"])


def ask(batch_id: int, wanted: State, allowed: Sequence[State], **more: Any) -> bool:
    """Move a batch to `wanted` if it is in one of `allowed`: pressing twice is the same as once."""
    return ImportBatch.objects.filter(pk=batch_id, state__in=allowed).update(state=wanted, **more) == 1


def drop(batch: ImportBatch) -> None:
    """The uploaded file is not wanted: it goes at once, the row says so."""
    if ask(batch.pk, State.DROPPED, [State.UPLOADED, State.FAILED], path="", ended_at=real_now()):
        _remove(batch)


# --- the importer's steps -----------------------------------------------------------------------------------


def to_do() -> ImportBatch | None:
    """The batch whose turn it is. Files of commands are read by those themselves and have no path."""
    waiting = ImportBatch.objects.filter(state__in=TO_DO).exclude(path="", state=State.RUNNING)
    return waiting.order_by("at", "id").first()


def work(batch: ImportBatch, now: datetime, stopping: Callable[[], bool], aside: Callable[[], object]) -> None:
    """Do what is asked of this batch; `aside` is called now and then in between. An error of the file becomes the batch's.

    Raises django.db.Error: the batch stays as it is and is taken up again.
    """
    try:
        if batch.state == State.UNDOING:
            undo_step(batch, now, stopping)
        elif batch.state == State.CHECKING:
            _check(batch, aside)
        else:
            _run(batch, now, stopping, aside)
    except Unreadable as e:
        if isinstance(e.__cause__, Error):
            raise e.__cause__ from e
        _failed(batch, str(e), now)


def _check(batch: ImportBatch, aside: Callable[[], object]) -> None:
    done = 0

    def progress(rows: int) -> None:
        nonlocal done
        done += rows
        if done % PROGRESS_ROWS < rows:
            ImportBatch.objects.filter(pk=batch.pk).update(report={"checked": done})
            aside()

    tally = rehearse(path_of(batch), template_of(batch), keep=SHOWN_REFUSALS, progress=progress)
    trial = {**tally.report(), "refused": tally.refused}
    ImportBatch.objects.filter(pk=batch.pk, state=State.CHECKING).update(state=State.UPLOADED, report={"trial": trial})


def _run(batch: ImportBatch, now: datetime, stopping: Callable[[], bool], aside: Callable[[], object]) -> None:
    path = path_of(batch)
    if batch.started_at is None or batch.state == State.WAITING:
        batch.state, batch.error = State.RUNNING, ""
        batch.started_at = batch.started_at or real_now()
        batch.save(update_fields=["state", "started_at", "error"])
    template = template_of(batch)
    with opened(path, template) as sheet:
        tally = Tally(warnings=sheet.warnings, keep=SHOWN_REFUSALS)
        take_in(batch, sheet, template, now, tally, progress=lambda rows: aside(), stopping=stopping)
    if batch.state == State.DONE:
        if batch.source and batch.source.kind == "folder":
            folders.done(batch, path, tally, now)
        _remove(batch)


def _failed(batch: ImportBatch, error: str, now: datetime) -> None:
    if batch.state == State.CHECKING:
        ImportBatch.objects.filter(pk=batch.pk).update(state=State.UPLOADED, error=error[:500], report={})
        return
    ImportBatch.objects.filter(pk=batch.pk).update(state=State.FAILED, error=error[:500], ended_at=real_now())
    batch.error = error[:500]
    if batch.source and batch.source.kind == "folder":
        folders.failed(batch, path_of(batch), now)
        ImportBatch.objects.filter(pk=batch.pk).update(path="")


def _remove(batch: ImportBatch) -> None:
    """The file held columns about persons: it goes as soon as it has been taken in."""
    path = path_of(batch)
    if batch.path and path.parent.parent == Path(settings.DATA) / "imports":
        shutil.rmtree(path.parent, ignore_errors=True)
    ImportBatch.objects.filter(pk=batch.pk).update(path="")


def posts_of(batch: ImportBatch) -> Any:
    """The posts this batch brought that are still there."""
    span = (batch.first_post or 0, batch.last_post if batch.last_post is not None else 1 << 62)
    return Post.objects.filter(pk__range=span, source=batch.source, received_at=batch.at, withdrawn_at=None)


def undo_step(batch: ImportBatch, now: datetime, stopping: Callable[[], bool]) -> None:
    """Withdraw the batch's posts, but for those an event rests on: these stay, and are counted.

    A withdrawn post gives its key back, so that the same file, put right, brings it again.
    """
    after = 0
    while not stopping():
        ids = list(posts_of(batch).filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:BATCH])
        if not ids:
            kept = posts_of(batch).count()
            ImportBatch.objects.filter(pk=batch.pk).update(state=State.UNDONE, kept=kept, ended_at=real_now())
            return
        after = ids[-1]
        with transaction.atomic():
            free = list(
                Post.objects.select_for_update(of=("self",))
                .filter(pk__in=ids, withdrawn_at=None)
                .exclude(reading__event__isnull=False)
                .only("key")
            )
            for post in free:
                post.key = hashlib.sha256(f"undone\0{batch.pk}\0{post.key}".encode()).hexdigest()
                post.withdrawn_at, post.unread = now, False
            Post.objects.bulk_update(free, ["key", "withdrawn_at", "unread"])
            Change.objects.bulk_create(Change(post=post) for post in free)
            batch.undone += len(free)
            ImportBatch.objects.filter(pk=batch.pk).update(undone=batch.undone)
