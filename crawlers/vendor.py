"""One row of a vendor's file becomes a ParsedItem, or is refused with field and reason. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from config.clock import SHANGHAI
from crawlers.columns import Columns
from crawlers.dates import read_when
from crawlers.posts import ParsedItem

PLATFORMS = (
    ("weibo", ("微博", "weibo")),
    ("wechat", ("微信", "公众号", "wechat", "weixin")),
    ("video", ("视频", "抖音", "快手", "哔哩", "video", "douyin", "kuaishou", "bilibili")),
    ("forum", ("论坛", "贴吧", "问答", "知乎", "forum", "bbs", "zhihu")),
    ("app", ("app", "客户端", "头条", "toutiao")),
    ("news", ("新闻", "网站", "网媒", "报", "政务", "news")),
    ("other", ("other", "其他", "其它")),
)
AUTHORITY = ("政府", "政务", "机关", "公安", "government", "authority")
MEDIA = ("媒体", "报社", "media")
_OUTLETS = {"政务机关": "authority", "新闻媒体": "media", "本局发布渠道": "own", "个人及其他": "individual"}
_OUTLET_VALUES = ("authority", "media", "own", "individual")
EXCEL_ERRORS = frozenset(("#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"))
ID_LOST = "编号以数字形式保存，超过15位的部分可能已失真，未采用"


class Uncomputed:
    """A formula cell whose value was never calculated and saved."""


class RowRefused(Exception):
    """A row that cannot be taken: the column as its file names it, and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


class Row:
    """The cells of one row by field; remembers which header a value came from, for messages."""

    def __init__(self, cells: Mapping[str, Any], columns: Columns, defaults: Mapping[str, str]) -> None:
        self._cells, self._columns, self._defaults = cells, columns, defaults

    def header(self, field: str) -> str:
        headers = self._columns.fields.get(field, ())
        return next((h for h in headers if self._cells.get(h) not in (None, "")), headers[0] if headers else field)

    def raw(self, field: str) -> Any:
        """The first non-empty cell of the field, else the template's default, else None."""
        for header in self._columns.fields.get(field, ()):
            value = self._cells.get(header)
            if isinstance(value, str):
                value = value.strip()
                if value and value[0] != "#":  # nearly every cell
                    return value
            if value not in (None, ""):
                return self._checked(header, value)
        return self._defaults.get(field)

    def _checked(self, header: str, value: Any) -> Any:
        if value is Uncomputed:
            raise RowRefused(header, "公式没有保存计算结果；请用表格软件打开后另存，或粘贴为数值")
        if isinstance(value, str) and value in EXCEL_ERRORS:
            raise RowRefused(header, f"单元格是错误值 {value}")
        if isinstance(value, (dict, list)):
            raise RowRefused(header, "应为文字，读到的是嵌套结构")
        return value

    def text(self, field: str) -> str:
        value = self.raw(field)
        return text_of(value) if value is not None else ""


def text_of(value: Any) -> str:
    """A cell as text; whole floats lose their ".0", dates are written in Shanghai time."""
    if value is None:
        return ""
    if isinstance(value, str) and not value.startswith('="'):
        return value.strip()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        local = value.astimezone(SHANGHAI) if value.tzinfo else value
        return local.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    text = str(value).strip()
    # ="4987…" is how exports keep a spreadsheet from rounding a number.
    return text[2:-1] if text.startswith('="') and text.endswith('"') else text


def trusted_id(value: Any) -> str | None:
    """The number as text, or None when a spreadsheet may have rounded it.

    Spreadsheets keep 15 digits: a longer number ends in zeros, is a float (4.98E+15) or lies beyond 2**53.
    """
    if isinstance(value, float) and abs(value) >= 1e15:
        return None
    if isinstance(value, int) and abs(value) >= 10**15 and (abs(value) >= 2**53 or value % 10 == 0):
        return None
    text = text_of(value)
    return None if re.fullmatch(r"\d(?:\.\d+)?[eE]\+?\d+", text) else text


def count_of(value: Any) -> int:
    """1234, "1,234", "1.2万", "10万+"; what is no count is 0."""
    if isinstance(value, bool) or value is None:
        return 0
    if isinstance(value, str) and len(value) < 16 and value.isascii() and value.isdecimal():
        return int(value)
    text = unicodedata.normalize("NFKC", str(value)).replace(",", "").strip()
    m = re.match(r"(\d+(?:\.\d+)?)(?:[eE]\+?(\d{1,2}))?\s*([万亿wW]?)", text)
    if not m:
        return 0
    number = float(m[1]) * 10 ** int(m[2] or 0) * {"": 1, "亿": 10**8}.get(m[3], 10**4)
    return int(number) if number < 2**53 else 0


