"""One reading of several lists: what came so far survives the call that fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from crawlers.adapters.base import Reading, Unread
from crawlers.again import withdraw
from crawlers.politeness import in_thread
from crawlers.posts import ParsedItem, Refused, id_key
from crawlers.weibo.api import Api, listed
from crawlers.weibo.errors import NO_PERMISSION
from crawlers.weibo.paging import from_json, more_after, to_json
from crawlers.weibo.statuses import Page

DENIED_FOR = timedelta(hours=20)  # an interface without permission is tried again the next day


@dataclass
class Gathering:
    """`streams`, `denied`: of Source.cursor. `spare`: calls beyond the first page of each list, for closing gaps."""

    api: Api
    streams: dict[str, Any]
    denied: dict[str, str]
    spare: int = 1
    items: list[ParsedItem] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    damage: list[str] = field(default_factory=list)
    calls: int = 0

    async def take(self, page: Page) -> None:
        """Keep what a page held; what is gone at the source is withdrawn at once."""
        self.items += page.items
        self.refused += page.refused
        if page.gone:
            keys = [id_key("weibo", number) for number in page.gone]
            await in_thread(withdraw, keys, self.api.now)

    def closed(self, name: str) -> bool:
        """Was permission for this list denied lately?"""
        until = self.denied.get(name)
        if until is None or datetime.fromisoformat(until) <= self.api.now:
            return False
        self.damage.append(f"{name} 无权限")
        return True

    async def follow(
        self, name: str, path: str, inside: str, reader: Callable[..., Page], count: int, **params: str
    ) -> None:
        """The newest page of a list and, with calls to spare, what its gaps lack. Raises Unread except for no permission."""
        if self.closed(name):
            return
        stream = from_json(self.streams.get(name))
        ask = stream.next(fresh=True)
        try:
            while ask is not None:
                self.calls += 1
                answer = await self.api.get(path, count=count, **ask.params, **params)
                raws = listed(answer, inside, path)
                page = reader(raws, own=self.api.access.uid)
                stream = stream.after(ask, page.seen, more_after(answer, raws, count))
                await self.take(page)
                self.streams[name] = to_json(stream)
                ask = stream.next(fresh=False) if self.spare > 0 else None
                self.spare -= ask is not None
        except Unread as e:
            if e.code != NO_PERMISSION:
                raise
            self.denied[name] = (self.api.now + DENIED_FOR).isoformat()
            self.damage.append(f"{name} 无权限（{e.said}）")
        else:
            self.denied.pop(name, None)

    def reading(self, *, ended: Unread | None, next_at: datetime | None, cursor: Mapping[str, Any] | None = None) -> Reading:
        """What came of it. `ended`: why it stopped early; raised on when nothing came before it."""
        kept = {"streams": self.streams, "denied": self.denied, **(cursor or {})}
        if ended is not None and not self.items:
            raise ended
        gaps = sum(len(from_json(kept).gaps) for kept in self.streams.values())
        if gaps:
            self.damage.append(f"{gaps} 段较早内容待补读")
        later = [t for t in (next_at, ended.retry_at if ended else None) if t]
        return Reading(
            items=self.items,
            refused=self.refused,
            damage="；".join(self.damage),
            state=ended.state if ended else "alive",
            said=ended.said if ended else "",
            code=ended.code if ended else "",
            retry_at=max(later, default=None),
            advance={"cursor": kept},
        )


def spare_calls(left: int, limit: int, day_left: float) -> int:
    """Calls that are ahead of the day's even use (`day_left`: the share of the day to come); at least one. Pure."""
    return max(1, int(left - limit * day_left))


def part_of(cursor: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A table of a source's cursor, copied; what is none counts as empty."""
    found = cursor.get(name)
    return dict(found) if isinstance(found, dict) else {}
