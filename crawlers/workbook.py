"""The sheets of an XLSX workbook, streamed row by row.

openpyxl finds the parts and the date styles; the cells are read here, with lxml. Its own read-only rows trust the
sheet's <dimension> (some exporters write A1, some none, and then it parses the sheet twice), cannot tell a formula
without a saved value from an empty cell, and need 13 us a cell where this needs 3.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from lxml import etree
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.utils import column_index_from_string
from openpyxl.utils.datetime import from_excel

from crawlers.vendor import Uncomputed

_index_of = cache(column_index_from_string)
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")  # how Excel writes a character XML does not allow
# Vendors send files by mail: no entity is expanded, nothing is fetched.
_SAFELY = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}


ROWS_MOST = 1_048_576  # of a sheet; a higher number is no spreadsheet's, and the gap before it would be filled up


@dataclass(frozen=True)
class Part:
    """One sheet: its title, whether people see it, and where it lies in the archive."""

    title: str
    hidden: bool
    target: str


class Workbook:
    """An open workbook: its `sheets` in the order of their tabs, and the rows of each."""

    def __init__(self, path: str) -> None:
        """Raises what zip, XML and openpyxl raise for a file that is no whole workbook."""
        # An open file: of a path openpyxl wants a name that ends in .xlsx, whatever the file is.
        self._file = open(path, "rb")  # noqa: SIM115 closed by close()
        try:
            reader = ExcelReader(self._file, read_only=True)
        except BaseException:
            self._file.close()
            raise
        reader.read_manifest()
        reader.read_workbook()
        apply_stylesheet(reader.archive, reader.wb)
        self._archive, self._book = reader.archive, reader.wb
        self.sheets = [
            Part(s.name, s.state != "visible", rel.target)
            for s, rel in reader.parser.find_sheets()
            if "chartsheet" not in rel.Type
        ]
        self._shared: list[str] | None = None

    def close(self) -> None:
        self._archive.close()
        self._file.close()

    def rows(self, part: Part) -> Iterator[tuple[Any, ...]]:
        """Values from row 1 on; rows that the file leaves out come as empty ones. Raises ValueError and what XML raises."""
        if self._shared is None:
            self._shared = self._strings()
        strings, expected = self._shared, 1
        with self._archive.open(part.target) as source:
            for _, row in etree.iterparse(source, tag="{*}row", **_SAFELY):
                number = int(row.get("r") or expected)
                if number > ROWS_MOST:
                    raise ValueError(f"行号 {number} 超出工作表的 {ROWS_MOST} 行")
                for _ in range(expected, number):
                    yield ()
                expected = number + 1
                yield self._values(row, strings)
                row.clear()
                while row.getprevious() is not None:  # rows that were read would stay in the tree
                    del row.getparent()[0]

    def _strings(self) -> list[str]:
        part = next((n for n in self._archive.namelist() if n.lower() == "xl/sharedstrings.xml"), None)
        if part is None:
            return []
        found = []
        with self._archive.open(part) as source:
            for _, item in etree.iterparse(source, tag="{*}si", **_SAFELY):
                found.append(_text_in(item))
                item.clear()
                while item.getprevious() is not None:
                    del item.getparent()[0]
        return found

    def _values(self, row: Any, strings: Sequence[str]) -> tuple[Any, ...]:
        values: list[Any] = []
        for cell in row:
            reference = cell.get("r")
            column = _index_of(reference.rstrip("0123456789")) if reference else len(values) + 1
            values.extend([None] * (column - len(values)))
            values[column - 1] = value_of(cell, strings, self._book._date_formats, self._book.epoch)
        return tuple(values)


def value_of(cell: Any, strings: Sequence[str], date_styles: Collection[int], epoch: datetime) -> Any:
    """Text, number, datetime or None; Uncomputed for a formula nobody has calculated yet."""
    kind, text, formula = cell.get("t", "n"), None, False
    for part in cell:
        name = part.tag
        if name.endswith("}v"):
            text = part.text
        elif name.endswith("}is"):
            text = _text_in(part)
        elif name.endswith("}f"):
            formula = True
    if text is None:
        return Uncomputed if formula else None
    if kind == "s":
        return strings[int(text)]
    if kind != "n":
        return _unescaped(text)
    number = float(text) if not text.lstrip("-").isdigit() else int(text)
    if int(cell.get("s", 0)) in date_styles:
        try:
            return from_excel(number, epoch)
        except (ValueError, OverflowError):
            return number  # the reader of dates will refuse it by row
    return number


def _text_in(item: Any) -> str:
    """The text of a shared or inline string; phonetic guides (rPh) are no part of it."""
    parts = [t.text or "" for t in item.iter("{*}t") if not t.getparent().tag.endswith("}rPh")]
    return _unescaped(parts[0] if len(parts) == 1 else "".join(parts))


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda m: chr(int(m[1], 16)), text) if "_x" in text else text
