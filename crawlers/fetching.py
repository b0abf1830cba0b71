"""A download for an adapter: approved site, robots, manners, redirects; every failure in one Chinese sentence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from scrapy import Request
from scrapy.http import Response

from archive.models import Source
from config import clock
from config.clock import real_now
from crawlers.adapters.base import Postponed, Unread, header
from crawlers.addresses import registrable
from crawlers.politeness import Manners, NotAsked, OutOfPatience, bare, explain, redirected

REDIRECTS = 3


class Fetcher:
    """Fetch (see adapters.base) for one source; `http` is the status of the last answer."""

    def __init__(self, manners: Manners, source: Source) -> None:
        self._manners = manners
        own = {registrable(source.url)} if source.url else set()
        # Options an approval covers too: further sites of the same publisher, a longer pause than the house's.
        self._sites = own | set(source.options.get("also_sites", []))
        self._delay = float(source.options.get("delay_s") or 0.0)
        self.http: int | None = None

    async def __call__(
        self, url: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b"", api: bool = False
    ) -> Response:
        sites = {registrable(url)} if api else self._sites
        if registrable(url) not in sites:
            raise Unread(f"{bare(url)} 不在获准的站点内，未请求")
        for _ in range(REDIRECTS + 1):
            response = await self._once(url, method, headers, body, api)
            if not (moved := redirected(response)):
                return self._judged(response, api)
            if registrable(moved) not in sites:
                raise Unread(f"被重定向到站外 {bare(moved)}，未跟随")
            if method != "GET":
                raise Unread(f"接口被重定向到 {bare(moved)}，未跟随")
            url = moved
        raise Unread(f"重定向超过 {REDIRECTS} 次")

    async def _once(
        self, url: str, method: str, headers: Mapping[str, str] | None, body: bytes, api: bool
    ) -> Response:
        try:
            request = Request(url, method=method, headers=dict(headers or {}), body=body, dont_filter=True)
        except ValueError as e:  # no scheme, no host
            raise Unread(f"地址无效：{bare(url)}") from e
        try:
            if not api:
                await self._manners.check_rules(url)
            response = await self._manners.send(request, own_delay=self._delay, api=api)
        except OutOfPatience as e:
            raise Postponed(e.said, retry_at=service_time(e.until)) from e
        except NotAsked as e:
            state = "capped" if e.capped else "failing"
            raise Unread(e.said, state=state, code=e.code, retry_at=service_time(e.until)) from e
        except Exception as e:
            raise Unread(explain(e)) from e
        self.http = response.status
        return response

    def _judged(self, response: Response, api: bool) -> Response:
        if api or (response.status != 429 and response.status < 500):
            return response
        limited = response.status == 429
        raise Unread(
            f"HTTP {response.status}",
            state="capped" if limited or header(response, "Retry-After") else "failing",
            code="rate_limited" if limited else "",
            retry_at=service_time(response.meta.get("closed_until")),
        )


def service_time(until: datetime | None) -> datetime | None:
    """A host's real instant on the service's clock (they differ in a drill only)."""
    return clock.now() + (until - real_now()) * clock.speed() if until else None
