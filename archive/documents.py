"""What the archive indexes: plain strings and numbers, filled by flow; the archive knows no Event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b


@dataclass(frozen=True, kw_only=True)
class Document:
    """One post as search sees it. `published_at` is aware; `event`, `grade`, `type`… are what analysis made of it."""

    post_id: int
    title: str
    body: str
    site: str
    platform: str
    outlet: str
    url: str
    published_at: datetime
    event_id: int | None = None
    grade: str | None = None
    type: str | None = None
    tier: str = "none"
    heat: str | None = None  # of the event: blue yellow orange red
    reposts: int = 0
    units: tuple[str, ...] = ()  # the units it names, by their full names
    places: tuple[str, ...] = ()

    @property
    def digest(self) -> int:
        """61 bits over everything that is indexed: index and posts agree when these do."""
        what = (
            self.title, self.body, self.site, self.platform, int(self.published_at.timestamp() // 1), self.event_id,
            self.grade, self.type, self.heat, self.reposts, self.units, self.places,
        )  # fmt: skip
        return int.from_bytes(blake2b(repr(what).encode("utf-8", "surrogatepass"), digest_size=8).digest()) >> 3
