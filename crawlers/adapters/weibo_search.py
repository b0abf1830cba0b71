"""微博商业检索: search/statuses/limited for the bureau's queries, mentions of named official accounts (contract only)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from archive.models import Source
from crawlers.adapters.base import Fetch, Postponed, Reading, Unread
from crawlers.adapters.weibo import options_of
from crawlers.politeness import in_thread
from crawlers.weibo import recount
from crawlers.weibo.api import Api, listed
from crawlers.weibo.app import business_base
from crawlers.weibo.budget import COMMERCIAL, midnight
from crawlers.weibo.errors import number_of
from crawlers.weibo.gathering import Gathering, part_of, spare_calls
from crawlers.weibo.grants import access_of
from crawlers.weibo.statuses import CUT, Page, read_statuses
from crawlers.weibo.windows import PAGE, PAGES, RESULTS, Span, halves, span_from

SEARCH = "search/statuses/limited"


async def read(source: Source, fetch: Fetch, now: datetime) -> Reading:
    """Every query from where its last search ended, every account's mentions, then the counters due. Raises Unread."""
    options = options_of(source, COMMERCIAL)
    if not options.queries and not options.mentions_of:
        raise Unread("未启用：没有设置检索词（queries）或账号（mentions_of）", state="off", code="not_configured")
    access = await in_thread(access_of, source, now, app_alone=True)
    api = Api(source=source, fetch=fetch, access=access, base=business_base(), limit=options.budget, now=now)
    searched = part_of(source.cursor, "searched")
    spare = spare_calls(await api.left(), options.budget, (midnight(now) - now) / timedelta(days=1))
    gathering = Gathering(
        api=api, streams=part_of(source.cursor, "streams"), denied=part_of(source.cursor, "denied"), spare=spare
    )
    ended: Unread | None = None
    try:
        for query in options.queries:
            await _search(gathering, query, searched)
        for uid in options.mentions_of:
            path = "statuses/mentions/other"
            await gathering.follow(f"{path}:{uid}", path, "statuses", read_statuses, 200, uid=uid)
        await recount.by_batch(gathering)
    except Postponed:
        raise
    except Unread as e:
        ended = e
    least = len(options.queries) + len(options.mentions_of)
    next_at = await api.next_at(max(gathering.calls, least))
    return gathering.reading(ended=ended, next_at=next_at, cursor={"searched": searched})


async def _search(gathering: Gathering, query: str, searched: dict[str, Any]) -> None:
    """The query's results since its last search, span by span, the oldest first: what is done is done for good."""
    name = hashlib.sha256(query.encode()).hexdigest()[:16]
    spans = [span_from(_instant(searched.get(name)), gathering.api.now)]
    while spans:
        span = spans.pop(0)
        page, total = await _page(gathering, query, span, 1)
        if cut := halves(span, total):
            spans = cut + spans  # its first page is had again with its half
            continue
        got = [page]
        while len(got) * PAGE < min(total, RESULTS) and len(got) < PAGES and got[-1].seen:
            page, total = await _page(gathering, query, span, len(got) + 1)
            got.append(page)
        if total > RESULTS:
            gathering.damage.append(f"“{query[:20]}”在 {span.start:%m-%d %H:%M} 一段内超过 {RESULTS} 条，只能取到 {RESULTS} 条")
        for page in got:
            await gathering.take(page)
        await _complete(gathering, [number for page in got for number in page.cut])
        searched[name] = span.end.isoformat()


async def _page(gathering: Gathering, query: str, span: Span, number: int) -> tuple[Page, int]:
    gathering.calls += 1
    answer = await gathering.api.get(
        SEARCH, q=query, sort="time", count=PAGE, page=number, starttime=int(span.start.timestamp()),
        endtime=int(span.end.timestamp()),
    )  # fmt: skip
    page = read_statuses(listed(answer, "statuses", SEARCH), own=gathering.api.access.uid)
    return page, number_of(answer.get("total_number")) if isinstance(answer, dict) else 0


async def _complete(gathering: Gathering, cut: list[str]) -> None:
    """Search gives 140 characters of a long post: the whole text replaces them before anything is stored."""
    if not cut:
        return
    whole = {i.external_id: i for i in await recount.whole_texts(gathering, list(dict.fromkeys(cut))) if CUT not in i.notes}
    gathering.items[:] = [
        replace(item, body=whole[item.external_id].body, notes=whole[item.external_id].notes) if item.external_id in whole else item
        for item in gathering.items
    ]


def _instant(text: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    except (TypeError, ValueError):
        return None
