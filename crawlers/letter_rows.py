"""Letters as mailboxes and 12345 hand them over: a file's rows as plain values. What names the writer is masked by flow/letters.py.

Columns with telephone and ID numbers are not even looked at; the name is read only to be taken out of the text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from crawlers.columns import fold_header
from crawlers.dates import read_when
from crawlers.tables import open_sheet
from crawlers.vendor import RowRefused, Uncomputed, text_of

COLUMNS = {  # folded header -> field (shapes of sources.md §4)
    "信件编号": "external_no", "编号": "external_no", "工单编号": "external_no", "诉求编号": "external_no",
    "群众姓名": "writer", "姓名": "writer", "来信人": "writer", "诉求人": "writer", "写信人": "writer",
    "来信时间": "received_at", "递交时间": "received_at", "收到时间": "received_at", "受理时间": "received_at", "提交时间": "received_at",
    "来信渠道": "channel", "渠道": "channel", "来源": "channel",
    "信件一级分类": "kind", "类型": "kind", "类别": "kind", "信件类型": "kind", "诉求类型": "kind",
    "诉求标题": "title", "标题": "title", "主题": "title",
    "诉求内容": "text", "内容": "text", "正文": "text", "来信内容": "text", "信件内容": "text",
}  # fmt: skip
CHANNELS = (("mailbox", ("局长信箱", "信箱", "邮箱")), ("hotline", ("12345", "热线", "便民")), ("message", ("私信", "微博", "微信")), ("paper", ("来信", "来访", "信函")))
KINDS = (("report", ("举报", "检举")), ("complaint", ("投诉", "控告")), ("suggestion", ("建议", "意见")), ("inquiry", ("咨询", "求助", "查询")))


@dataclass(frozen=True, kw_only=True)
class LetterRow:
    """One letter as the file has it, or `reason` why it cannot be one."""

    row: int
    field: str = ""
    reason: str = ""
    channel: str = ""  # a value of flow.models.Letter.Channel; "" = not said
    kind: str = ""
    text: str = ""
    title: str = ""
    writer: str = ""
    external_no: str = ""
    received_at: datetime | None = None


def letters_of(path: Path) -> Iterator[LetterRow]:
    """Raises crawlers.tables.Unreadable."""
    with open_sheet(path, lambda header: fold_header(header) in COLUMNS) as sheet:
        for number, cells in sheet.rows:
            yield _refused(number, cells) if isinstance(cells, RowRefused) else _row(number, cells)


def _refused(number: int, e: RowRefused) -> LetterRow:
    return LetterRow(row=number, field=e.field, reason=e.reason)


def _row(number: int, cells: dict[str, Any]) -> LetterRow:
    said: dict[str, str] = {}
    when: Any = None
    for header, value in cells.items():
        field = COLUMNS.get(fold_header(header))
        if field is None or value in (None, ""):
            continue
        if value is Uncomputed or isinstance(value, (dict, list)):
            return LetterRow(row=number, field=header, reason="单元格不是文字")
        if field == "received_at":
            when = when or value
        else:
            said.setdefault(field, text_of(value))
    if not said.get("text") and not said.get("title"):
        return LetterRow(row=number, field="诉求内容", reason="没有内容")
    read = read_when(when) if when is not None else None
    if when is not None and read is None:
        return LetterRow(row=number, field="来信时间", reason=f"读不懂的时间“{text_of(when)[:40]}”；例如 2024-05-20 20:58")
    return LetterRow(
        row=number, channel=_first(CHANNELS, said.get("channel", "")), kind=_first(KINDS, said.get("kind", "")),
        text=said.get("text") or said["title"], title=said.get("title", ""), writer=said.get("writer", ""),
        external_no=said.get("external_no", ""), received_at=read.at if read else None,
    )  # fmt: skip


def _first(table: tuple[tuple[str, tuple[str, ...]], ...], said: str) -> str:
    return next((name for name, words in table if any(word in said for word in words)), "")
