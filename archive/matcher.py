"""Many stored queries against one document as it arrives: which of them does it match? Pure.

Elasticsearch's percolator does this on the server; the embedded engine has none, and both engines must say the same,
so it is done here, on the same tree and the same patterns that marking uses. Each query names terms of which a match
must hold at least one (its anchors); only queries with an anchor in the document are evaluated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from archive import near, query, terms
from archive.tree import HEATS


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """One post as a stored query sees it, folded once."""

    title: str
    body: str
    site: str
    platform: str
    published_at: datetime
    grade: str | None = None
    type: str | None = None
    event: int | None = None
    heat: str | None = None
    reposts: int = 0
    units: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


class _Folded:
    """The document's texts folded, and the terms it holds: made once, asked by every query."""

    def __init__(self, document: Arrived) -> None:
        self.document = document
        self.title, self.body, self.source = map(terms.fold, (document.title, document.body, document.site))
        indexed = f"{document.title}\n{document.body}\n{document.site}"
        self.terms = set(terms.index_terms(indexed).split(" "))

    def holds(self, text: query.Text) -> bool:
        pattern = terms.pattern(text.text, text.prefix)
        places = (self.title, self.body) if not text.field else (getattr(self, text.field),)
        return any(pattern.search(place) for place in places)


class Matcher:
    """Stored queries by id. Building it costs some 20 µs a query; matching is independent of their number."""

    def __init__(self, queries: Mapping[int, query.Node]) -> None:
        self._nodes = dict(queries)
        self._anchored: dict[str, list[int]] = {}
        self._always: list[int] = []
        for number, node in self._nodes.items():
            anchors = _anchors(node)
            if anchors is None:
                self._always.append(number)
            for anchor in anchors or ():
                self._anchored.setdefault(anchor, []).append(number)

    def __len__(self) -> int:
        return len(self._nodes)

    def matching(self, document: Arrived) -> list[int]:
        """The ids of the queries this document matches, in ascending order."""
        if not self._nodes:
            return []
        folded = _Folded(document)
        candidates = set(self._always)
        for term in folded.terms & self._anchored.keys():
            candidates.update(self._anchored[term])
        return sorted(number for number in candidates if _matches(self._nodes[number], folded))


def matches(node: query.Node, document: Arrived) -> bool:
    """Whether one query matches one document."""
    return _matches(node, _Folded(document))


def _matches(node: query.Node, folded: _Folded) -> bool:
    match node:
        case query.Everything():
            return True
        case query.Text():
            return folded.holds(node)
        case query.Near():
            return near.holds(node, folded.document.title, folded.document.body)
        case query.Tag("unit", value):
            return value in folded.document.units
        case query.Tag("place", value):
            return value in folded.document.places
        case query.Tag(field, value):
            held = getattr(folded.document, field)
            return held is not None and str(held) == value
        case query.Range(field, low, high):
            number = _number(field, folded.document)
            return number is not None and (low is None or low <= number) and (high is None or number <= high)
        case query.Not(part):
            return not _matches(part, folded)
        case query.And(parts):
            return all(_matches(part, folded) for part in parts)
        case query.Or(parts):
            return any(_matches(part, folded) for part in parts)
    raise TypeError(f"no rule for {type(node).__name__}")


def _number(field: str, document: Arrived) -> int | None:
    if field == "time":
        return int(document.published_at.timestamp() // 1)
    if field == "heat":
        return HEATS.index(document.heat) + 1 if document.heat else None
    return document.reposts


def _anchors(node: query.Node) -> frozenset[str] | None:
    """Terms of which every matching document holds at least one; None when no such set can be named."""
    match node:
        case query.Text(text, _, prefix):
            needle = terms.needle(text, prefix)
            # An open last term stands for every term that begins with it: nothing to look up.
            known_terms = needle.terms[:-1] if needle.prefix else needle.terms
            return frozenset({_rarest(known_terms)}) if known_terms else None
        case query.Near(left, right):
            return _anchors(query.And((query.Or(left), query.Or(right))))
        case query.And(parts):
            known = [anchors for part in parts if (anchors := _anchors(part)) is not None]
            return min(known, key=len) if known else None
        case query.Or(parts):
            each = [_anchors(part) for part in parts]
            return None if None in each else frozenset().union(*(a for a in each if a is not None))
    return None  # a tag, a negation, everything


def _rarest(candidates: Iterable[str]) -> str:
    """Without counts: longer terms are rarer, and a run's edge marks (^西, 方) are the most common of all."""
    return max(candidates, key=lambda term: (not term.startswith("^"), len(term)))
