"""How a post's counters moved, and what it said after edits, for its page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from archive.models import Measurement, Post, PostVersion

SHOWN = 24
WIDTH, HEIGHT = 240, 40


@dataclass(frozen=True)
class Series:
    """Readings of one post, oldest first; `points` draws reposts + comments + likes over time as an SVG polyline."""

    rows: Sequence[Measurement]
    points: str
    most: int


def series(post: Post) -> Series | None:
    """None where counters were never read again."""
    rows = list(Measurement.objects.filter(post=post).order_by("-at", "-id")[:SHOWN])[::-1]
    if not rows:
        return None
    first = (post.received_at, sum(rows[0].before[:3]))
    return Series(rows, *_drawn([first, *((m.at, m.reposts + m.comments + m.likes) for m in rows)]))


def _drawn(values: Sequence[tuple[datetime, int]]) -> tuple[str, int]:
    start, end = values[0][0], values[-1][0]
    span, most = max((end - start).total_seconds(), 1.0), max(max(n for _, n in values), 1)
    points = [
        f"{WIDTH * max((at - start).total_seconds(), 0.0) / span:.0f},{HEIGHT - HEIGHT * n / most:.0f}" for at, n in values
    ]
    return " ".join(points), most


def versions(post: Post) -> list[PostVersion]:
    """Edits that were seen, newest first; none of a post that was withdrawn."""
    return list(PostVersion.objects.filter(post=post, post__withdrawn_at=None).order_by("-at", "-id"))
