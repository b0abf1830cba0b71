"""监看文件夹: a vendor's files appear in it, are taken in, and go to 完成 or 失败 with a report beside them.

A file is taken when it has stood still for a while: who writes slowly is left to finish, and names that say "not
yet" (.part, .tmp, a leading dot) wait for their renaming. Rename into the folder when the file is whole.
"""

from __future__ import annotations

import logging
import os
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from archive import approval
from archive.models import Source
from config.clock import real_now
from crawlers import importing, schedule
from crawlers.models import ImportBatch
from crawlers.rows import Tally
from crawlers.schedule import Run

log = logging.getLogger(__name__)
UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".filepart", ".download", ".swp")
TAKING, DONE, FAILED, REPORT = ".taking", "完成", "失败", ".结果.txt"
PENDING = ("waiting", "running")
STILL_S = 10.0  # seconds without a write after which a file counts as whole
WHOLE_WITHIN_S = 600.0  # a workbook without its end is waited for so long, then taken and told as broken
KEEP_DAYS = 7  # files in 完成 hold columns about persons: they go after a week


class FolderRefused(Exception):
    """A folder that may not be watched, with the reason."""


def place_of(source: Source) -> Path:
    """The folder of a source: a path below the data folder, or below one of HUIYING_WATCH_ROOTS. Raises FolderRefused."""
    said = str(source.options.get("path", "")).strip()
    if not said:
        raise FolderRefused("没有写明文件夹")
    path = (Path(settings.DATA) / said).resolve()
    roots = [Path(settings.DATA) / "inbox", *map(Path, settings.WATCH_ROOTS)]
    if not any(path.is_relative_to(root.resolve()) for root in roots):
        raise FolderRefused(f"文件夹须在数据目录的 inbox/ 之下，或在 HUIYING_WATCH_ROOTS 之一之下：{said}")
    return path


def enabled() -> list[Source]:
    found = Source.objects.filter(kind=Source.Kind.FOLDER, enabled=True).order_by("pk")
    return [source for source in found if not approval.missing(source)]


def something_to_do(now: datetime) -> bool:
    """Whether a file is ready, or a folder is to be looked after: cheap enough for every second."""
    for source in enabled():
        if source.next_run_at is None or source.next_run_at <= now:
            return True
        with suppress(FolderRefused, OSError):
            if any(_ready(place_of(source))):
                return True
    return False


def collect(now: datetime) -> int:
    """Every ready file becomes a waiting batch and moves into .taking; how many did. A folder's health is its source's."""
    found = 0
    for source in enabled():
        started = now
        try:
            folder = place_of(source)
            folder.mkdir(parents=True, exist_ok=True)
            found += sum(_take(source, path, now) for path in [*_left_over(source, folder), *_ready(folder)])
            _tidy(folder)
        except (FolderRefused, OSError) as e:
            said = str(e) if isinstance(e, FolderRefused) else f"文件夹读不了：{e.strerror}"
            if source.next_run_at is None or source.next_run_at <= now:
                schedule.settle(source.pk, Run(started_at=started, state="failing", said=said), now)
            continue
        if source.next_run_at is None or source.next_run_at <= now:
            schedule.settle(source.pk, _seen(folder, started), now)
    return found


def _seen(folder: Path, started: datetime) -> Run:
    """A look that brought nothing; what lies in 失败 is a failure until somebody has taken it away."""
    lying = [p for p in (folder / FAILED).glob("*") if not p.name.endswith(REPORT)]
    if lying:
        return Run(started_at=started, state="failing", said=f"“{FAILED}”里有 {len(lying)} 个文件待处理，如 {lying[0].name}")
    return Run(started_at=started, state="alive", said="没有新文件")


def _ready(folder: Path) -> Iterator[Path]:
    """Whole files, the oldest first."""
    if not folder.is_dir():
        return
    now = real_now().timestamp()
    with os.scandir(folder) as entries:
        files = [(e.stat().st_mtime, e.path, e.name) for e in entries if e.is_file(follow_symlinks=False)]
    for changed, path, name in sorted(files):
        if name.startswith((".", "~$")) or name.lower().endswith(UNFINISHED) or not 0 <= now - changed < 1e12:
            continue
        still = now - changed
        if still >= STILL_S and (still >= WHOLE_WITHIN_S or _ends(Path(path))):
            yield Path(path)


