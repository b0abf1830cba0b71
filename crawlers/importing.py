"""A vendor's file into the posts table: every row is new, known or rejected with field and reason."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.db import Error, transaction

from archive.models import Source
from crawlers.columns import Columns, Template, is_known, load_mappings, understand
from crawlers.models import ImportBatch, Rejection
from crawlers.posts import BATCH, ParsedItem, key_of, known_keys, save
from crawlers.tables import Sheet, Unreadable, open_sheet, unknown_header
from crawlers.vendor import ID_LOST, Row, RowRefused, item_of

SOURCE_NAME = "文件导入"
T = TypeVar("T")
Refusal = dict[str, Any]  # {"row", "field", "reason"}


@dataclass
class Tally:
    """What `huiying import` prints; `rows` = new + known + rejected rows (commands.md)."""

    new: int = 0
    known: int = 0
    rejected: list[Refusal] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    lost_ids: list[int] = field(default_factory=list)
    unknown: dict[str, None] = field(default_factory=dict)  # ordered sets
    not_stored: dict[str, None] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return self.new + self.known + len(self.rejected)

    def report(self) -> dict[str, Any]:
        warnings = list(self.warnings)
        if self.lost_ids:
            some = "、".join(map(str, self.lost_ids[:10])) + ("……" if len(self.lost_ids) > 10 else "")
            warnings.append(f"{len(self.lost_ids)} 行的{ID_LOST}（行 {some}）；请把该列设为文本后重新导出")
        return {
            "rows": self.rows,
            "new": self.new,
            "known": self.known,
            "rejected": self.rejected,
            "warnings": warnings,
            "unknown_headers": list(self.unknown),
            "not_stored_headers": list(self.not_stored),
        }


def import_file(
    path: Path,
    now: datetime,
    *,
    mapping: str | None = None,
    dry_run: bool = False,
    progress: Callable[[int], object] | None = None,
) -> dict[str, Any]:
    """Take one file in; `progress` hears of each batch's number of rows. The same file twice changes nothing.

    Raises Unreadable (nothing to read, or the database refused: what was stored before stays), ConfigError.
    """
    template = _template(mapping)
    tally = Tally()
    with open_sheet(path, lambda header: is_known(header, template)) as sheet:
        if sheet.header and not understand(sheet.header, template).usable:
            raise Unreadable(unknown_header(path, [h for h in sheet.header if h]))
        opened: Callable[[], _Rehearsal | _Intake] = _Rehearsal if dry_run else partial(_Intake, path, now)
        intake = _guarded(path, "未能开始写入数据库", opened)
        tally.warnings += sheet.warnings
        parsed = _parsed(sheet, template, tally)
        while batch := list(islice(parsed, BATCH)):
            refused = [r for r in batch if isinstance(r, dict)]
            items = [i for i in batch if isinstance(i, ParsedItem)]
            where = f"第 {_row(batch[0])} 行起未能写入数据库"
            new = _guarded(path, where, partial(intake.take, items, refused))
            tally.new, tally.known = tally.new + new, tally.known + len(items) - new
            tally.rejected += refused
            if progress:
                progress(len(batch))
        _guarded(path, "各行已保存，导入记录未能写完", partial(intake.close, tally))
    return tally.report()


def _template(name: str | None) -> Template | None:
    if not name:
        return None
    known = load_mappings(Path(settings.POLICY))
    if name not in known:
        raise Unreadable(f"mappings.toml 里没有模板“{name}”；现有：{'、'.join(known) or '无'}")
    return known[name]


def _parsed(sheet: Sheet, template: Template | None, tally: Tally) -> Iterator[ParsedItem | Refusal]:
    """Each row as an item, or why not; notes about whole columns go to the tally."""
    understood: dict[tuple[str, ...], Columns] = {}
    defaults = template.defaults if template else {}
    for number, cells in sheet.rows:
        try:
            if isinstance(cells, RowRefused):
                raise cells
            names = tuple(cells)
            if (columns := understood.get(names)) is None:
                columns = understood[names] = understand(names, template)
                tally.unknown.update(dict.fromkeys(columns.unknown))
                tally.not_stored.update(dict.fromkeys(columns.not_stored))
            if not columns.usable:
                raise RowRefused("", f"没有认得的标题或正文字段；读到：{'、'.join(names)[:120]}")
            item = item_of(Row(cells, columns, defaults), number, exact_numbers=sheet.exact_numbers)
        except RowRefused as e:
            yield {"row": number, "field": e.field, "reason": e.reason}
        else:
            if ID_LOST in item.notes:
                tally.lost_ids.append(number)
            yield item


def _row(entry: ParsedItem | Refusal) -> int:
    return entry.row if isinstance(entry, ParsedItem) else entry["row"]


def _guarded(path: Path, where: str, write: Callable[[], T]) -> T:
    try:
        return write()
    except Error as e:
        raise Unreadable(
            f"{path.name}：{where}（{e}）；之前的行已保存，排除故障后重新导入同一文件即可，不会重复"
        ) from e


class _Rehearsal:
    """--dry-run: the same counts, nothing written."""

    def __init__(self) -> None:
        self.source = Source.objects.filter(name=SOURCE_NAME).first() or Source(name=SOURCE_NAME, kind=Source.Kind.FILE)
        self._seen: set[bytes] = set()  # 16 bytes of each key: 200,000 rows take some 20 MB

    def take(self, items: list[ParsedItem], refused: list[Refusal]) -> int:
        keys = {key_of(item, self.source) for item in items}
        fresh = {bytes.fromhex(k[:32]) for k in keys - known_keys(list(keys))} - self._seen
        self._seen |= fresh
        return len(fresh)

    def close(self, tally: Tally) -> None:
        pass


class _Intake:
    """The real thing: posts, rejections and the batch's counts are stored together, batch by batch."""

    def __init__(self, path: Path, now: datetime) -> None:
        self.now = now
        self.source, _ = Source.objects.get_or_create(
            name=SOURCE_NAME,
            defaults={"kind": Source.Kind.FILE, "outlet": Source.Outlet.INDIVIDUAL, "state": Source.State.ALIVE},
        )
        self.batch = ImportBatch.objects.create(name=path.name[:255], sha256=_sha256(path), at=now)

    def take(self, items: list[ParsedItem], refused: list[Refusal]) -> int:
        rejections = [
            Rejection(batch=self.batch, row=r["row"], field=r["field"][:80], reason=r["reason"][:300]) for r in refused
        ]
        return save(
            items, self.source, self.now, live=False, also=lambda: Rejection.objects.bulk_create(rejections)
        ).new

    def close(self, tally: Tally) -> None:
        with transaction.atomic():
            self.batch.rows, self.batch.new, self.batch.known = tally.rows, tally.new, tally.known
            self.batch.save()
            self.source.detail = f"{self.batch.name}：新增 {tally.new}，已有 {tally.known}，退回 {len(tally.rejected)}"[:500]
            self.source.last_run_at = self.source.last_ok_at = self.now
            if tally.new:
                self.source.last_item_at = self.now
            self.source.save(update_fields=["detail", "last_run_at", "last_ok_at", "last_item_at"])


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
