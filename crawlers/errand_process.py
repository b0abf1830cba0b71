"""Inside an errand's process: one piece of work with a polite Fetch, its progress written to the errand's row."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from django.db import connection
from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerProcess

from archive.models import Source
from config.clock import real_now
from crawlers import hosts
from crawlers.adapters.base import Fetch, Unread
from crawlers.errands import LIMITS, UNDER_WAY
from crawlers.fetching import Fetcher
from crawlers.models import Errand
from crawlers.politeness import Manners, in_thread
from crawlers.process import crawl_settings

log = logging.getLogger(__name__)
State = Errand.State


class Stopped(Exception):
    """Somebody cancelled the errand."""


class Teller:
    """Progress for whoever watches: each word is written to the row, and asks whether the errand is still wanted."""

    def __init__(self, errand: Errand) -> None:
        self.errand = errand

    async def say(self, said: str, **columns: Any) -> None:
        """Write `said` and columns (found, pages). Raises Stopped."""
        await in_thread(self._write, said, columns)

    def _write(self, said: str, columns: dict[str, Any]) -> None:
        still = Errand.objects.filter(pk=self.errand.pk, state__in=UNDER_WAY)
        if not still.update(state=State.RUNNING, said=said[:500], beat_at=real_now(), **columns):
            raise Stopped

    async def end(self, state: State, said: str, **columns: Any) -> None:
        await in_thread(self._end, state, said, columns)

    def _end(self, state: State, said: str, columns: dict[str, Any]) -> None:
        still = Errand.objects.filter(pk=self.errand.pk, state__in=UNDER_WAY)
        still.update(state=state, said=said[:500], ended_at=real_now(), beat_at=real_now(), **columns)


Work = Callable[[Errand, Callable[[Source], Fetch], Teller], Awaitable[str]]


class ErrandSpider(Spider):
    name = "errand"

    def __init__(self, errand: Errand, work: Work, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.errand, self.work = errand, work

    async def start(self) -> AsyncIterator[Request]:
        await self._done()
        nothing: tuple[Request, ...] = ()
        for request in nothing:  # the work downloads by itself; this makes it the generator Scrapy asks for
            yield request

    async def _done(self) -> None:
        assert self.crawler.engine is not None
        manners = Manners(self.crawler.engine.download_async, hosts.house_delay())
        teller = Teller(self.errand)
        beat = asyncio.create_task(_beats(self.errand.pk))
        try:
            async with asyncio.timeout(LIMITS[Errand.Kind(self.errand.kind)] - 10):
                said = await self.work(self.errand, lambda source: Fetcher(manners, source), teller)
            await teller.end(State.DONE, said)
        except Stopped:
            pass
        except TimeoutError:
            await teller.end(State.FAILED, "时间到，没有读完；已读到的在下面")
        except Unread as e:
            await teller.end(State.FAILED, e.said)
        except Exception as e:
            log.exception("errand %s", self.errand.pk)
            await teller.end(State.FAILED, f"出错：{type(e).__name__}: {e}")
        finally:
            beat.cancel()


async def _beats(pk: int) -> None:
    """A sign of life while a download or a host's pace lets nothing else be said."""
    while True:
        await asyncio.sleep(15)
        await in_thread(Errand.objects.filter(pk=pk, state__in=UNDER_WAY).update, beat_at=real_now())


def run(errand: Errand, work: Work, *, sent: bool = False) -> None:
    """Do it, then return. `sent`: by another process, without which it ends too."""
    if not logging.getLogger().isEnabledFor(logging.INFO):
        logging.disable(logging.INFO)  # Scrapy sets its own loggers to DEBUG
    if sent:
        threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    try:
        process = AsyncCrawlerProcess(crawl_settings())
        process.crawl(ErrandSpider, errand=errand, work=work)
        process.start()
    finally:
        hosts.abandon(os.getpid(), real_now())
        connection.close()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
