"""A list of entries as RSS 2.0, Atom 1.0 and JSON Feed 1.1. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape

from config.clock import SHANGHAI


@dataclass(frozen=True)
class Entry:
    id: str
    title: str
    body: str
    url: str
    published: datetime  # aware


def rss(name: str, url: str, entries: Sequence[Entry]) -> tuple[str, str]:
    """(content type, text)."""
    items = "".join(
        f"<item><title>{escape(e.title)}</title><link>{escape(e.url)}</link><guid isPermaLink=\"false\">{e.id}</guid>"
        f"<pubDate>{format_datetime(e.published.astimezone(SHANGHAI))}</pubDate>"
        f"<description>{escape(e.body)}</description></item>"
        for e in entries
    )
    channel = f"<title>{escape(name)}</title><link>{escape(url)}</link><description>{escape(name)}</description>{items}"
    return "application/rss+xml", f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>{channel}</channel></rss>'


def atom(name: str, url: str, entries: Sequence[Entry]) -> tuple[str, str]:
    """(content type, text)."""
    updated = max((e.published for e in entries), default=datetime.fromtimestamp(0, SHANGHAI)).isoformat()
    items = "".join(
        f"<entry><id>urn:drill:{e.id}</id><title>{escape(e.title)}</title><link href=\"{escape(e.url)}\"/>"
        f"<published>{e.published.isoformat()}</published><updated>{e.published.isoformat()}</updated>"
        f'<content type="text">{escape(e.body)}</content></entry>'
        for e in entries
    )
    head = f"<id>{escape(url)}</id><title>{escape(name)}</title><updated>{updated}</updated>"
    return "application/atom+xml", (
        f'<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom">{head}{items}</feed>'
    )


def json_feed(name: str, url: str, entries: Sequence[Entry]) -> tuple[str, str]:
    """(content type, text)."""
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": name,
        "home_page_url": url,
        "items": [
            {
                "id": e.id,
                "url": e.url,
                "title": e.title,
                "content_text": e.body,
                "date_published": e.published.isoformat(),
            }
            for e in entries
        ],
    }
    return "application/feed+json", json.dumps(feed, ensure_ascii=False)


FORMS = {"rss": rss, "atom": atom, "json": json_feed}
