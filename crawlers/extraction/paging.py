"""Further pages of an article in several parts: numbered links and 下一页 by the text, never 下一篇. Pure."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from crawlers.extraction.pages import Page, tidy

_NEXT = re.compile(r"^[\[【(（\s]*(?:下一页|下页|后一页|下一頁|后页|>|>>|»|next(?: page)?)[\]】)）\s>»]*$", re.I)
_NUMBER = re.compile(r"^[\[【(（\s第]*(\d{1,2})\s*[页頁\]】)）\s]*$")
_PART = re.compile(r"(?:[_-]|/p?)(\d{1,2})(?=\.\w+$|/?$)|(?:[?&]|[/_])(?:page|p|pn|pageno|curpage)[=_/]?(\d{1,2})\b", re.I)
MOST = 30


def next_pages(page: Page, span: tuple[int, int]) -> list[str]:
    """Addresses of the later parts, in order; [] without an address to resolve them, or when there is one part."""
    base = page.url or page.meta.get("og:url", "")
    stem = _stem(base)
    if not stem:
        return []
    found: dict[str, int] = {}
    for a in page.root.iter("a"):
        href = (a.get("href") or "").strip()
        if not href or href.startswith(("javascript", "#")) or len(said := "".join(a.itertext())) > 40:
            continue
        text = tidy(said)
        if not (_NUMBER.match(text) or _NEXT.match(text)):
            continue
        try:
            address = urljoin(base, href).partition("#")[0]
        except ValueError:
            continue
        if _stem(address) == stem and address != base.partition("#")[0]:
            found.setdefault(address, _part(address))
    here = _part(base)
    later = sorted((n, a) for a, n in found.items() if n > here)
    return [a for _, a in later[:MOST]]


def _part(address: str) -> int:
    m = _PART.search(address)
    return int(m[1] or m[2]) if m else 1


def _stem(address: str) -> tuple[str, str]:
    """Host and path without the number of the part: equal for the parts of one article."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ("", "")
    if not parts.hostname:
        return ("", "")
    rest = parts.path + ("?" + parts.query if parts.query else "")
    rest = re.sub(r"[?&](?:page|p|pn|pageno|curpage)=\d{1,2}", "", _PART.sub("", rest) if not parts.query else rest)
    return parts.hostname, re.sub(r"\.\w+$", "", rest.rstrip("/?"))
