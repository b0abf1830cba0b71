"""Spans of time for a search that gives at most a thousand results: too full a span is cut in two. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

RESULTS, PAGE, PAGES = 1000, 50, 20  # sources.md §1.6
OVERLAP = timedelta(minutes=10)  # results come late, and lists are a few per cent off
FIRST = timedelta(hours=1)  # how far back the first reading looks: more is a matter for back-fill
SHORTEST = timedelta(minutes=2)
LONGEST = timedelta(days=3)


class Span(NamedTuple):
    """From and to, both included."""

    start: datetime
    end: datetime


def span_from(until: datetime | None, now: datetime) -> Span:
    """What has to be searched now: from where the last search ended, a little earlier; at most LONGEST."""
    start = until - OVERLAP if until else now - FIRST
    return Span(max(min(start, now), now - LONGEST), now)


def halves(span: Span, total: int) -> list[Span]:
    """[] when the results of this span can all be had, else its two halves, the older first."""
    if total <= RESULTS or span.end - span.start <= SHORTEST:
        return []
    middle = span.start + (span.end - span.start) / 2
    middle = middle.replace(microsecond=0)
    return [Span(span.start, middle), Span(middle, span.end)]
