"""Search results as files: the same hits in the same order as the screen, streamed, as CSV, XLSX or JSON lines."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from analysis.models import Reading
from archive.models import Post
from config.clock import SHANGHAI

# Key in JSON lines -> heading in a sheet. Nothing about authors: events are analysed, people are not.
COLUMNS = {
    "post_id": "编号", "published_at": "发布时间", "source": "来源", "platform": "平台", "outlet": "主体", "title": "标题",
    "body": "正文", "url": "链接", "reposts": "转发", "comments": "评论", "likes": "点赞", "tier": "相关性", "jurisdiction": "属地",
    "type": "类型", "event": "事件编号", "event_title": "事件", "grade": "等级",
}  # fmt: skip
Row = dict[str, Any]
SHEET_CELL = 32_767  # characters a spreadsheet cell holds
# What a spreadsheet would take for a formula; a quote in front makes it text (OWASP, CSV injection).
_FORMULA = re.compile(r"^[\s]*[=+\-@\t\r]")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def rows(pages: Iterable[list[int]], most: int) -> Iterator[Row]:
    """One row a post, in the order of the ids, at most `most`; posts withdrawn meanwhile are left out."""
    left = most
    for ids in pages:
        found = _page(ids)[:left]
        yield from found
        left -= len(found)
        if left <= 0:
            return


def _page(ids: list[int]) -> list[Row]:
    posts = Post.objects.filter(id__in=ids, withdrawn_at=None).in_bulk()
    said: dict[int, Any] = {
        r["post_id"]: r
        for r in Reading.objects.filter(post_id__in=ids).values(
            "post_id", "tier", "jurisdiction", "type", "event_id", "event__title", "event__grade"
        )
    }
    return [_row(posts[i], said.get(i, {})) for i in ids if i in posts]


def _row(post: Post, reading: dict[str, Any]) -> Row:
    return {
        "post_id": post.id,
        "published_at": _moment(post.published_at),
        "source": post.site,
        "platform": post.platform,
        "outlet": post.get_outlet_display(),
        "title": post.title,
        "body": post.body,
        "url": post.url,
        "reposts": post.reposts,
        "comments": post.comments,
        "likes": post.likes,
        "tier": reading.get("tier"),
        "jurisdiction": reading.get("jurisdiction"),
        "type": reading.get("type") or None,
        "event": reading.get("event_id"),
        "event_title": reading.get("event__title"),
        "grade": reading.get("event__grade"),
    }


def _moment(at: datetime) -> str:
    return at.astimezone(SHANGHAI).isoformat(timespec="seconds")


def csv_chunks(found: Iterable[Row]) -> Iterator[bytes]:
    """UTF-8 with a byte order mark, which spreadsheets in China need; formula-like cells are defused."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS.values())
    yield b"\xef\xbb\xbf" + _taken(out)
    for n, row in enumerate(found, 1):
        writer.writerow([defused(row[key]) for key in COLUMNS])
        if n % 200 == 0:
            yield _taken(out)
    yield _taken(out)


def _taken(out: io.StringIO) -> bytes:
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text.encode()


def defused(value: Any) -> Any:
    if isinstance(value, str):
        text = value.replace("\x00", "")
        return "'" + text if _FORMULA.match(text) else text
    return "" if value is None else value


def jsonl_chunks(found: Iterable[Row]) -> Iterator[bytes]:
    for row in found:
        yield (json.dumps(row, ensure_ascii=False) + "\n").encode()


def xlsx_chunks(found: Iterable[Row]) -> Iterator[bytes]:
    """A workbook sent as it is made. openpyxl and XlsxWriter write a file only once the last row is known: the first
    byte would come after the whole export. Texts are inline strings, so nothing can be taken for a formula.
    """
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        for name, content in _PARTS.items():
            book.writestr(name, content)
        yield sink.taken()
        with book.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(_SHEET_HEAD.encode())
            sheet.write(_cells(1, COLUMNS.values()).encode())
            for n, row in enumerate(found, 2):
                sheet.write(_cells(n, (row[key] for key in COLUMNS)).encode())
                if n % 200 == 0:
                    yield sink.taken()
            sheet.write(b"</sheetData></worksheet>")
    yield sink.taken()


class _Sink(io.RawIOBase):
    """What zipfile writes into and a response reads from; it cannot seek, so sizes follow their data."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _cells(n: int, values: Iterable[Any]) -> str:
    cells = []
    for value in values:
        if value is None or value == "":
            cells.append("<c/>")
        elif isinstance(value, int):
            cells.append(f"<c><v>{value}</v></c>")
        else:
            text = escape(_NOT_XML.sub("", str(value))[:SHEET_CELL])
            cells.append(f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>')
    return f'<row r="{n}">{"".join(cells)}</row>'


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_SHEET_HEAD = (
    f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>'
)
_PARTS = {
    "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KIND}.worksheet+xml"/></Types>',
    "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
    '<sheets><sheet name="检索结果" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


@dataclass(frozen=True)
class Format:
    suffix: str
    content_type: str
    chunks: Callable[[Iterable[Row]], Iterator[bytes]]


FORMATS = {
    "xlsx": Format("xlsx", f"{_KIND}.sheet", xlsx_chunks),
    "csv": Format("csv", "text/csv; charset=utf-8", csv_chunks),
    "jsonl": Format("jsonl", "application/x-ndjson; charset=utf-8", jsonl_chunks),
}
