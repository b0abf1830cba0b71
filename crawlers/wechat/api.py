"""One call of WeChat's interfaces: with the account's token, repeated once with a new one, its answer judged."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from crawlers.adapters.base import Fetch, Unread
from crawlers.wechat import tokens
from crawlers.wechat.account import Account
from crawlers.wechat.errors import STALE, Refusal, judge

HEADERS = {"Content-Type": "application/json; charset=utf-8"}


class Said(Unread):
    """WeChat refused one call; `number` is its errcode."""

    def __init__(self, refusal: Refusal, path: str, now: datetime) -> None:
        super().__init__(f"{path.removeprefix('/cgi-bin/')}：{refusal.said}", state=refusal.state, code=refusal.code, retry_at=refusal.retry_at(now))
        self.number = refusal.number


@dataclass(frozen=True, kw_only=True)
class Api:
    """Calls for one account in one reading."""

    account: Account
    fetch: Fetch
    base: str
    now: datetime

    async def call(self, path: str, payload: dict[str, Any]) -> dict[str, Any]:
        """The answer of POST base+path. Raises Unread; a token that has just ended is no reason."""
        token = await tokens.get(self.account, self._post)
        try:
            return await self._post(path, payload, access_token=token)
        except Said as e:
            if e.number not in STALE:
                raise
        token = await tokens.get(self.account, self._post, refused=token)
        return await self._post(path, payload, access_token=token)

    async def _post(self, path: str, payload: dict[str, Any], **query: str) -> dict[str, Any]:
        url = f"{self.base}{path}" + (f"?{urlencode(query)}" if query else "")
        body = json.dumps(payload, ensure_ascii=False).encode()
        response = await self.fetch(url, method="POST", headers=HEADERS, body=body, api=True)
        answer, refusal = judge(response.status, response.body)
        if refusal is not None:
            raise Said(refusal, path, self.now)
        return answer