def platform_of(*said: str) -> str:
    """The platform word of the first text that names one; "news" when none does."""
    for text in said:
        lowered = text.lower()
        for name, words in PLATFORMS:
            if any(word in lowered for word in words):
                return name
    return "news"


def outlet_of(row: Row, platform: str) -> str:
    """Who speaks: the file's own word, else the account's verification, else news sites are media."""
    said = row.text("outlet")
    if said in _OUTLET_VALUES or said in _OUTLETS:
        return _OUTLETS.get(said, said)
    verified = row.text("verified")
    account = f"{verified} {row.text('user_type')} {row.text('platform')}"
    # Weibo's own verified_type numbers: 1 government, 3 media (sources.md §1.4)
    if verified == "1" or any(word in account for word in AUTHORITY):
        return "authority"
    if verified == "3" or any(word in f"{verified} {row.text('user_type')}" for word in MEDIA):
        return "media"
    return "media" if platform in ("news", "app") else "individual"


def item_of(row: Row, number: int, *, exact_numbers: bool) -> ParsedItem:
    """Raises RowRefused. `exact_numbers` = the format keeps all digits of a number (JSON, CSV text)."""
    notes: list[str] = []
    platform = platform_of(row.text("platform"), row.text("site"))
    title, body = texts_of(row, platform)
    if not title and not body:
        raise RowRefused(row.header("body"), "没有标题也没有正文")
    published_at, raw = when_of(row, notes)
    external_id, loose_id = ids_of(row, notes, exact_numbers=exact_numbers)
    return ParsedItem(
        row=number,
        title=title,
        body=body,
        url=link_of(row, notes),
        external_id=external_id,
        loose_id=loose_id,
        author=row.text("author_id") or row.text("author"),
        followers=count_of(followers) if (followers := row.raw("followers")) is not None else None,
        site=row.text("site"),
        platform=platform,
        outlet=outlet_of(row, platform),
        region=row.text("region"),
        is_repost=row.text("repost_kind").lower() in ("转发", "true", "1", "repost", "是"),
        reposts=count_of(row.raw("reposts")),
        comments=count_of(row.raw("comments")),
        likes=count_of(row.raw("likes")),
        reads=count_of(row.raw("reads")),
        published_at=published_at,
        published_raw=raw,
        notes=tuple(notes),
    )


def texts_of(row: Row, platform: str) -> tuple[str, str]:
    """Title and body. The long form's one column 标题／微博内容 is a title for news and the words for Weibo."""
    title, headline = row.text("title"), row.text("headline")
    body = row.text("body")
    if platform == "weibo":
        body = body or headline
    else:
        title = title or headline
    body = body or row.text("summary")
    original = row.text("original")
    # A repost's own words may be two ("转发微博"): what it repeats is said too.
    if original and original not in body:
        body = f"{body}\n【原微博】{original}" if body else original
    return title, body


def when_of(row: Row, notes: list[str]) -> tuple[datetime | None, str]:
    value = row.raw("published_at")
    if value is None:
        return None, ""
    when = read_when(value)
    if when is None:
        raise RowRefused(row.header("published_at"), f"读不懂的时间“{text_of(value)[:40]}”；例如 2024-05-20 20:58:15")
    if when.note:
        notes.append(when.note)
    return when.at, text_of(value)


def ids_of(row: Row, notes: list[str], *, exact_numbers: bool) -> tuple[str, str]:
    """(an id that is identity on its own, one that only tells rows apart); short running numbers are the second."""
    strong, loose = row.raw("external_id"), row.raw("loose_id")
    found = []
    for value in (strong, loose):
        exact = exact_numbers and isinstance(value, int)
        text = text_of(value) if exact or value is None else trusted_id(value)
        if text is None:
            notes.append(ID_LOST)
        found.append(text or "")
    if not found[0] and len(found[1]) >= 10:  # no running number of a file is that long
        return found[1], ""
    return found[0], found[1]


def link_of(row: Row, notes: list[str]) -> str:
    link = row.text("url")
    if not link or re.match(r"https?://\S+$", link, re.I):
        return link
    if re.match(r"[\w-]+(\.[\w-]+)+/\S+$", link):  # weibo.com/123/abc
        return "https://" + link
    notes.append("链接不是网址，未收录")
    return ""
