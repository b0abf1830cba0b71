"""DNS answers are checked before a connection is made: the address that was checked is the one connected to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scrapy.resolver import CachingThreadedResolver

from crawlers.addresses import check_resolved


class GuardedResolver(CachingThreadedResolver):
    """Scrapy's IPv4 resolver; a name that resolves to a private address is refused (AddressRefused)."""

    allow_private = False

    @classmethod
    def from_crawler(cls, crawler: Any, reactor: Any) -> Any:
        resolver = super().from_crawler(crawler, reactor)
        resolver.allow_private = crawler.settings.getbool("ALLOW_PRIVATE_SOURCES")
        return resolver

    def getHostByName(self, name: str, timeout: Sequence[int] = ()) -> Any:
        return super().getHostByName(name, timeout).addCallback(self._checked)

    def _checked(self, address: str) -> str:
        check_resolved([address], allow_private=self.allow_private)
        return address
