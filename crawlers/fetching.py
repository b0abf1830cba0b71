"""A download for an adapter: through Scrapy's engine and our middlewares, its failures counted against the host."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from scrapy import Request
from scrapy.crawler import Crawler
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
from crawlers import hosts, politeness
from crawlers.adapters.base import Postponed, Unread, header
from crawlers.addresses import AddressRefused, origin, registrable
from crawlers.politeness import NotAsked, in_thread


class Fetcher:
    """Fetch (see adapters.base) for one source; `http` is the status of the last answer."""

    def __init__(self, crawler: Crawler, source: Source) -> None:
        self._crawler, self._site = crawler, registrable(source.url) if source.url else ""
        self.http: int | None = None

    async def __call__(
        self, url: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b"", api: bool = False
    ) -> Response:
        if not api and registrable(url) != self._site:
            raise Unread(f"{url[:200]} 不在获准的站点 {self._site} 内，未请求")
        try:
            request = Request(
                url, method=method, headers=dict(headers or {}), body=body, dont_filter=True, meta={"api": api}
            )
        except ValueError as e:  # no scheme, no host
            raise Unread(f"地址无效：{url[:200]}") from e
        assert self._crawler.engine is not None
        try:
            response = await self._crawler.engine.download_async(request)
        except Exception as e:
            raise await _unread(e, request) from e
        self.http = response.status
        if response.status != 429 and response.status < 500:
            await in_thread(hosts.served, origin(response.url))
        elif not api:
            asked = header(response, "Retry-After")
            until = await in_thread(hosts.failed, origin(response.url), real_now(), asked)
            limited = response.status == 429
            raise Unread(
                f"HTTP {response.status}",
                state="capped" if limited or asked else "failing",
                code="rate_limited" if limited else "",
                retry_at=service_time(until),
            )
        return response


async def _unread(error: Exception, request: Request) -> Unread:
    if isinstance(error, politeness.Postponed):
        return Postponed(error.said, retry_at=service_time(error.until))
    if isinstance(error, NotAsked):
        return Unread(
            error.said, state="capped" if error.capped else "failing", code=error.code, retry_at=service_time(error.until)
        )
    if isinstance(error, (AddressRefused, DownloadCancelledError)):
        return Unread(explain(error))
    until = await in_thread(hosts.failed, origin(request.url), real_now())
    return Unread(explain(error), retry_at=service_time(until))


def explain(error: Exception) -> str:
    """A failed download in one Chinese sentence."""
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


def service_time(until: datetime | None) -> datetime | None:
    """A host's real instant on the service's clock (they differ in a drill only)."""
    return clock.now() + (until - real_now()) * clock.speed() if until else None
