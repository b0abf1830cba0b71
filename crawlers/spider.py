"""The one spider: takes source ids from a queue, reads each feed once, reports what came of it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import F
from scrapy import Request, Spider
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    ResponseDataLossError,
)
from scrapy.http import Response

from archive.models import Source
from config import clock
from config.clock import real_now
from crawlers import feeds, hosts, schedule
from crawlers.addresses import AddressRefused, origin
from crawlers.politeness import NotAsked, Postponed, in_thread
from crawlers.posts import AHEAD, BATCH, ParsedItem, save
from crawlers.schedule import Run

log = logging.getLogger(__name__)
Report = dict[str, Any]  # a line of `crawl --json`: name, state, fetched, new, error; and the source's id
Listen = Callable[[Callable[[list[int] | None], object]], None]
ACCEPT = "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"


@dataclass(frozen=True, kw_only=True)
class Job:
    """One source being read."""

    source: Source
    started_at: datetime


class FeedSpider(Spider):
    name = "feeds"

    def __init__(self, listen: Listen, report: Callable[[Report], None], **kwargs: Any) -> None:
        """`listen` blocks in a thread of its own and puts ids as they come, None at the end."""
        super().__init__(**kwargs)
        self.listen, self.report = listen, report

    async def start(self) -> AsyncIterator[Request]:
        """Requests for as long as ids come; the engine stays open until this ends."""
        work: asyncio.Queue[list[int] | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def put(ids: list[int] | None) -> None:
            loop.call_soon_threadsafe(work.put_nowait, ids)

        threading.Thread(target=self.listen, args=(put,), daemon=True).start()
        while (ids := await work.get()) is not None:
            for source in await in_thread(_sources, ids):
                job = Job(source=source, started_at=clock.now())
                if refusal := _unreadable(source):
                    self.report({**_report(source, "off", error=refusal)})
                else:
                    yield self._request(job)

    def _request(self, job: Job) -> Request:
        headers = {"Accept": ACCEPT}
        if job.source.etag:
            headers["If-None-Match"] = job.source.etag
        if job.source.last_modified:
            headers["If-Modified-Since"] = job.source.last_modified
        return Request(
            job.source.url,
            headers=headers,
            callback=self.answered,
            errback=self.unanswered,
            cb_kwargs={"job": job},
            meta={"job": job},
            dont_filter=True,
        )

    async def answered(self, response: Response, job: Job) -> None:
        try:
            run = await self._read(response, job)
        except Exception as e:  # the database, or a defect of ours: this source fails, the others go on
            log.exception("reading %s", job.source.name)
            run = Run(started_at=job.started_at, state="failing", said=f"收录失败：{type(e).__name__}: {e}")
        await self._settle(job, run)

    async def unanswered(self, failure: Any) -> None:
        job: Job = failure.request.meta["job"]
        error = failure.value
        if isinstance(error, Postponed):
            assert error.until is not None
            await in_thread(schedule.postpone, job.source.pk, _service(error.until))
            self.report(_report(job.source, job.source.state, error=error.said))
            return
        run = Run(started_at=job.started_at, state="failing", said=explain(error))
        if isinstance(error, NotAsked):
            run = replace(run, state="capped" if error.capped else "failing", retry_at=_service(error.until))
        elif not isinstance(error, (AddressRefused, DownloadCancelledError)):
            until = await in_thread(hosts.failed, origin(failure.request.url), real_now())
            run = replace(run, retry_at=_service(until))
        await self._settle(job, run)

    async def _read(self, response: Response, job: Job) -> Run:
        run = Run(started_at=job.started_at, state="alive", http=response.status)
        name = origin(response.url)
        if response.status == 429 or response.status >= 500:
            asked = (response.headers.get("Retry-After") or b"").decode("latin-1")
            until = await in_thread(hosts.failed, name, real_now(), asked)
            state = "capped" if response.status == 429 or asked else "failing"
            return replace(run, state=state, said=f"HTTP {response.status}", retry_at=_service(until))
        await in_thread(hosts.served, name)
        if response.status == 304:
            return replace(run, said="未变化（304）")
        if response.status != 200:
            return replace(run, state="failing", said=f"HTTP {response.status}")
        try:
            parsed = await asyncio.to_thread(
                feeds.parse, response.body, url=response.url, content_type=_header(response, "Content-Type")
            )
        except feeds.NotAFeed as e:
            return replace(run, state="failing", said=str(e))
        new = await in_thread(store, parsed, job.source, response, clock.now())
        return replace(
            run,
            fetched=len(parsed.items) + len(parsed.refused),
            new=new,
            said=f"读到 {len(parsed.items)} 条，新增 {new} 条",
            damage=parsed.error,
            refused=tuple((r.row, r.field, r.reason) for r in parsed.refused),
        )

    async def _settle(self, job: Job, run: Run) -> None:
        try:
            state = await in_thread(schedule.settle, job.source.pk, run, clock.now())
        except Exception as e:
            log.exception("recording %s", job.source.name)
            state, run = "failing", replace(run, state="failing", said=f"记录失败：{type(e).__name__}: {e}")
        self.report(_report(job.source, state, fetched=run.fetched, new=run.new, error=run.error))


def store(parsed: feeds.ParsedFeed, source: Source, response: Response, now: datetime) -> int:
    """Posts in batches; the last batch's transaction also advances the cursor and validators. Returns new posts."""
    items: Sequence[ParsedItem] = [replace(i, site=source.name) for i in parsed.items]
    dated = [i.published_at for i in items if i.published_at and i.published_at <= now + AHEAD]
    newest = max([t for t in (source.last_item_at, *dated) if t], default=None)
    advance: dict[str, Any] = {
        "last_item_at": newest,
        "cursor": {**source.cursor, "gaps": schedule.gaps_after(source.cursor.get("gaps", []), source.last_item_at, dated)},
    }
    if not parsed.error:  # a damaged body must not become "unchanged" at the next reading
        advance |= {"etag": _header(response, "ETag")[:300], "last_modified": _header(response, "Last-Modified")[:100]}
    batches = [items[i : i + BATCH] for i in range(0, len(items), BATCH)] or [[]]
    new = sum(save(batch, source, now, live=True).new for batch in batches[:-1])
    return new + save(
        batches[-1], source, now, live=True, also=lambda: Source.objects.filter(pk=source.pk).update(**advance)
    ).new


