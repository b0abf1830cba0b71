"""Files as rows: XLSX, CSV (utf-8, gb18030, utf-16), JSON lines; streamed, numbered as a spreadsheet shows them."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import json
import zipfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crawlers.columns import ALIASES, is_known
from crawlers.vendor import RowRefused, Uncomputed

HEADER_ROWS = 10  # exports put a title or a query line above their header
UNPACKED_MAX = 2 << 30  # bytes; a larger workbook is a zip bomb or belongs into CSV
csv.field_size_limit(1 << 20)  # characters; an unclosed quote would swallow the rest of the file


class Unreadable(Exception):
    """A file that cannot be taken at all; the message says where and why."""


@dataclass
class Sheet:
    """The header as written and the rows after it: (number, cells by header, or why the row is refused)."""

    header: list[str]
    rows: Iterator[tuple[int, dict[str, Any] | RowRefused]]
    exact_numbers: bool
    warnings: list[str] = field(default_factory=list)


@contextmanager
def open_sheet(path: Path) -> Iterator[Sheet]:
    """Raises Unreadable: missing, empty, broken, another format, no known header."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as e:
        raise Unreadable(f"{path.name}：无法读取（{e.strerror}）") from e
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        raise Unreadable(f"{path.name}：文件是空的")
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable(f"{path.name}：旧版 .xls 或加密的工作簿；请另存为不加密的 .xlsx")
    with (_xlsx if head.startswith(b"PK") else _text)(path, head) as sheet:
        yield sheet


# --- XLSX ---------------------------------------------------------------------------------------------------


@contextmanager
def _xlsx(path: Path, _head: bytes) -> Iterator[Sheet]:
    from openpyxl import load_workbook  # 0.2 s that CSV and JSONL need not wait for

    books = []
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(part.file_size for part in archive.infolist()) > UNPACKED_MAX:
                raise Unreadable(f"{path.name}：解压后超过 2 GB；请拆分或导出为 CSV")
        books.append(load_workbook(path, read_only=True, data_only=True))
        sheet = books[0].worksheets[0]
        formulas = None
        if _has_formulas(path, sheet):
            books.append(load_workbook(path, read_only=True))
            formulas = books[1].worksheets[0]
        yield _sheet_of(path, sheet, formulas, [s.title for s in books[0].worksheets[1:]])
    except Unreadable:
        raise
    except (zipfile.BadZipFile, KeyError, IndexError, SyntaxError, ValueError, OSError, EOFError) as e:
        # openpyxl lets the errors of zip, XML (a SyntaxError) and its own lookups through as they are
        raise Unreadable(f"{path.name}：不是完整的 XLSX 工作簿（{type(e).__name__}: {str(e)[:120]}）") from e
    finally:
        for book in books:
            book.close()


def _has_formulas(path: Path, sheet: Any) -> bool:
    """Whether the sheet's XML holds an <f>; only then is it worth reading twice."""
    with zipfile.ZipFile(path) as archive, archive.open(sheet._worksheet_path) as part:
        tail = b""
        while chunk := part.read(1 << 20):
            if b"<f>" in (text := tail + chunk) or b"<f " in text or b"<f/>" in text:
                return True
            tail = chunk[-4:]
    return False


def _sheet_of(path: Path, sheet: Any, formulas: Any, others: list[str]) -> Sheet:
    values = _cells(sheet, formulas)
    header, at = _find_header(path, values)
    notes = [f"只读取第一个工作表“{sheet.title}”，未读取：{'、'.join(others)}"] if others else []

    def rows() -> Iterator[tuple[int, dict[str, Any] | RowRefused]]:
        for number, cells in enumerate(values, start=at + 1):
            if any(cell not in (None, "") for cell in cells):
                yield number, dict(zip(header, cells, strict=False))

    return Sheet(header, rows(), exact_numbers=False, warnings=notes)


def _cells(sheet: Any, formulas: Any) -> Iterator[tuple[Any, ...]]:
    """Rows of values from row 1 on; a formula without a saved value is Uncomputed."""
    sheet.reset_dimensions()  # some exporters write a size of A1, and one cell would be all that is read
    if formulas is None:
        yield from sheet.iter_rows(values_only=True)
        return
    formulas.reset_dimensions()
    for values, row in zip(sheet.iter_rows(values_only=True), formulas.iter_rows(), strict=True):
        yield tuple(
            Uncomputed if cell.data_type == "f" and value is None else value
            for value, cell in zip(values, row, strict=True)
        )


def _find_header(path: Path, values: Iterator[Any]) -> tuple[list[str], int]:
    """The header (of the first rows the one with most known names) and its row number, counted from 1."""
    first: list[str] = []
    for number, cells in enumerate(itertools.islice(values, HEADER_ROWS), start=1):
        names = [str(c).strip() if c is not None and c is not Uncomputed else "" for c in cells]
        first = first or [n for n in names if n]
        known = sum(map(is_known, names))
        if known >= 2 or (known == 1 and len([n for n in names if n]) == 1):
            # of two columns with one name the first counts; "" is taken for no column
            return [n if n not in names[:i] else "" for i, n in enumerate(names)], number
    if not first:
        raise Unreadable(f"{path.name}：文件里没有数据")
    raise Unreadable(unknown_header(path, first))


