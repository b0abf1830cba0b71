"""Files as rows: XLSX, CSV (utf-8, gb18030, utf-16), JSON lines; streamed, numbered as a spreadsheet shows them."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import json
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crawlers.columns import ALIASES, is_known
from crawlers.vendor import RowRefused, Uncomputed

Known = Callable[[object], bool]
DELIMITERS = ",\t;|"
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
def open_sheet(path: Path, known: Known = is_known) -> Iterator[Sheet]:
    """`known` tells the headers a file may have. Raises Unreadable: missing, empty, broken, another format, no known header."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as e:
        raise Unreadable(f"{path.name}：无法读取（{e.strerror}）") from e
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        raise Unreadable(f"{path.name}：文件是空的")
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable(f"{path.name}：旧版 .xls 或加密的工作簿；请另存为不加密的 .xlsx")
    with (_xlsx if head.startswith(b"PK") else _text)(path, head, known) as sheet:
        yield sheet


# --- XLSX ---------------------------------------------------------------------------------------------------


@contextmanager
def _xlsx(path: Path, _head: bytes, known: Known) -> Iterator[Sheet]:
    with ExitStack() as closing:
        with _broken_means_unreadable(path):
            sheet = _first_sheet(path, closing, known)
        yield sheet


@contextmanager
def _broken_means_unreadable(path: Path) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, KeyError, IndexError, SyntaxError, ValueError, OSError, EOFError) as e:
        # openpyxl lets the errors of zip, XML (a SyntaxError) and its own lookups through as they are
        raise Unreadable(f"{path.name}：不是完整的 XLSX 工作簿（{type(e).__name__}: {str(e)[:120]}）") from e


def _first_sheet(path: Path, closing: ExitStack, known: Known) -> Sheet:
    from crawlers.workbook import Workbook  # openpyxl: 0.2 s that CSV and JSONL need not wait for

    with zipfile.ZipFile(path) as archive:
        if sum(part.file_size for part in archive.infolist()) > UNPACKED_MAX:
            raise Unreadable(f"{path.name}：解压后超过 2 GB；请拆分或导出为 CSV")
    book = Workbook(str(path))
    closing.callback(book.close)
    return _sheet_of(path, book.rows(), known, book.titles)


def _sheet_of(path: Path, values: Iterator[Any], known: Known, titles: list[str]) -> Sheet:
    header, at, values = _find_header(path, values, known)
    notes = [f"只读取第一个工作表“{titles[0]}”，未读取：{'、'.join(titles[1:])}"] if titles[1:] else []

    def rows() -> Iterator[tuple[int, dict[str, Any] | RowRefused]]:
        for number in itertools.count(at + 1):
            with _broken_means_unreadable(path):
                cells = next(values, None)
            if cells is None:
                return
            if any(cell not in (None, "") for cell in cells):
                yield number, dict(zip(header, cells, strict=False))

    return Sheet(header, rows(), exact_numbers=False, warnings=notes)


def _find_header(path: Path, rows: Iterator[Any], known: Known) -> tuple[list[str], int, Iterator[Any]]:
    """The header (of the first rows the one with most known names), its number from 1, and the rows after it."""
    first = list(itertools.islice(rows, HEADER_ROWS))
    names = [[_name(cell) for cell in row] if not isinstance(row, RowRefused) else [] for row in first]
    if not any(any(row) for row in names):
        raise Unreadable(f"{path.name}：文件里没有数据")
    best = max(range(len(names)), key=lambda i: (sum(map(known, names[i])), -i))
    if not any(map(known, names[best])):
        raise Unreadable(unknown_header(path, next(filter(any, names))))
    # of two columns with one name the first counts; "" is taken for no column
    header = [n if n not in names[best][:i] else "" for i, n in enumerate(names[best])]
    return header, best + 1, itertools.chain(first[best + 1 :], rows)


def _name(cell: object) -> str:
    return str(cell).strip() if cell is not None and cell is not Uncomputed else ""


def unknown_header(path: Path, seen: list[str]) -> str:
    wanted = "、".join(names[0] for field_, names in ALIASES.items() if field_ in ("headline", "title", "body"))
    return (
        f"{path.name}：认不出表头。读到：{'、'.join(s[:20] for s in seen[:40] if s)}；"
        f"至少要有一列是：{wanted}（或用 --mapping 指定 mappings.toml 里的模板）"
    )


# --- text ---------------------------------------------------------------------------------------------------


@contextmanager
def _text(path: Path, head: bytes, known: Known) -> Iterator[Sheet]:
    encoding = _encoding(path, head, known)
    if "\0" in head.decode(encoding, "replace"):
        raise Unreadable(f"{path.name}：不是 XLSX、CSV 或 JSONL 文件")
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        start = head.decode(encoding, "replace").lstrip("\ufeff \t\r\n")
        if start.startswith("["):
            raise Unreadable(f"{path.name}：是一个 JSON 数组；请每行写一个对象（JSONL）")
        yield _jsonl(file) if start.startswith("{") else _csv(path, file, known)


def _encoding(path: Path, head: bytes, known: Known) -> str:
    """UTF-8 when the whole file is, UTF-16 by its mark, else what makes more of the first line known headers."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if _decodes(path, "utf-8"):
        return "utf-8-sig"
    line = head.splitlines()[0]

    def understood(encoding: str) -> int:
        text = line.decode(encoding, "replace")
        return max(sum(map(known, _split(text, d))) for d in DELIMITERS)

    return "utf-8-sig" if understood("utf-8-sig") > understood("gb18030") else "gb18030"


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


def _csv(path: Path, file: io.TextIOBase, known: Known) -> Sheet:
    first = file.readline()
    delimiter = max(DELIMITERS, key=lambda d: (sum(map(known, _split(first, d))), first.count(d)))
    file.seek(0)
    header, at, records = _find_header(path, _records(file, delimiter), known)

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
