"""Where reading a list stands that grows at its top: ids above `since_id`, at most `max_id`, newest first. Pure.

A page that could not be followed to known ground (no calls left) leaves a gap, closed at a later reading; so nothing
between two readings is skipped, however much came, and the newest is always read first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

OVERLAP = timedelta(minutes=30)  # posts may become visible after younger ones (review): read again, stored once
GAPS = 10


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One page: ids above `since` and at most `most` (0 = from the top). `gap`: it closes the gap that ends there."""

    since: int
    most: int = 0

    @property
    def params(self) -> dict[str, str]:
        return {"since_id": str(self.since)} | ({"max_id": str(self.most)} if self.most else {})


@dataclass(frozen=True, kw_only=True)
class Stream:
    """`top`: the greatest id seen. `since`: what is asked from, a little below. `gaps`: (above, up to) not yet read."""

    top: int = 0
    since: int = 0
    gaps: tuple[tuple[int, int], ...] = ()

    def next(self, *, fresh: bool) -> Ask | None:
        """The page to ask for: the newest (`fresh`), else of the newest gap; None when nothing is open."""
        if fresh:
            return Ask(since=self.since)
        return Ask(since=self.gaps[-1][0], most=self.gaps[-1][1]) if self.gaps else None

    def after(self, ask: Ask, seen: Mapping[int, datetime | None], more: bool) -> Stream:
        """The stream once this page is stored. `seen`: its ids with their times; `more`: older ones may follow.

        The very first page leaves no gap: what was before is a matter for back-fill, not for the call budget.
        """
        lowest = min(seen, default=0)
        if ask.most:
            above, _ = self.gaps[-1]
            rest = self.gaps[:-1]
            done = not seen or not more or lowest <= above + 1
            return replace(self, gaps=rest if done else (*rest, (above, lowest - 1)))
        if not seen:
            return self
        gaps = self.gaps
        if more and self.top and lowest > self.top + 1:
            gaps = (*gaps, (self.top, lowest - 1))
        return Stream(top=max(self.top, *seen), since=max(self.since, _settled(seen)), gaps=_few(gaps))


def _settled(seen: Mapping[int, datetime | None]) -> int:
    """The greatest id that is older than the newest by the overlap; 0 when the page reaches less far back."""
    times = [at for at in seen.values() if at]
    if not times:
        return 0
    return max((i for i, at in seen.items() if at and at <= max(times) - OVERLAP), default=0)


def _few(gaps: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """At most GAPS of them: the two oldest become one, whose middle is read again and stored once."""
    while len(gaps) > GAPS:
        gaps = ((gaps[0][0], gaps[1][1]), *gaps[2:])
    return gaps


def more_after(answer: Mapping[str, Any], page: Sequence[Any], count: int) -> bool:
    """May older entries follow this page? A full page says yes; a short one only when its cursor does (posts withheld)."""
    cursor = answer.get("next_cursor")
    if isinstance(cursor, (int, str)) and str(cursor).strip("-").isdigit():
        return int(cursor) > 0 and bool(page)
    return len(page) >= count


def to_json(stream: Stream) -> dict[str, Any]:
    """For Source.cursor. Texts: these numbers are greater than what other readers of JSON keep exactly."""
    return {"top": str(stream.top), "since": str(stream.since), "gaps": [[str(a), str(b)] for a, b in stream.gaps]}


def from_json(kept: Any) -> Stream:
    """Raises nothing: a cursor that cannot be read starts anew, and what comes again is stored once."""
    try:
        gaps = tuple((int(a), int(b)) for a, b in kept["gaps"])
        return Stream(top=int(kept["top"]), since=int(kept["since"]), gaps=gaps)
    except (TypeError, KeyError, ValueError):
        return Stream()
