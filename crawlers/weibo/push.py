"""Records of the push stream: framing by line ends, one JSON each, numbered by the stream itself (sources.md §1.6). Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from crawlers.posts import Refused
from crawlers.weibo.errors import Refusal, number_of, refusal
from crawlers.weibo.statuses import COMMENT, Page, id_of, read_comments, read_statuses

MOST_LINE = 1024 * 1024  # of one record; what is longer is none
REPLAYED = timedelta(hours=72)  # how far back the stream can be taken up again
ITEMS_OF_ONE = 3  # a comment, the post under which it stands, and the post that one passes on
_NUMBER = re.compile(rb'\s*\{\s*"id"\s*:\s*"?(\d{1,19})\b')
ADDED, CHANGED, TAKEN_BACK = frozenset(("add", "")), frozenset(("update", "edit", "modify")), frozenset(("del", "delete", "remove"))


class TooLong(ValueError):
    """More than MOST_LINE bytes without a line end: this is not the stream."""


class Lines:
    """Bytes as they come, cut at line ends; half a line waits for its rest, and is left to the replay at the end."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The lines that are now whole, empty ones left out. Raises TooLong."""
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > MOST_LINE:
            raise TooLong(f"超过 {MOST_LINE // 1024} KB 没有换行")
        for line in whole:
            if line := line.strip():
                yield line


@dataclass(frozen=True, kw_only=True)
class Record:
    """One record. `number` = its place in the stream (0: it could not be read). `error`: the server speaks instead."""

    number: int
    page: Page = field(default_factory=Page)
    error: Refusal | None = None


def read_record(line: bytes, *, own: str = "") -> Record:
    """What one line holds; whatever cannot be read is refused by name, with its number where that can be seen."""
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError):
        found = _NUMBER.match(line)
        return _refused(int(found[1]) if found else 0, "record", f"不是完整的 JSON（{len(line)} 字节）")
    if not isinstance(raw, Mapping):
        return _refused(0, "record", "不是一条推送记录")
    if "error_code" in raw or ("error" in raw and "id" not in raw):
        return Record(number=0, error=refusal(raw))
    number, text = number_of(raw.get("id")), raw.get("text")
    if not isinstance(text, Mapping):
        return _refused(number, "text", "记录里没有内容")
    return _content(max(number, 0), text, own)


def _content(number: int, text: Mapping[str, Any], own: str) -> Record:
    kind, event = str(text.get("type") or ""), str(text.get("event") or "")
    said = text.get(kind)
    if kind not in ("status", "comment") or not isinstance(said, Mapping):
        return _refused(number, "type", f"未知的记录类型 {kind[:20]!r}")
    if event in TAKEN_BACK:
        gone = id_of(said)
        return Record(number=number, page=Page(gone=[(COMMENT if kind == "comment" else "") + gone] if gone else []))
    if event not in ADDED | CHANGED:
        return _refused(number, "event", f"未知的事件 {event[:20]!r}")
    return Record(number=number, page=(read_comments if kind == "comment" else read_statuses)([said], own=own))


def _refused(number: int, name: str, reason: str) -> Record:
    return Record(number=max(number, 0), page=Page(refused=[Refused(row=0, field=name, reason=f"推送记录 {number or '?'}：{reason}")]))
