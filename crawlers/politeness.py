"""How a request is sent: an allowed address, robots.txt obeyed, one request per site and moment, its outcome counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urljoin

from django.db import connection
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.http import Response
from w3lib.url import safe_url_string

from config.clock import SHANGHAI, real_now
from crawlers import hosts, robots
from crawlers.addresses import AddressRefused, check_url, origin, registrable
from crawlers.hosts import Turn

T = TypeVar("T")
Download = Callable[[Request], Awaitable[Response]]
PATIENCE = timedelta(seconds=60)  # longer waits are put off to a later run, so that one site does not fill the child
ROBOTS_TIMEOUT = 15.0
BUSY_POLL_S = 0.5  # how often a turn another process holds is asked for
# One thread: SQLite has one writer anyway, and the child stays within two connections.
_database = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database")


async def in_thread(work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Blocking database work off the reactor, one after the other; after an error the connection is made anew."""

    def run() -> T:
        try:
            return work(*args, **kwargs)
        except Exception:
            connection.close()
            raise

    return await asyncio.get_running_loop().run_in_executor(_database, run)


class NotAsked(IgnoreRequest):
    """A request that was not sent. `capped` = somebody's rule says so, else it is a failure."""

    def __init__(self, said: str, *, capped: bool = True, code: str = "", until: datetime | None = None) -> None:
        super().__init__(said)
        self.said, self.capped, self.code, self.until = said, capped, code, until


class OutOfPatience(NotAsked):
    """The site's next free moment lies further ahead than PATIENCE."""


class AllowedAddress:
    """Scrapy middleware, for every request: scheme and literal addresses here, resolved ones in the resolver."""

    def __init__(self, allow_private: bool) -> None:
        self.allow_private = allow_private

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> AllowedAddress:
        return cls(crawler.settings.getbool("ALLOW_PRIVATE_SOURCES"))

    def process_request(self, request: Request) -> None:
        try:
            check_url(request.url, allow_private=self.allow_private)
        except AddressRefused as e:
            raise NotAsked(f"拒绝访问 {bare(request.url)}：{e}", capped=False) from e


class Manners:
    """One per child: sends requests for all its sources."""

    def __init__(self, download: Download, delay: float) -> None:
        """`delay`: least seconds between an answer of a site and the next request to it."""
        self._download, self._delay = download, delay
        self._queues: dict[str, asyncio.Lock] = {}  # by site: within a process nobody polls for a turn
        self._asking: dict[str, asyncio.Lock] = {}  # by origin: robots.txt is asked for once

    async def check_rules(self, url: str) -> None:
        """Raises NotAsked unless robots.txt allows it; its snapshot is fetched when there is no fresh one."""
        name = origin(url)
        async with self._asking.setdefault(name, asyncio.Lock()):
            rules = await in_thread(robots.remembered, name, real_now()) or await self._fetch_rules(name)
        if rules.refusal:
            raise NotAsked(rules.refusal, capped=False, code="blocked_by_robots")
        if not rules.allows(url):
            raise NotAsked("robots.txt 不允许读取此地址", code="blocked_by_robots")

    async def _fetch_rules(self, name: str) -> robots.Rules:
        rules, url = robots.Rules(status=robots.FAILED), f"{name}/robots.txt"
        for _ in range(robots.HOPS + 1):
            ask = Request(url, meta={"download_timeout": ROBOTS_TIMEOUT}, dont_filter=True)
            try:
                response = await self.send(ask)
            except NotAsked:
                raise
            except Exception as e:
                raise NotAsked(f"robots.txt 读取失败（{explain(e)}），取到之前不读取该站", capped=False) from e
            if not (moved := redirected(response)):
                rules = robots.read_rules(response.status, response.body)
                break
            if registrable(moved) != registrable(name):
                rules = robots.Rules(status=robots.UNCLEAR)
                break
            url = moved
        await in_thread(robots.remember, name, rules, real_now())
        return rules

    async def send(self, request: Request, *, own_delay: float = 0.0, api: bool = False) -> Response:
        """One download, when the site's turn comes, its outcome counted for the site. Redirects are not followed.

        Raises NotAsked, OutOfPatience, and what Scrapy raises when there is no answer.
        """
        async with self._turn(registrable(request.url), own_delay) as turn:
            try:
                response = await self._download(request)
            except BaseException as e:
                blameless = isinstance(e, (IgnoreRequest, DownloadCancelledError)) or refused_address(e)
                # Given up by us (asyncio's cancellation is no Exception), too big, or not allowed: not the site's fault.
                count = hosts.failed if isinstance(e, Exception) and not blameless else hosts.left
                await in_thread(count, turn, real_now())
                raise
            asked = (response.headers.get("Retry-After") or b"").decode("latin-1")
            # An interface says 5xx for "empty" too: its adapter judges, but a wish to be left alone is kept.
            if response.status == 429 or (response.status >= 500 and (asked or not api)):
                response.meta["closed_until"] = await in_thread(hosts.failed, turn, real_now(), asked)
            else:
                await in_thread(hosts.served, turn, real_now())
            return response

    @asynccontextmanager
    async def _turn(self, name: str, own_delay: float) -> AsyncIterator[Turn]:
        deadline = real_now() + PATIENCE
        queue = self._queues.setdefault(name, asyncio.Lock())
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                await queue.acquire()
        except TimeoutError:
            raise OutOfPatience(f"{name} 的请求在排队，推迟到 {_clock(deadline)}", until=deadline) from None
        try:
            while not isinstance(got := await in_thread(hosts.take, name, max(self._delay, own_delay), real_now()), Turn):
                if got.closed:
                    code = "rate_limited" if got.requested else ""
                    raise NotAsked(got.closed, capped=got.requested, code=code, until=got.until)
                now = real_now()
                if (now if got.busy else got.until) > deadline:
                    raise OutOfPatience(f"该站要求的访问间隔未到，推迟到 {_clock(got.until)}", until=got.until)
                wait = max((got.until - now).total_seconds(), 0.0)
                await asyncio.sleep(min(wait, BUSY_POLL_S) if got.busy else wait)
            yield got
        finally:
            queue.release()


def redirected(response: Response) -> str:
    """The absolute address a redirect points to, "" for any other answer."""
    location = response.headers.get("Location") if response.status in (301, 302, 303, 307, 308) else None
    return urljoin(response.url, safe_url_string(location)) if location else ""


def refused_address(error: BaseException) -> AddressRefused | None:
    """The resolver's refusal, which Twisted hands on as a cause."""
    return next((e for e in (error, error.__cause__) if isinstance(e, AddressRefused)), None)


def explain(error: Exception) -> str:
    """A failed download in one Chinese sentence."""
    if refusal := refused_address(error):
        return f"拒绝访问：{refusal}"
    if "certificate verify failed" in str(error):
        return "TLS 证书无效（过期、域名不符或签发者不可信）"
    known = {
        DownloadTimeoutError: "超时没有读完",
        CannotResolveHostError: "域名解析失败",
        DownloadConnectionRefusedError: "连接被拒绝",
        DownloadCancelledError: "内容超过 10 MB，未读取",
        ResponseDataLossError: "内容没有传完",
        IgnoreRequest: "内容解压后超过 10 MB，未读取",  # Scrapy's decompression raises nothing else
    }
    said = next((text for kind, text in known.items() if isinstance(error, kind)), "")
    return said or f"下载失败：{type(error).__name__}: {str(error)[:200]}"


def bare(url: str) -> str:
    """An address for messages: the query may hold a key."""
    return url.partition("?")[0][:200]


def _clock(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%m-%d %H:%M:%S")
