"""微博推送流: what `crawl` reads of it at once. The engine keeps a receiver of its own open instead (crawlers/receivers.py)."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime

from archive.models import Source
from crawlers.adapters.base import Fetch, Reading, Unread
from crawlers.again import withdraw
from crawlers.politeness import in_thread
from crawlers.posts import id_key
from crawlers.weibo.connection import Connection
from crawlers.weibo.grants import Access, access_of
from crawlers.weibo.options import Options
from crawlers.weibo.push import Record, read_record
from crawlers.weibo.receiver import lost_since, options_of, since_of

MOST, LONGEST_S = 2000, 20.0  # records and seconds of one reading


async def read(source: Source, fetch: Fetch, now: datetime) -> Reading:
    """One connection from the last committed record on, until it is closed or enough has come. Raises Unread."""
    options = options_of(source)
    access = await in_thread(access_of, source, now, app_alone=True)
    records = await asyncio.to_thread(_connected, access, options, since_of(source), now)
    for record in records:
        if record.error:
            raise Unread(f"推送：{record.error.said}", state=record.error.meaning.state, code=record.error.meaning.code)
    if gone := [id_key("weibo", number) for record in records for number in record.page.gone]:
        await in_thread(withdraw, gone, now)
    last = max((record.number for record in records), default=0)
    return Reading(
        items=[item for record in records for item in record.page.items],
        refused=[reason for record in records for reason in record.page.refused],
        damage=lost_since(source, now),
        advance={"cursor": {"since": str(last), "since_at": now.isoformat()}} if last else {},
    )


def _connected(access: Access, options: Options, since: str, now: datetime) -> list[Record]:
    connection = Connection(access, options, since, now)
    until, records = time.monotonic() + LONGEST_S, list[Record]()
    try:
        while not connection.over and len(records) < MOST and time.monotonic() < until:
            records += [read_record(line, own=access.uid) for line in connection.batch(MOST - len(records), 0.5)]
    except Unread:
        if not records:
            raise
    finally:
        connection.leave()
    return records
