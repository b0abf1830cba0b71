"""Scrapy downloader middlewares: allowed addresses, robots.txt, one request per host and moment, on-site redirects."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import connection
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from config.clock import SHANGHAI, real_now
from crawlers import hosts
from crawlers.addresses import AddressRefused, check_url, origin, registrable

T = TypeVar("T")
PATIENCE = timedelta(seconds=60)  # longer waits are put off to a later run, so that one host does not fill the child
ROBOTS_TIMEOUT = 15.0
# One thread: SQLite has one writer anyway, and the child stays within two connections.
_database = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database")


async def in_thread(work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Blocking database work off the reactor; the connection is given back each time."""

    def run() -> T:
        try:
            return work(*args, **kwargs)
        finally:
            connection.close()

    return await asyncio.get_running_loop().run_in_executor(_database, run)


class NotAsked(IgnoreRequest):
    """A request that was not sent. `capped` = somebody's rule says so, else it is a failure."""

    def __init__(self, said: str, *, capped: bool = True, code: str = "", until: datetime | None = None) -> None:
        super().__init__(said)
        self.said, self.capped, self.code, self.until = said, capped, code, until


class Postponed(NotAsked):
    """The host's next free moment lies further ahead than PATIENCE."""


class AllowedAddress:
    """Every request, redirected ones too: scheme and literal addresses here, resolved ones in the resolver."""

    def __init__(self, allow_private: bool) -> None:
        self.allow_private = allow_private

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> AllowedAddress:
        return cls(crawler.settings.getbool("ALLOW_PRIVATE_SOURCES"))

    def process_request(self, request: Request) -> None:
        try:
            check_url(request.url, allow_private=self.allow_private)
        except AddressRefused as e:
            raise NotAsked(f"拒绝访问 {request.url[:200]}：{e}", capped=False) from e


class Robots:
    """robots.txt as sources.md §5a wants it: a snapshot per host in the database, denied until it was fetched."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.agent = crawler.settings["USER_AGENT"]
        self._asking: dict[str, asyncio.Lock] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Robots:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        if request.meta.get("robots") or request.meta.get("api"):
            return
        name = origin(request.url)
        async with self._asking.setdefault(name, asyncio.Lock()):
            rules = await in_thread(hosts.remembered_rules, name, real_now()) or await self._fetch(name)
        if rules.status == hosts.FAILED:
            raise NotAsked("robots.txt 读取失败，取到之前不读取该站", capped=False, code="blocked_by_robots")
        if not rules.allows(request.url, self.agent):
            raise NotAsked("robots.txt 不允许读取此地址", code="blocked_by_robots")

    async def _fetch(self, name: str) -> hosts.Rules:
        ask = Request(
            f"{name}/robots.txt", meta={"robots": True, "download_timeout": ROBOTS_TIMEOUT}, dont_filter=True
        )
        assert self.crawler.engine is not None
        try:
            response = await self.crawler.engine.download_async(ask)
        except Exception as e:  # whatever kept us from the rules, the answer is the same: denied
            if isinstance(e, NotAsked) and e.until:
                raise
            rules = hosts.Rules(status=hosts.FAILED)
            await in_thread(hosts.failed, name, real_now())
        else:
            rules = hosts.read_rules(response.status, response.body.decode("utf-8", "replace"), self.agent)
            if response.status == 429 or response.status >= 500:
                asked = (response.headers.get("Retry-After") or b"").decode("latin-1")
                await in_thread(hosts.failed, name, real_now(), asked)
        await in_thread(hosts.remember_rules, name, rules, real_now())
        return rules


class Pace:
    """Waits for the host's next free moment. Bookings are rows: a second child, or the next, keeps the distance too."""

    def __init__(self, delay: float) -> None:
        self.delay = delay

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Pace:
        return cls(crawler.settings.getfloat("HUIYING_CRAWL_DELAY"))

    async def process_request(self, request: Request) -> None:
        name, now = origin(request.url), real_now()
        if until := await in_thread(hosts.closed_until, name, now):
            raise NotAsked(f"该站要求暂缓或多次失败，{_clock(until)} 之前不再请求", until=until)
        at = await in_thread(hosts.book, name, self.delay, now, PATIENCE)
        if at - now > PATIENCE:
            raise Postponed(f"该站要求的访问间隔未到，推迟到 {_clock(at)}", until=at)
        if at > now:
            await asyncio.sleep((at - now).total_seconds())


class OnSiteRedirect(RedirectMiddleware):
    """Redirects within the approved site only; the limit of hops is REDIRECT_MAX_TIMES."""

    def process_response(self, request: Request, response: Response, spider: Any = None) -> Request | Response:
        try:
            result = super().process_response(request, response)
        except IgnoreRequest as e:
            raise NotAsked(f"重定向超过 {self.max_redirect_times} 次", capped=False) from e
        if isinstance(result, Request):
            approved = request.meta.get("approved") or registrable(request.url)
            if registrable(result.url) != approved:
                raise NotAsked(f"被重定向到站外 {result.url[:200]}，未跟随", capped=False)
            result.meta["approved"] = approved
        return result


def _clock(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%m-%d %H:%M:%S")