def unknown_header(path: Path, seen: list[str]) -> str:
    wanted = "、".join(names[0] for field_, names in ALIASES.items() if field_ in ("headline", "title", "body"))
    return (
        f"{path.name}：认不出表头。读到：{'、'.join(s[:20] for s in seen[:40])}；"
        f"至少要有一列是：{wanted}（或用 --mapping 指定 mappings.toml 里的模板）"
    )


# --- text ---------------------------------------------------------------------------------------------------


@contextmanager
def _text(path: Path, head: bytes) -> Iterator[Sheet]:
    encoding = _encoding(path, head)
    if "\0" in head.decode(encoding, "replace"):
        raise Unreadable(f"{path.name}：不是 XLSX、CSV 或 JSONL 文件")
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        start = head.decode(encoding, "replace").lstrip("\ufeff \t\r\n")
        if start.startswith("["):
            raise Unreadable(f"{path.name}：是一个 JSON 数组；请每行写一个对象（JSONL）")
        yield _jsonl(file) if start.startswith("{") else _csv(path, file, encoding)


def _encoding(path: Path, head: bytes) -> str:
    """UTF-8 when the whole file is, UTF-16 by its mark, else what makes more of the first line known headers."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if _decodes(path, "utf-8"):
        return "utf-8-sig"
    line = head.splitlines()[0]

    def known(encoding: str) -> int:
        text = line.decode(encoding, "replace")
        return max(sum(map(is_known, text.split(d))) for d in ",\t;|")

    return "utf-8-sig" if known("utf-8-sig") > known("gb18030") else "gb18030"


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        try:
            while chunk := file.read(1 << 20):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _jsonl(file: io.TextIOBase) -> Sheet:
    """Line numbers are row numbers: there is no header, the first line is 1."""

    def rows() -> Iterator[tuple[int, dict[str, Any] | RowRefused]]:
        for number, line in enumerate(file, start=1):
            text = line.strip("\ufeff \t\r\n")
            if text:
                yield number, _object(text)

    return Sheet([], rows(), exact_numbers=True)


def _object(text: str) -> dict[str, Any] | RowRefused:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as e:
        return RowRefused("", f"不是有效的 JSON：{str(e)[:120]}")
    return value if isinstance(value, dict) else RowRefused("", "这一行不是 JSON 对象")


def _csv(path: Path, file: io.TextIOBase, encoding: str) -> Sheet:
    first = file.readline()
    delimiter = max(",\t;|", key=lambda d: (sum(map(is_known, _split(first, d))), first.count(d)))
    file.seek(0)
    records = _records(file, delimiter)
    header, at = _find_header(path, (cells for cells in records if isinstance(cells, list)))

    def rows() -> Iterator[tuple[int, dict[str, Any] | RowRefused]]:
        for number, cells in enumerate(records, start=at + 1):
            if isinstance(cells, RowRefused):
                yield number, cells
            elif len(cells) > len(header) and any(c.strip() for c in cells[len(header) :]):
                yield number, RowRefused("", f"有 {len(cells)} 列，表头只有 {len(header)} 列；正文里的分隔符要加引号")
            elif any(c.strip() for c in cells):
                yield number, dict(zip(header, cells, strict=False))

    return Sheet(header, rows(), exact_numbers=True)


def _split(line: str, delimiter: str) -> list[str]:
    return [part.strip().strip('"') for part in line.lstrip("\ufeff").split(delimiter)]


def _records(file: io.TextIOBase, delimiter: str) -> Iterator[list[str] | RowRefused]:
    """Records of a CSV. One that breaks the rules of quoting is refused, and reading resumes at its next line."""
    pending: list[str] = []  # the physical lines of the record being read
    again: deque[str] = deque()  # lines to be read once more

    def lines() -> Iterator[str]:
        while line := again.popleft() if again else file.readline():
            pending.append(line)
            yield line

    while True:
        reader = csv.reader(lines(), delimiter=delimiter, strict=True)
        try:
            for record in reader:
                pending.clear()
                yield record
            return
        except csv.Error as e:
            broken = pending[:]
            pending.clear()
            yield _lenient(broken, delimiter) if len(broken) == 1 else RowRefused("", f"引号没有配对：{e}")
            again.extendleft(reversed(broken[1:]))


def _lenient(broken: list[str], delimiter: str) -> list[str]:
    """A one-line record with a stray quote, read the forgiving way; a wrong number of cells is noticed later."""
    return next(csv.reader(broken, delimiter=delimiter))
