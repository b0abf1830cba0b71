"""The one spider: takes source ids from a queue, has each read by its kind's adapter, stores and reports."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import F
from scrapy import Request, Spider

from archive import approval
from archive.models import Source
from config import clock
from crawlers import hosts, schedule, showing
from crawlers.adapters import ADAPTERS, adapter
from crawlers.adapters.base import Postponed, Reading, Unread
from crawlers.fetching import Fetcher
from crawlers.politeness import Manners, in_thread
from crawlers.posts import AHEAD, BATCH, ParsedItem, save
from crawlers.schedule import Run

log = logging.getLogger(__name__)
Report = dict[str, Any]  # a line of `crawl --json`: name, state, fetched, new, error; and the source's id
Listen = Callable[[Callable[[list[int] | None], object]], None]


class SourceSpider(Spider):
    name = "sources"

    def __init__(self, listen: Listen, report: Callable[[Report], None], **kwargs: Any) -> None:
        """`listen` blocks in a thread of its own and puts ids as they come, None at the end."""
        super().__init__(**kwargs)
        self.listen, self.report = listen, report

    async def start(self) -> AsyncIterator[Request]:
        """A task for each source, for as long as ids come; the engine stays open until the last has ended."""
        work: asyncio.Queue[list[int] | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def put(ids: list[int] | None) -> None:
            loop.call_soon_threadsafe(work.put_nowait, ids)

        assert self.crawler.engine is not None
        self.manners = Manners(self.crawler.engine.download_async, hosts.house_delay())
        threading.Thread(target=self.listen, args=(put,), daemon=True).start()
        async with asyncio.TaskGroup() as tasks:
            while (ids := await work.get()) is not None:
                for source in await in_thread(_sources, ids):
                    tasks.create_task(self._attend(source))
        nothing: tuple[Request, ...] = ()
        for request in nothing:  # adapters download by themselves; this makes it the generator Scrapy asks for
            yield request

    async def _attend(self, source: Source) -> None:
        """Read one source and say what came of it, whatever happens."""
        if refusal := _unreadable(source):
            self.report(_report(source, "off", error=refusal))
            return
        started_at = clock.now()
        try:
            run = await self._run(source, started_at)
        except Postponed as e:
            self.report(await self._postponed(source, e))
            return
        except Exception as e:  # the database, or a defect of ours: this source fails, the others go on
            log.exception("reading %s", source.name)
            run = Run(started_at=started_at, state="failing", said=f"收录失败：{type(e).__name__}: {e}")
        try:
            state = await in_thread(schedule.settle, source.pk, run, clock.now())
        except Exception as e:
            log.exception("recording %s", source.name)
            state, run = "failing", replace(run, state="failing", said=f"记录失败：{type(e).__name__}: {e}")
        self.report(_report(source, state, fetched=run.fetched, new=run.new, error=run.error))

    async def _postponed(self, source: Source, reason: Postponed) -> Report:
        assert reason.retry_at is not None
        try:
            await in_thread(schedule.postpone, source.pk, reason.retry_at)
        except Exception:  # it stays due and is asked for again in a moment
            log.exception("postponing %s", source.name)
        return _report(source, source.state, error=reason.said)

    async def _run(self, source: Source, started_at: datetime) -> Run:
        fetch = Fetcher(self.manners, source)
        try:
            reading = await adapter(source.kind).read(source, fetch, started_at)
        except Postponed:
            raise
        except Unread as e:
            return Run(
                started_at=started_at, state=e.state, said=e.said, code=e.code, retry_at=e.retry_at, http=fetch.http
            )
        new = await in_thread(store, reading, source, clock.now())
        return Run(
            started_at=started_at,
            state=reading.state,
            said=reading.said or f"读到 {len(reading.items)} 条，新增 {new} 条",
            code=reading.code,
            http=fetch.http,
            fetched=len(reading.items) + len(reading.refused),
            new=new,
            damage=reading.damage,
            retry_at=reading.retry_at,
            more=reading.more,
            refused=tuple((r.row, r.field, r.reason) for r in reading.refused),
        )


def store(reading: Reading, source: Source, now: datetime) -> int:
    """Posts in batches; the last batch's transaction also advances the source's columns. Returns new posts."""
    new = _save(reading, source, now)
    if source.outlet == Source.Outlet.OWN and reading.shows is not None:
        showing.note(source, reading.shows, now)
    return new


def _save(reading: Reading, source: Source, now: datetime) -> int:
    items: Sequence[ParsedItem] = reading.items
    if not items and not reading.advance:
        return 0
    advance = dict(reading.advance)
    cursor = {**source.cursor, **advance.pop("cursor", {})}
    if items:
        dated = [i.published_at for i in items if i.published_at and i.published_at <= now + AHEAD]
        advance["last_item_at"] = max([t for t in (source.last_item_at, *dated) if t], default=None)
    advance["cursor"] = cursor
    batches = [items[i : i + BATCH] for i in range(0, len(items), BATCH)] or [[]]
    new = sum(save(batch, source, now, live=True).new for batch in batches[:-1])
    return new + save(
        batches[-1], source, now, live=True, also=lambda: Source.objects.filter(pk=source.pk).update(**advance)
    ).new


def _sources(ids: list[int]) -> list[Source]:
    return list(Source.objects.filter(pk__in=ids).order_by(F("next_run_at").asc(nulls_first=True), "pk"))


def _unreadable(source: Source) -> str:
    if not source.enabled:
        return "信源未启用"
    if source.kind not in ADAPTERS:
        return "这种信源不由本系统读取"
    return approval.missing(source)


def _report(source: Source, state: str, *, fetched: int = 0, new: int = 0, error: str = "") -> Report:
    return {"id": source.pk, "name": source.name, "state": state, "fetched": fetched, "new": new, "error": error}
