"""Search documents from the tables: what archive/ indexes without knowing an Event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analysis.models import Reading
from archive.documents import Document
from archive.models import Post


def documents(ids: Sequence[int]) -> list[Document]:
    """One Document for each of these posts that still exists and was not withdrawn."""
    readings: dict[int, Any] = {
        row["post_id"]: row
        for row in Reading.objects.filter(post_id__in=ids).values(
            "post_id", "tier", "units", "places", "event_id", "event__grade", "event__type", "event__heat"
        )
    }
    found = []
    for post in Post.objects.filter(id__in=ids, withdrawn_at__isnull=True):
        row: dict[str, Any] = readings.get(post.id) or {}
        found.append(
            Document(
                post_id=post.id,
                title=post.title,
                body=post.body,
                site=post.site,
                platform=post.platform,
                outlet=post.outlet,
                url=post.url,
                published_at=post.published_at,
                event_id=row.get("event_id"),
                grade=row.get("event__grade"),
                type=row.get("event__type"),
                tier=row.get("tier", ""),
                heat=row.get("event__heat"),
                reposts=post.reposts,
                units=tuple(row.get("units") or ()),
                places=tuple(row.get("places") or ()),
            )
        )
    return found
