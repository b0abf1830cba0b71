"""The query tree in Elasticsearch's language. Text goes in as our own terms only: nothing a person types is syntax here."""

from __future__ import annotations

from typing import Any

from archive import ranking
from archive.months import rank
from archive.results import Page
from archive.terms import needle
from archive.tree import And, Everything, Filter, Ids, Near, Node, Not, Or, Range, Tag, Text, Within

Query = dict[str, Any]


def compile_query(node: Node, filters: Filter, page: Page | None = None) -> Query:
    """One query over all months; what filters never changes the score, which only a best-first `page` needs."""
    should: list[Query] = []
    if page and page.sort != "newest":
        if joined := ranking.phrase(node):
            should.append({"bool": {"should": [_node(joined)], "boost": ranking.PHRASE_WEIGHT}})
        should += [
            _constant({"range": {"rank": {"gte": rank(since)}}}, weight)
            for since, weight in ranking.fresh(page)
        ]
    return {"bool": {"must": [_node(node)], "filter": _filters(filters), "should": should}}


def _node(node: Node) -> Query:
    match node:
        case Everything():
            return {"match_all": {}}
        case Text(text, "", prefix):
            title = _text("title", text, prefix, ranking.TITLE_WEIGHT)
            return {"bool": {"should": [title, _text("body", text, prefix)], "minimum_should_match": 1}}
        case Text(text, field, prefix):
            return _text(field, text, prefix)
        case Tag(field, value):
            return _constant({"term": {field: int(value) if field == "event" else value}})
        case Range():
            return _constant(_range(node))
        case Ids(ids):
            return _constant({"terms": {"post_id": sorted(ids)}})
        case Within(first, second, slop, field):
            return _constant({"match_phrase": {field: {"query": f"{first} {second}", "slop": slop}}})
        case Or(parts):
            return {"bool": {"should": [_node(part) for part in parts], "minimum_should_match": 1}}
        case And(parts):
            return _all_of(parts)
        case Not():
            return _all_of((node,))
        case Near():
            raise TypeError("NEAR is settled before an engine is asked (archive.near)")


def _all_of(parts: tuple[Node, ...]) -> Query:
    must = [_node(p) for p in parts if not isinstance(p, Not)]
    without = [_node(p.part) for p in parts if isinstance(p, Not)]
    return {"bool": {"must": must or [{"match_all": {}}], "must_not": without}}


def _text(field: str, text: str, prefix: bool, boost: float = 1.0) -> Query:
    wanted = needle(text, prefix)
    if wanted.loose:
        raise TypeError("a string with an open last word is settled before an engine is asked (archive.near)")
    if wanted.prefix:
        return {"prefix": {field: {"value": wanted.terms[0], "boost": boost}}}
    if len(wanted.terms) == 1:
        return {"term": {field: {"value": wanted.terms[0], "boost": boost}}}
    return {"match_phrase": {field: {"query": " ".join(wanted.terms), "boost": boost}}}


def _constant(query: Query, score: float = 0.0) -> Query:
    return {"constant_score": {"filter": query, "boost": score}}


def _range(node: Range) -> Query:
    low, high = node.low, node.high
    if node.field == "time":
        low = low << 30 if low is not None else None
        high = (high + 1 << 30) - 1 if high is not None else None
    limits = {name: value for name, value in (("gte", low), ("lte", high)) if value is not None}
    return {"range": {"rank" if node.field == "time" else node.field: limits}}


def _filters(filters: Filter) -> list[Query]:
    found: list[Query] = []
    if filters.start or filters.end:
        low = {"gte": rank(filters.start)} if filters.start else {}
        found.append({"range": {"rank": low | ({"lt": rank(filters.end)} if filters.end else {})}})
    for field, values in (
        ("site", filters.sources),
        ("grade", filters.grades),
        ("event", filters.events),
        ("platform", filters.platforms),
        ("type", filters.types),
        ("unit", filters.units),
        ("place", filters.places),
    ):
        if values:
            found.append({"terms": {field: list(values)}})
    return found
