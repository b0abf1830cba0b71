"""When a post's counters are worth reading again: often while it is young, ever more rarely, then no more. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

# After publication. Attention comes early: each pause is as long as the post is old by then.
STEPS = tuple(timedelta(minutes=10 * 2**n) for n in range(10))  # 10 min … 85 h
OVER = STEPS[-1] + timedelta(hours=12)  # older posts are not looked at any more
APART = timedelta(minutes=5)  # counters that come by anyway are written down at most so often


@dataclass(frozen=True, kw_only=True)
class Counts:
    """A post's counters as a source gave them; None = it did not say."""

    reposts: int | None = None
    comments: int | None = None
    likes: int | None = None
    reads: int | None = None

    def over(self, known: Iterable[int]) -> tuple[int, int, int, int]:
        """These counters laid over those known (in the same order)."""
        given = (self.reposts, self.comments, self.likes, self.reads)
        a, b, c, d = (old if new is None else new for new, old in zip(given, known, strict=True))
        return a, b, c, d


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A post that may be due. `last_at`: when its counters were last read, at the latest when it was received."""

    post_id: int
    external_id: str
    published_at: datetime
    last_at: datetime
    rank: float = 0.0  # heat of its event, then its own reposts: who goes first when not all can


def due_at(published_at: datetime, last_at: datetime) -> datetime | None:
    """The first step after the last reading; None when there is none left."""
    return next((published_at + step for step in STEPS if published_at + step > last_at), None)


def due(candidates: Iterable[Candidate], now: datetime, most: int) -> list[Candidate]:
    """At most so many whose moment has come, the most attended first."""
    waiting = [c for c in candidates if (at := due_at(c.published_at, c.last_at)) and at <= now]
    return sorted(waiting, key=lambda c: (-c.rank, -c.published_at.timestamp()))[:most]
