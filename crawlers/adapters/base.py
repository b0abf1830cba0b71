"""What an adapter is given, what it hands back, and why a source could not be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from archive.models import Source
from config.logs import without_secrets
from crawlers.posts import ParsedItem, Refused

if TYPE_CHECKING:
    from scrapy.http import Response


class Unread(Exception):
    """A source, or one of its pages, could not be read; `said` tells people in Chinese, `code` tells programs.

    Fetch raises it and adapters do. An adapter lets it pass, unless items were read before it: then it returns these
    in a Reading with the exception's state, said, code and retry_at.
    """

    def __init__(self, said: str, *, state: str = "failing", code: str = "", retry_at: datetime | None = None) -> None:
        said = without_secrets(said)  # an address may stand in it, and some platforms take tokens there
        super().__init__(said)
        self.said, self.state, self.code, self.retry_at = said, state, code, retry_at


class Postponed(Unread):
    """Nothing was asked, because the host's next free moment lies too far ahead: nobody is to blame."""


class Fetch(Protocol):
    """A download through all our politeness: address guard, robots, pace, back-off, size and time limits.

    Raises Unread. 429 and 5xx raise it too; every other answer comes back, 304 and 404 included. `api=True` is for a
    contract's interface, not a page: no robots.txt is asked, the host need not be the source's own, and the answer
    comes back whatever its status.
    """

    async def __call__(
        self, url: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b"", api: bool = False
    ) -> Response: ...


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What one reading of a source brought. Items are stored first, in batches; `advance` goes with the last."""

    items: Sequence[ParsedItem] = ()
    refused: Sequence[Refused] = ()
    said: str = ""  # "" = how many came and how many were new
    damage: str = ""  # a reading that succeeded in part
    state: str = "alive"  # alive | failing | capped: the last two when it ended early
    code: str = ""  # the finer reason of the state: rate_limited, auth_required …
    retry_at: datetime | None = None  # not before this, the service's time
    # Keys of all that the source now lists, newest first, whether new or known; None = it does not say. Of our own outlets
    # it tells what is no longer shown (crawlers/showing.py).
    shows: Sequence[str] | None = None
    more: bool = False  # it ended with work left: read on at once instead of after the interval
    # Columns of Source: etag, last_modified, cursor (merged into the present one) …
    advance: Mapping[str, Any] = field(default_factory=dict)


class Adapter(Protocol):
    """One module of this package."""

    async def read(self, source: Source, fetch: Fetch, now: datetime) -> Reading:
        """Ask once, from the source's cursor on. Blocking work (parsing, database) goes into a thread."""
        ...


def header(response: Response, name: str) -> str:
    """A header's value, "" when absent."""
    return (response.headers.get(name) or b"").decode("latin-1").strip()
