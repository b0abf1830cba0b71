"""订阅源: RSS, Atom, JSON Feed, and what RSSHub or another bridge makes look like one."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import datetime, timedelta
from typing import Any

from scrapy.http import Response

from archive.models import Source
from config.door import ConfigError
from config.settings import secret
from crawlers import bridges, feeds, showing
from crawlers.adapters.base import Fetch, Reading, Unread, header
from crawlers.hosts import read_retry_after
from crawlers.logins import CODE, wall
from crawlers.politeness import in_thread
from crawlers.posts import key_of

ACCEPT = "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
CODES = {401: CODE, 403: "no_permission"}
SLOWER = timedelta(minutes=30)  # a bridge that says 429 without saying until when


async def read(source: Source, fetch: Fetch, now: datetime) -> Reading:
    """One conditional GET. Raises Unread for whatever is no feed."""
    bridge = bridges.bridge_of(source.options)
    # A bridge that gave us a key of its own is a service we were let into; without one it is a site like any other.
    let_in = bool(bridge and source.options.get("key"))
    response = await fetch(_address(source, bridge), headers=_headers(source), api=let_in)
    if response.status == 304 and (source.etag or source.last_modified):
        return await _unchanged(source, now, "304")
    if response.status != 200:
        if bridge:
            return _of_bridge(response, now)
        raise Unread(f"HTTP {response.status}", code=CODES.get(response.status, ""))
    sha = hashlib.sha256(response.body).hexdigest()[:32]
    if sha == source.cursor.get("sha"):
        return await _unchanged(source, now, "内容与上次相同")
    try:
        parsed = await asyncio.to_thread(
            feeds.parse, response.body, url=source.url, content_type=header(response, "Content-Type")
        )
    except feeds.NotAFeed as e:
        door = wall(e.page, response.url, source.url) if e.page else ""
        raise Unread(door or str(e), code=CODE if door else "") from e
    items, said_before = feeds.without_renumbered(parsed.items, source.cursor.get("said", {}))
    advance: dict[str, Any] = {"cursor": {"said": said_before}}
    if not parsed.error:  # a damaged body must not become "unchanged" at the next reading
        advance["cursor"]["sha"] = sha
        advance |= {"etag": header(response, "ETag")[:300], "last_modified": header(response, "Last-Modified")[:100]}
    damage = "；".join(part for part in (parsed.error, parsed.cut) if part)
    shows = None if parsed.error else [key_of(item, source) for item in parsed.items]
    return Reading(items=items, refused=parsed.refused, damage=damage, shows=shows, advance=advance)


async def _unchanged(source: Source, now: datetime, how: str) -> Reading:
    if source.outlet == Source.Outlet.OWN:
        await in_thread(showing.unchanged, source, now)
    return Reading(said=f"未变化（{how}）")


def _address(source: Source, bridge: str) -> str:
    try:
        variable = bridges.key_variable(source.options) if bridge else ""
        key = secret(variable) or "" if variable else ""
    except (ValueError, ConfigError) as e:
        raise Unread(f"桥接密钥读不到：{e}", code=CODE) from e
    if variable and not key:
        raise Unread(f"桥接密钥读不到：环境变量 {variable} 没有设置", code=CODE)
    return bridges.with_key(source.url, bridge, key)


def _headers(source: Source) -> dict[str, str]:
    headers = {"Accept": ACCEPT}
    if source.etag:
        headers["If-None-Match"] = source.etag
    if source.last_modified:
        headers["If-Modified-Since"] = source.last_modified
    return headers


def _of_bridge(response: Response, now: datetime) -> Reading:
    text = response.body[:20_000].decode("utf-8", "replace")
    if bridges.is_empty(response.status, text):
        return Reading(said="桥接服务可用，目前没有内容")
    said, code = bridges.error_of(response.status, text)
    limited = code == "rate_limited"
    until = read_retry_after(header(response, "Retry-After"), now) or (now + SLOWER if limited else None)
    raise Unread(said, state="capped" if limited else "failing", code=code, retry_at=until)
