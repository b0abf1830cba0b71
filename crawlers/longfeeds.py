"""A feed with more items than anybody reads: the newest are kept before anything is parsed in full. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from crawlers.dates import read_when

MOST = 1000  # items of one reading
_OPEN = re.compile(r"<(item|entry)(?=[\s>])", re.I)
_WHEN = re.compile(r"<(?:\w+:)?(?:pubDate|published|updated|date)\b[^<>]*>([^<>]{1,80})<", re.I)
_UNDATED = datetime(1, 1, 1, tzinfo=UTC)


def newest_xml(text: str) -> tuple[str, str]:
    """The document with its MOST newest items, and what was left out in Chinese ("" = nothing)."""
    if sum(1 for _ in _OPEN.finditer(text)) <= MOST:
        return text, ""
    spans = _spans(text)
    if len(spans) <= MOST:
        return text, ""
    kept = _newest([_said(text[a:b]) for a, b in spans])
    inside = "".join(text[spans[i][0] : spans[i][1]] for i in kept)
    return text[: spans[0][0]] + inside + text[spans[-1][1] :], cut_note(len(spans))


def first_xml(text: str, most: int) -> tuple[str, str]:
    """The beginning of a damaged document, up to `most` characters and the end of an item; what was left out."""
    spans = _spans(text)
    kept = sum(end <= most for _, end in spans)
    if not kept:
        return text[:most], f"内容有误又过长，只读取开头 {most} 字符"
    return text[: spans[kept - 1][1]] + text[spans[-1][1] :][:most], f"内容有误又过长，{len(spans)} 条中只读取前 {kept} 条"


def newest_json(entries: Sequence[Any]) -> tuple[list[Any], str]:
    """The same for the items of a JSON Feed."""
    if len(entries) <= MOST:
        return list(entries), ""
    said = [e.get("date_published") or e.get("date_modified") if isinstance(e, dict) else None for e in entries]
    return [entries[i] for i in _newest(said)], cut_note(len(entries))


def cut_note(found: int) -> str:
    return f"有 {found} 条，只读取最新的 {MOST} 条"


def _spans(text: str) -> list[tuple[int, int]]:
    """Where each whole item stands. One pass: an item that never ends must not be sought again for each beginning."""
    spans, at = [], 0
    closing = {name: re.compile(rf"</{name}\s*>", re.I) for name in ("item", "entry")}
    while found := _OPEN.search(text, at):
        end = closing[found[1].lower()].search(text, found.end())
        if end is None:
            break
        spans.append((found.start(), end.end()))
        at = end.end()
    return spans


def _said(item: str) -> str | None:
    found = _WHEN.search(item)
    return found[1] if found else None


def _newest(said: Sequence[Any]) -> list[int]:
    """Positions of the MOST newest, in the document's order; where few are dated, the first ones."""
    whens = [read_when(s) if s else None for s in said]
    if sum(w is not None for w in whens) * 2 < len(whens):
        return list(range(MOST))
    by_date = sorted(range(len(whens)), key=lambda i: (w.at if (w := whens[i]) else _UNDATED, -i), reverse=True)
    return sorted(by_date[:MOST])
