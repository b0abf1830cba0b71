"""What any engine answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from archive.documents import Document
from archive.tree import Filter, Node

# facet -> the index's field
FACETS = {
    "source": "site", "grade": "grade", "platform": "platform", "type": "type", "unit": "unit", "place": "place",
    "event": "event", "day": "day",
}  # fmt: skip
COUNTED = ("source", "grade", "platform", "type")  # counted with every search; the others when asked for
Sort = Literal["newest", "best", "mixed"]  # mixed: best, with what is fresh lifted
# Newer than so many days: so much is added to the score of a mixed order (a rare word weighs some 5 to 12).
FRESHNESS = ((1, 3.0), (7, 2.0), (30, 1.0))
Again = tuple[Sequence[int], Sequence[Document]]  # posts to take out, and documents to put in their place


@dataclass(frozen=True, kw_only=True)
class Row:
    """A hit as the index knows it."""

    post_id: int
    event: int | None
    grade: str | None
    score: float


@dataclass(kw_only=True)
class Found:
    """`total` counts all matches; `rows` is the page; facets count all matches by value (day: 2024-05-01).

    `at_least`: our own code could look at only so many candidates, there may be more matches.
    """

    total: int = 0
    rows: list[Row] = field(default_factory=list)
    facets: dict[str, Counter[str]] = field(default_factory=dict)
    at_least: bool = False


@dataclass(frozen=True, kw_only=True)
class Page:
    """What of the matches is wanted. `now` is what a mixed order calls fresh."""

    sort: Sort = "newest"
    limit: int = 20
    offset: int = 0
    facets: tuple[str, ...] = COUNTED
    now: datetime | None = None


class Engine(Protocol):
    """What the embedded engine does, and any other must: one language, one set of answers."""

    name: str

    def search(self, node: Node, filters: Filter, page: Page) -> Found: ...
    def newest(self, node: Node, filters: Filter, most: int) -> list[int]: ...
    def counts(self) -> dict[str, int]: ...
    def count(self) -> int: ...
    def digests(self, month: str) -> Iterator[tuple[int, int]]: ...
    def add(self, documents: Iterable[Document]) -> None: ...
    def delete(self, post_ids: Sequence[int]) -> None: ...
    def commit(self) -> None: ...
    def replace(self, batches: Iterable[Sequence[Document]], again: Callable[[], Again]) -> None: ...
    def rewrite(self, month: str, batches: Iterable[Sequence[Document]]) -> None: ...
    def frequencies(self, month: str, terms: Iterable[str]) -> dict[str, int]: ...
    def set_aside(self) -> str: ...
    def close(self) -> None: ...
