"""Rows of a file, or of a vendor's push, as items or refusals; and the sum of both."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from archive.privacy import mask
from crawlers.columns import Columns, Template, understand
from crawlers.posts import ParsedItem, clean
from crawlers.tables import Sheet
from crawlers.vendor import ID_LOST, Row, RowRefused, item_of, text_of

CELL_CHARS, CELLS_CHARS = 300, 3000  # of what a refused row said
OF_PERSONS = ("author", "author_id")


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A row that cannot be taken; `cells` is what of it may be stored, for whoever puts it right."""

    row: int
    field: str
    reason: str
    cells: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def said(self) -> dict[str, Any]:
        """As `huiying import` prints it."""
        return {"row": self.row, "field": self.field, "reason": self.reason}


@dataclass
class Tally:
    """What a file came to; `rows` = new + known + refused rows (commands.md)."""

    new: int = 0
    known: int = 0
    refused: int = 0
    rejected: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    keep: int | None = None  # refusals listed at most; None = all
    warnings: list[str] = dataclasses.field(default_factory=list)
    lost_ids: list[int] = dataclasses.field(default_factory=list)
    lost: int = 0
    unknown: dict[str, None] = dataclasses.field(default_factory=dict)  # ordered sets
    not_stored: dict[str, None] = dataclasses.field(default_factory=dict)

    @property
    def rows(self) -> int:
        return self.new + self.known + self.refused

    def add(self, new: int, known: int, refusals: Iterable[Refusal]) -> None:
        self.new, self.known = self.new + new, self.known + known
        for refusal in refusals:
            self.refused += 1
            if self.keep is None or len(self.rejected) < self.keep:
                self.rejected.append(refusal.said())

    def report(self) -> dict[str, Any]:
        warnings = list(self.warnings)
        if self.lost:
            some = "、".join(map(str, self.lost_ids)) + ("……" if self.lost > len(self.lost_ids) else "")
            warnings.append(f"{self.lost} 行的{ID_LOST}（行 {some}）；请把该列设为文本后重新导出")
        return {
            "rows": self.rows,
            "new": self.new,
            "known": self.known,
            "rejected": self.rejected,
            "warnings": warnings,
            "unknown_headers": list(self.unknown),
            "not_stored_headers": list(self.not_stored),
        }


def parsed(sheet: Sheet, template: Template | None, tally: Tally) -> Iterator[ParsedItem | Refusal]:
    """Each row as an item, or why not; notes about whole columns go to the tally."""
    understood: dict[tuple[str, ...], Columns] = {}
    defaults = template.defaults if template else {}
    for number, cells in sheet.rows:
        columns: Columns | None = None
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
            kept = storable(cells, columns) if columns and isinstance(cells, dict) else {}
            where = f"（工作表“{sheet.part}”）" if sheet.part else ""
            yield Refusal(row=number, field=e.field, reason=e.reason + where, cells=kept)
        else:
            if ID_LOST in item.notes:
                tally.lost += 1
                if len(tally.lost_ids) < 10:
                    tally.lost_ids.append(number)
            yield item


def storable(cells: Mapping[str, Any], columns: Columns) -> dict[str, str]:
    """The cells of columns we know and that say nothing about persons, masked and clipped."""
    kept: dict[str, str] = {}
    room = CELLS_CHARS
    for name, headers in columns.fields.items():
        for header in () if name in OF_PERSONS else headers:
            value = cells.get(header)
            text = mask(clean(text_of(value) if not isinstance(value, (dict, list, type)) else "（不是文字）"))[:CELL_CHARS]
            if text and room > 0:
                kept[header] = text[:room]
                room -= len(text)
    return kept
