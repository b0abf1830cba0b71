"""What any engine answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from archive.documents import Document
from archive.query import Filter, Node

FACETS = {"source": "site", "grade": "grade", "platform": "platform"}  # facet -> the index's field
Sort = Literal["newest", "best"]
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
    """`total` counts all matches; `rows` is the page; facets count all matches by value."""

    total: int = 0
    rows: list[Row] = field(default_factory=list)
    facets: dict[str, Counter[str]] = field(default_factory=dict)


class Engine(Protocol):
    """What the embedded engine does, and any other must: one language, one set of answers."""

    name: str

    def search(self, node: Node, filters: Filter, *, sort: Sort, limit: int, offset: int) -> Found: ...
    def counts(self) -> dict[str, int]: ...
    def count(self) -> int: ...
    def ids(self, month: str) -> Iterator[int]: ...
    def add(self, documents: Iterable[Document]) -> None: ...
    def delete(self, post_ids: Sequence[int]) -> None: ...
    def commit(self) -> None: ...
    def replace(self, batches: Iterable[Sequence[Document]], again: Callable[[], Again]) -> None: ...
    def close(self) -> None: ...
