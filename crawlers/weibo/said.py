"""What Weibo refused, as the reason why a source could not be read."""

from __future__ import annotations

from datetime import datetime

from crawlers.adapters.base import Unread
from crawlers.weibo.errors import Refusal


class Said(Unread):
    """Weibo refused one call; `number` is its error code."""

    def __init__(self, refusal: Refusal, path: str, now: datetime) -> None:
        meaning = refusal.meaning
        super().__init__(f"{path}：{refusal.said}", state=meaning.state, code=meaning.code, retry_at=refusal.retry_at(now))
        self.number = refusal.number