def explain(error: Exception) -> str:
    """A failed download in one Chinese sentence."""
    if isinstance(error, NotAsked):
        return error.said
    if isinstance(error, AddressRefused) or isinstance(error.__cause__, AddressRefused):
        return f"拒绝访问：{error.__cause__ or error}"
    known = {
        DownloadTimeoutError: "超时没有读完",
        CannotResolveHostError: "域名解析失败",
        DownloadConnectionRefusedError: "连接被拒绝",
        DownloadCancelledError: "内容超过 10 MB，未读取",
        ResponseDataLossError: "内容没有传完",
    }
    said = next((text for kind, text in known.items() if isinstance(error, kind)), "下载失败")
    return said if said != "下载失败" else f"{said}：{type(error).__name__}: {str(error)[:200]}"


def _sources(ids: list[int]) -> list[Source]:
    return list(Source.objects.filter(pk__in=ids).order_by(F("next_run_at").asc(nulls_first=True), "pk"))


def _unreadable(source: Source) -> str:
    if not source.enabled:
        return "信源未启用"
    if source.kind != Source.Kind.FEED or not source.url:
        return "这种信源不按地址读取"
    return ""


def _report(source: Source, state: str, *, fetched: int = 0, new: int = 0, error: str = "") -> Report:
    return {"id": source.pk, "name": source.name, "state": state, "fetched": fetched, "new": new, "error": error}


def _header(response: Response, name: str) -> str:
    return (response.headers.get(name) or b"").decode("latin-1").strip()


def _service(until: datetime | None) -> datetime | None:
    """A host's real instant on the service's clock (they differ in a drill only)."""
    return clock.now() + (until - real_now()) * clock.speed() if until else None