def _ends(path: Path) -> bool:
    """Whether a file is whole as far as it can tell: a workbook's directory stands at its end."""
    with suppress(OSError):
        with path.open("rb") as file:
            packed = file.read(2) == b"PK"
        return zipfile.is_zipfile(path) if packed else path.stat().st_size > 0
    return False


def _left_over(source: Source, folder: Path) -> Iterator[Path]:
    """Files a killed importer had moved and not yet written down."""
    taking = folder / TAKING
    if taking.is_dir():
        known = set(ImportBatch.objects.filter(source=source, state__in=PENDING).values_list("path", flat=True))
        yield from (p for p in sorted(taking.iterdir()) if p.is_file() and str(p) not in known)


def _take(source: Source, path: Path, now: datetime) -> int:
    target = path if path.parent.name == TAKING else _free(path.parent / TAKING, path.name)
    target.parent.mkdir(exist_ok=True)
    if target != path:
        path.rename(target)
    size = target.stat().st_size
    importing.begin(
        path.name, importing.sha256(target), source, now, "监看文件夹", state=ImportBatch.State.WAITING, path=str(target),
        bytes=size, template=str(source.options.get("mapping", "")), started_at=None,
    )  # fmt: skip
    return 1


def done(batch: ImportBatch, path: Path, tally: Tally, now: datetime) -> None:
    """Move the file to 完成 with its report, and tell the source's health of it."""
    said = f"{batch.name}：新增 {batch.new}，已有 {batch.known}，退回 {batch.refused}"
    _file_away(path, DONE, [said, *(tally.report()["warnings"]), *_refusals(tally)])
    _settle(batch, Run(started_at=now, state="alive", said=said, fetched=batch.rows, new=batch.new), now)


def failed(batch: ImportBatch, path: Path, now: datetime) -> None:
    """Move the file to 失败 with the reason; the source is failing until a file goes well."""
    _file_away(path, FAILED, [batch.error, f"失败前已入库的行：新增 {batch.new}，已有 {batch.known}，退回 {batch.refused}"])
    _settle(batch, Run(started_at=now, state="failing", said=batch.error, fetched=batch.rows, new=batch.new), now)


def _settle(batch: ImportBatch, run: Run, now: datetime) -> None:
    assert batch.source_id
    schedule.settle(batch.source_id, run, now)
    if batch.new:
        Source.objects.filter(pk=batch.source_id).update(last_item_at=now)


def _refusals(tally: Tally) -> list[str]:
    lines = [f"第 {r['row']} 行 {r['field']}：{r['reason']}" for r in tally.rejected]
    more = tally.refused - len(lines)
    return [*lines, *([f"……另有 {more} 行被退回，见“导入”页"] if more > 0 else [])]


def _file_away(path: Path, where: str, lines: list[str]) -> None:
    if path.exists():
        target = _free(path.parent.parent / where, path.name)
        target.parent.mkdir(exist_ok=True)
        path.rename(target)
        try:
            target.with_name(target.name[-55:] + REPORT).write_text("\n".join(lines) + "\n")
        except OSError as e:
            log.warning("no report beside %s: %s", target, e)  # the page 导入 has it all


def _free(folder: Path, name: str) -> Path:
    """A path of this name in the folder, numbered when a file of an earlier day has it."""
    stem, suffix = os.path.splitext(name)
    taken = [folder / name, *(folder / f"{stem} ({n}){suffix}" for n in range(2, 10_000))]
    return next(p for p in taken if not p.exists())


def _tidy(folder: Path) -> None:
    before = real_now() - timedelta(days=KEEP_DAYS)
    kept = folder / DONE
    for path in kept.iterdir() if kept.is_dir() else ():
        if not path.name.endswith(REPORT) and path.stat().st_ctime < before.timestamp():
            path.unlink(missing_ok=True)


