"""微博本账号: mentions of the bureau's account, comments that mention it, comments under its posts; within a call budget."""

from __future__ import annotations

from datetime import datetime, timedelta

from archive.models import Source
from crawlers.adapters.base import Fetch, Postponed, Reading, Unread
from crawlers.politeness import in_thread
from crawlers.weibo import recount
from crawlers.weibo.api import Api
from crawlers.weibo.app import api_base
from crawlers.weibo.budget import PER_DAY, midnight
from crawlers.weibo.gathering import Gathering, part_of, spare_calls
from crawlers.weibo.grants import access_of
from crawlers.weibo.options import BadOption, Options, read_options
from crawlers.weibo.statuses import read_comments, read_statuses

# (path, list in the answer, reader, entries of a page: the most that is documented)
LISTS = (
    ("statuses/mentions", "statuses", read_statuses, 200),
    ("comments/mentions", "comments", read_comments, 50),
    ("comments/to_me", "comments", read_comments, 50),
)


async def read(source: Source, fetch: Fetch, now: datetime) -> Reading:
    """One round: each list from where it stands, then the counters that are due. Raises Unread."""
    options = options_of(source, PER_DAY)
    access = await in_thread(access_of, source, now)
    api = Api(source=source, fetch=fetch, access=access, base=api_base(), limit=options.budget, now=now)
    spare = spare_calls(await api.left(), options.budget, (midnight(now) - now) / timedelta(days=1))
    gathering = Gathering(
        api=api, streams=part_of(source.cursor, "streams"), denied=part_of(source.cursor, "denied"), spare=spare
    )
    ended: Unread | None = None
    try:
        for path, inside, reader, count in LISTS:
            await gathering.follow(path, path, inside, reader, count)
        if await api.left() > len(LISTS):  # what is said now comes before how it spreads
            await recount.by_counts(gathering)
    except Postponed:
        raise
    except Unread as e:
        ended = e
    if ended is None and not gathering.items and all(name in gathering.denied for name, *_ in LISTS):
        raise Unread("；".join(gathering.damage), code="no_permission")
    return gathering.reading(ended=ended, next_at=await api.next_at(max(gathering.calls, len(LISTS))))


def options_of(source: Source, budget: int) -> Options:
    """The source's options. Raises Unread, which names the wrong one."""
    try:
        return read_options(source.options, budget=budget)
    except BadOption as e:
        raise Unread(f"设置有误：options.{e.field}：{e}") from e
