"""订阅源: RSS, Atom, JSON Feed, and what RSSHub or another bridge makes look like one."""

from __future__ import annotations

import asyncio
from datetime import datetime

from archive.models import Source
from crawlers import feeds, showing
from crawlers.adapters.base import Fetch, Reading, Unread, header
from crawlers.politeness import in_thread
from crawlers.posts import key_of

ACCEPT = "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"


async def read(source: Source, fetch: Fetch, now: datetime) -> Reading:
    """One conditional GET. Raises Unread for whatever is no feed."""
    headers = {"Accept": ACCEPT}
    if source.etag:
        headers["If-None-Match"] = source.etag
    if source.last_modified:
        headers["If-Modified-Since"] = source.last_modified
    response = await fetch(source.url, headers=headers)
    if response.status == 304:
        if source.outlet == Source.Outlet.OWN:
            await in_thread(showing.unchanged, source, now)
        return Reading(said="未变化（304）")
    if response.status != 200:
        raise Unread(f"HTTP {response.status}")
    try:
        parsed = await asyncio.to_thread(
            feeds.parse, response.body, url=response.url, content_type=header(response, "Content-Type")
        )
    except feeds.NotAFeed as e:
        raise Unread(str(e)) from e
    validators = {"etag": header(response, "ETag")[:300], "last_modified": header(response, "Last-Modified")[:100]}
    return Reading(
        items=parsed.items,
        refused=parsed.refused,
        damage=parsed.error,
        shows=None if parsed.error else [key_of(item, source) for item in parsed.items],
        advance={} if parsed.error else validators,  # a damaged body must not become "unchanged" at the next reading
    )
