"""What the archive indexes: plain strings and numbers, filled by flow; the archive knows no Event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Document:
    """One post as search sees it. `published_at` is aware; `event`, `grade`, `type` are what analysis made of it."""

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
    heat: str | None = None
