"""Feeds from bytes to items: RSS 0.9x, 1.0, 2.0, Atom, JSON Feed 1.0, 1.1. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urljoin

import feedparser

from archive.pages import canonical_url
from crawlers.dates import read_when
from crawlers.decoding import Garbled, decode
from crawlers.longfeeds import first_xml, newest_json, newest_xml
from crawlers.markup import plain
from crawlers.posts import ParsedItem, Refused
from crawlers.xmlsafety import Bottomless, fault_of

_DECLARATION = re.compile(r"""(<\?xml[^>]{0,80}?encoding=)["'][\w.:-]+["']""")
_CLOSED = re.compile(r"</(?:rss|feed|(?:\w+:)?RDF|channel)\s*>\s*(?:<!--.*?-->\s*)*$", re.I | re.S)
# Characters XML 1.0 forbids: one of them would cost the rest of the feed.
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
# No feed needs entities of its own; a few of them can expand to gigabytes.
_DOCTYPE = re.compile(r"<!DOCTYPE", re.I)
_OWN_ENTITIES = re.compile(r"<!DOCTYPE[^\[>]*\[.*?\]\s*>", re.S | re.I)
UNREADABLE_TIME = "发布时间读不懂，按收到时间计"
REMEMBERED = 200  # items whose words are known by a feed's cursor, at least
LOOSE_CHARS = 500_000  # of a document that is not well-formed: reading it forgivingly takes time with the square
CUT_OFF = "订阅源在这一条中途断开，读到完整内容时再收录"


class NotAFeed(Exception):
    """Nothing in this body can be taken; the message says what it is instead, and where it broke."""

    def __init__(self, said: str, page: str = "") -> None:
        """`page`: the HTML that came in its place."""
        super().__init__(said)
        self.page = page


@dataclass(frozen=True, kw_only=True)
class ParsedFeed:
    """What could be read. `error` is set when the feed is damaged: its validators must then not be remembered."""

    items: tuple[ParsedItem, ...]
    refused: tuple[Refused, ...] = ()
    error: str = ""
    cut: str = ""  # how many there were when only the newest were taken


def parse(body: bytes, *, url: str = "", content_type: str = "") -> ParsedFeed:
    """Items newest-first or as the feed has them. Raises NotAFeed for an empty body, a web page, other formats."""
    try:
        decoded = decode(body, content_type)
    except Garbled as e:
        raise NotAFeed(str(e)) from e
    text, damage = decoded.text, decoded.damage
    start = text.lstrip("\ufeff \t\r\n")[:2000]
    if not start:
        raise NotAFeed("内容为空")
    if start.startswith(("{", "[")):
        parsed = _json_feed(text, url)
    elif re.match(r"(?:<\?xml[^>]*\?>\s*|<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", start, re.I | re.S):
        title = re.search(r"<title[^>]*>(.*?)</title>", text, re.I | re.S)
        raise NotAFeed(f"返回的是网页而不是订阅源{'：' + plain(title[1])[:60] if title else ''}", text)
    else:
        parsed = _xml_feed(text, url)
    parsed = replace(parsed, items=_told_apart(parsed.items))
    return replace(parsed, error=parsed.error or damage)


# --- XML ----------------------------------------------------------------------------------------------------


def _xml_feed(text: str, url: str) -> ParsedFeed:
    text = _DECLARATION.sub(r'\1"utf-8"', text.lstrip("\ufeff \t\r\n"), count=1)
    if not text.startswith("<?xml"):
        text = '<?xml version="1.0" encoding="utf-8"?>' + text  # or feedparser adds a line, and errors name the next
    text, cut = newest_xml(_FORBIDDEN.sub("", _without_own_entities(text)))
    try:
        fault = fault_of(text)
    except Bottomless as e:
        raise NotAFeed(str(e)) from e
    if fault and len(text) > LOOSE_CHARS:
        text, cut = first_xml(text, LOOSE_CHARS)
    # Mark-up of the items is turned into text by us: feedparser's own cleaning takes ten times as long.
    read = feedparser.parse(
        text.encode(),
        response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    error = _malformed(read) if read.bozo else ""
    if not read.version and not read.entries:
        raise NotAFeed(error or "不是 RSS、Atom 或 JSON Feed")
    if error and not read.entries:
        raise NotAFeed(error)
    broken = len(read.entries) if error and not _CLOSED.search(text[-2000:]) else 0
    items, refused = [], []
    for row, entry in enumerate(read.entries, start=1):
        item = _entry(entry, row, url)
        if row == broken:
            refused.append(Refused(row=row, field="", reason=CUT_OFF))
        elif not item.title and not item.body:
            refused.append(Refused(row=row, field="title", reason="没有标题也没有正文"))
        else:
            items.append(item)
    return ParsedFeed(items=tuple(items), refused=tuple(refused), error=error, cut=cut)


def _without_own_entities(text: str) -> str:
    found = _DOCTYPE.search(text)
    own = _OWN_ENTITIES.match(text, found.start()) if found else None
    return text[: own.start()] + text[own.end() :] if own else text


def _malformed(read: Any) -> str:
    exception = read.bozo_exception
    if not hasattr(exception, "getLineNumber"):
        return ""  # remarks about headers and encodings: we passed clean UTF-8
    return (
        f"XML 第 {exception.getLineNumber()} 行第 {exception.getColumnNumber()} 列有误：{exception.getMessage()}"
    )


def _entry(entry: Any, row: int, url: str) -> ParsedItem:
    def get(name: str) -> Any:
        return dict.get(entry, name) or ""  # feedparser's own get() gives "published" for "updated"

    content = get("content")
    body = content[0].get("value", "") if content else get("summary")
    link, guid = str(get("link")), str(get("id"))
    if link == guid and not guid.startswith("http"):
        link = ""  # feedparser took it from a guid that merely forgot isPermaLink="false"
    link = urljoin(url, link) if link else ""
    raw = str(get("published") or get("updated") or get("created"))
    return _item(row=row, title=get("title"), body=body, link=link, guid=guid, author=get("author"), raw=raw)


def _item(*, row: int, title: str, body: str, link: str, guid: str, author: str, raw: str) -> ParsedItem:
    when = read_when(raw) if raw else None
    notes = [when.note] if when and when.note else [UNREADABLE_TIME] if raw and not when else []
    title, body = plain(title).replace("\n", " "), plain(body)
    return ParsedItem(
        row=row,
        title=title,
        body="" if body == title else body,
        url=link if link.startswith(("http://", "https://")) else "",
        external_id=guid,
        author=author,
        published_at=when.at if when else None,
        published_raw=raw,
        notes=tuple(notes),
    )


# --- JSON Feed ----------------------------------------------------------------------------------------------


def _json_feed(text: str, url: str) -> ParsedFeed:
    try:
        feed = json.loads(text.lstrip("\ufeff \t\r\n"))
    except json.JSONDecodeError as e:
        raise NotAFeed(f"JSON 第 {e.lineno} 行第 {e.colno} 列有误：{e.msg}") from e
    except RecursionError as e:
        raise NotAFeed("JSON 嵌套过深") from e
    if not isinstance(feed, dict) or "jsonfeed.org/version/" not in str(feed.get("version")):
        raise NotAFeed("是 JSON，但不是 JSON Feed（缺少 version）")
    entries = feed.get("items")
    if not isinstance(entries, list):
        raise NotAFeed("JSON Feed 缺少 items 列表")
    entries, cut = newest_json(entries)
    items, refused = [], []
    for row, entry in enumerate(entries, start=1):
        item = _json_item(entry, row, url) if isinstance(entry, dict) else None
        if item is None:
            refused.append(Refused(row=row, field="items", reason="不是 JSON 对象"))
        elif not item.title and not item.body:
            refused.append(Refused(row=row, field="title", reason="没有标题也没有正文"))
        else:
            items.append(item)
    return ParsedFeed(items=tuple(items), refused=tuple(refused), cut=cut)


def _json_item(entry: dict[str, Any], row: int, url: str) -> ParsedItem:
    authors = entry.get("authors") or entry.get("author") or []
    authors = [authors] if isinstance(authors, dict) else authors
    names = [str(a.get("name") or "") for a in authors if isinstance(a, dict)] if isinstance(authors, list) else []
    link = _text(entry, "url", "external_url")
    return _item(
        row=row,
        title=_text(entry, "title"),
        body=_text(entry, "content_html", "content_text", "summary"),
        link=urljoin(url, link) if link else "",
        guid=_text(entry, "id"),
        author=names[0] if names else "",
        raw=_text(entry, "date_published", "date_modified"),
    )


def _text(entry: dict[str, Any], *names: str) -> str:
    """The first of these that holds a text or number ("id" is a number in some feeds)."""
    found = (entry[n] for n in names if isinstance(entry.get(n), (str, int, float)) and entry[n] != "")
    return str(next(found, ""))


def _told_apart(items: Iterable[ParsedItem]) -> tuple[ParsedItem, ...]:
    """Some feeds give every item one guid (the site's address): there the link joins it."""
    items = tuple(items)
    uses = Counter(i.external_id for i in items if i.external_id)
    return tuple(
        replace(i, external_id=f"{i.external_id} {i.url or i.title}") if uses[i.external_id] > 1 else i for i in items
    )


def without_renumbered(
    items: Sequence[ParsedItem], known: Mapping[str, str]
) -> tuple[tuple[ParsedItem, ...], dict[str, str]]:
    """Some feeds number their items anew each time: the same words at the same address are the same item.

    `known` maps such words to the number they were first seen under. Returns the items whose number still holds, and
    what is to be known next time.
    """
    words = [_mark(canonical_url(i.url), i.title, i.body) if i.external_id and i.url else "" for i in items]
    told_twice = {w for w, n in Counter(words).items() if n > 1}
    kept, seen = [], dict(known)
    for item, mark in zip(items, words, strict=True):
        if not mark or mark in told_twice:
            kept.append(item)
            continue
        number = _mark(item.external_id)
        if seen.setdefault(mark, number) == number:
            kept.append(item)
    room = max(2 * len(items), REMEMBERED)
    return tuple(kept), dict(list(seen.items())[-room:])


def _mark(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:12]
