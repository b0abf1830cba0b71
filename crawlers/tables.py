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
from functools import partial
from pathlib import Path
from typing import Any

from crawlers.columns import ALIASES, is_known
from crawlers.vendor import RowRefused, Uncomputed

Known = Callable[[object], bool]
DELIMITERS = ",\t;|"
HEADER_ROWS = 10  # exports put a title or a query line above their header
UNPACKED_MAX = 2 << 30  # bytes; a larger workbook is a zip bomb or belongs into CSV
LARGE_PART, RATIO_MAX = 64 << 20, 200  # a sheet of text packs some 20 to 1, a bomb 1000 to 1
STRINGS_MAX = 512 << 20  # bytes; the one part that is held in memory
csv.field_size_limit(1 << 20)  # characters; an unclosed quote would swallow the rest of the file


class Unreadable(Exception):
    """A file that cannot be taken at all; the message says where and why."""


@dataclass
class Sheet:
    """The header as written and the rows after it: (number, cells by header, or why the row is refused)."""

    header: list[str]
    rows: Iterator[tuple[int, dict[str, Any] | RowRefused]]
    exact_numbers: bool
    warnings: list[str] = field(default_factory=list)  # grows while the rows are read
    part: str = ""  # the sheet being read, where a workbook has several


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
        _refuse_bomb(path, archive.infolist())
    book = Workbook(str(path))
    closing.callback(book.close)
    shown = [part for part in book.sheets if not part.hidden]
    hidden = "、".join(part.title for part in book.sheets if part.hidden)
    notes = [f"隐藏的工作表未读取：{hidden}；要导入请取消隐藏"] if hidden else []
    if not shown:
        raise Unreadable(f"{path.name}：工作表都是隐藏的（{hidden}）；要导入请取消隐藏")
    return _sheet_of(path, [(part.title, partial(book.rows, part)) for part in shown], known, notes)


def _refuse_bomb(path: Path, parts: list[zipfile.ZipInfo]) -> None:
    """A part unpacks to what its entry says and no further (zipfile), so the entries can be believed."""
    if sum(part.file_size for part in parts) > UNPACKED_MAX:
        raise Unreadable(f"{path.name}：解压后超过 2 GB；请拆分或导出为 CSV")
    for part in parts:
        if part.file_size > LARGE_PART and part.file_size > RATIO_MAX * max(part.compress_size, 1):
            raise Unreadable(f"{path.name}：{part.filename} 的压缩比超过 {RATIO_MAX}，疑似压缩炸弹，未打开")
        if part.filename.lower().endswith("sharedstrings.xml") and part.file_size > STRINGS_MAX:
            raise Unreadable(f"{path.name}：文字表解压后超过 512 MB；请拆分或导出为 CSV")


def _sheet_of(path: Path, sheets: list[tuple[str, Callable[[], Iterator[Any]]]], known: Known, notes: list[str]) -> Sheet:
    """The rows of all these sheets, one after another; one without a known header is named in the warnings."""
    opened: tuple[str, list[str], int, Iterator[Any]] | None = None
    for at, (title, rows_of) in enumerate(sheets):
        try:
            opened = (title, *_find_header(path, rows_of(), known))
        except Unreadable:
            if at + 1 == len(sheets):
                _find_header(path, sheets[0][1](), known)  # raises: what the first sheet lacks is what people look for
                raise
            notes.append(f"工作表“{title}”未读取：没有认得的表头")
            continue
        rest = sheets[at + 1 :]
        break
    assert opened
    several = len(sheets) > 1
    sheet = Sheet(opened[1], iter(()), exact_numbers=False, warnings=notes, part=opened[0] if several else "")

    def rows() -> Iterator[tuple[int, dict[str, Any] | RowRefused]]:
        yield from _rows_of(path, *opened[1:])
        for title, rows_of in rest:
            sheet.part = title
            try:
                with _broken_means_unreadable(path):
                    found = _find_header(path, rows_of(), known)
            except Unreadable as e:
                notes.append(f"工作表“{title}”未读取：{'没有认得的表头' if '表头' in str(e) else '没有数据' if '没有数据' in str(e) else e}")
                continue
            yield from _rows_of(path, *found)

    sheet.rows = rows()
    return sheet


def _rows_of(
    path: Path, header: list[str], at: int, values: Iterator[Any]
) -> Iterator[tuple[int, dict[str, Any] | RowRefused]]:
    for number in itertools.count(at + 1):
        with _broken_means_unreadable(path):
            cells = next(values, None)
        if cells is None:
            return
        if any(cell not in (None, "") for cell in cells):
            yield number, dict(zip(header, cells, strict=False))


def _find_header(path: Path, rows: Iterator[Any], known: Known) -> tuple[list[str], int, Iterator[Any]]:
    """The header (of the first rows the one with most known names), its number from 1, and the rows after it."""
    first = list(itertools.islice(rows, HEADER_ROWS))
    names = [[_name(cell) for cell in row] if not isinstance(row, RowRefused) else [] for row in first]
    if not any(any(row) for row in names):
        raise Unreadable(f"{path.name}：文件里没有数据")
    best = max(range(len(names)), key=lambda i: (sum(map(known, names[i])), -i))
    if not any(map(known, names[best])):
        raise Unreadable(unknown_header(path, next(filter(any, names))))
    found, last = _both_rows(names, best, known)
    # of two columns with one name the first counts; "" is taken for no column
    header = [n if n not in found[:i] else "" for i, n in enumerate(found)]
    return header, last + 1, itertools.chain(first[last + 1 :], rows)


def _both_rows(names: list[list[str]], best: int, known: Known) -> tuple[list[str], int]:
    """A header of two rows with merged cells as one, and its last row: 互动量 over 转发数 and 评论数 means the lower two."""
    here = names[best]
    upper = names[best - 1] if best else []
    lower = names[best + 1] if best + 1 < len(names) else []
    found = [h or (u if known(u) else "") for u, h in itertools.zip_longest(upper, here, fillvalue="")]
    while len(found) > len(here) and not found[-1]:
        found.pop()
    if any(map(known, lower)) and not any(known(u) and below for u, below in zip(found, lower, strict=False)):
        pairs = itertools.zip_longest(found, lower, fillvalue="")
        return [below if known(below) else u for u, below in pairs], best + 1
    return found, best


def _name(cell: object) -> str:
    return str(cell).strip() if cell is not None and cell is not Uncomputed else ""


def unknown_header(path: Path, seen: list[str]) -> str:
    wanted = "、".join(names[0] for field_, names in ALIASES.items() if field_ in ("headline", "title", "body"))
    return (
        f"{path.name}：认不出表头。读到：{'、'.join(s[:20] for s in seen[:40] if s)}；"
        f"至少要有一列是：{wanted}（或指定对照模板）"
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
