"""One call of Weibo's interfaces: counted, made through the source's fetch, its answer judged."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from archive.models import Source
from crawlers.adapters.base import Fetch, Unread
from crawlers.politeness import in_thread
from crawlers.weibo import grants, meter
from crawlers.weibo.budget import day_of, midnight, next_round
from crawlers.weibo.errors import AUTH, LIMITED, judge
from crawlers.weibo.grants import Access
from crawlers.weibo.said import Said

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Api:
    """Calls for one source in one reading."""

    source: Source
    fetch: Fetch
    access: Access
    base: str
    limit: int  # calls a day
    now: datetime

    async def get(self, path: str, **params: str | int) -> Any:
        """The JSON of GET base/2/path.json. Raises Unread: the day's calls used up, or what Weibo said."""
        if not await in_thread(meter.take, self.access.meter, day_of(self.now), self.limit):
            raise Unread(
                f"今日 {self.limit} 次调用额度已用完，明日零时继续", state="capped", code=LIMITED, retry_at=midnight(self.now)
            )
        query = urlencode({**self.access.params, **params})
        response = await self.fetch(f"{self.base}/2/{path}.json?{query}", headers=self.access.headers, api=True)
        answer, refusal = judge(response.status, response.body)
        if refusal is None:
            return answer
        if refusal.meaning.code == AUTH and self.access.token:
            await in_thread(grants.refused, self.source, refusal.said, self.now)
        raise Said(refusal, path, self.now)

    async def left(self) -> int:
        """Calls that the day still holds."""
        return self.limit - await in_thread(meter.used, self.access.meter, day_of(self.now))

    async def next_at(self, cost: int) -> datetime:
        """When to read again, so that the day's calls last to its end."""
        used = self.limit - await self.left()
        return next_round(self.now, used=used, limit=self.limit, cost=cost, least=timedelta(seconds=self.source.interval_s))


def listed(answer: Any, name: str, path: str) -> list[Any]:
    """The list `name` of an envelope. An empty account may get [] for the whole. Raises Unread."""
    if answer == []:
        return []
    found = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(found, list):
        raise Unread(f"{path}：回复里没有 {name}")
    return found
