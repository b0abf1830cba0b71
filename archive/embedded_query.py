"""The query tree as tantivy queries."""

from __future__ import annotations

import tantivy
from tantivy import Occur, Query

from archive import ranking
from archive.months import rank
from archive.results import Page
from archive.terms import needle
from archive.tree import And, Everything, Filter, Ids, Near, Node, Not, Or, Range, Tag, Text, Within

NUMBERS = ("event", "heat", "reposts")


def compile_query(schema: tantivy.Schema, node: Node, filters: Filter, page: Page | None = None) -> tantivy.Query:
    """One query for a month's index; what filters never changes the score, which only a best-first `page` needs."""
    parts = [(Occur.Must, _node(schema, node))]
    parts += [(Occur.Must, Query.const_score_query(q, 0.0)) for q in _filters(schema, filters)]
    if page and page.sort != "newest":
        if joined := ranking.phrase(node):
            parts.append((Occur.Should, Query.boost_query(_node(schema, joined), ranking.PHRASE_WEIGHT)))
        for since, weight in ranking.fresh(page):
            recent = _between(schema, "rank", rank(since), None)
            parts.append((Occur.Should, Query.const_score_query(recent, weight)))
    return parts[0][1] if len(parts) == 1 else Query.boolean_query(parts)


def _node(schema: tantivy.Schema, node: Node) -> tantivy.Query:
    match node:
        case Everything():
            return Query.all_query()
        case Text(text, "", prefix):
            title = Query.boost_query(_text(schema, "title", text, prefix), ranking.TITLE_WEIGHT)
            return Query.boolean_query([(Occur.Should, title), (Occur.Should, _text(schema, "body", text, prefix))])
        case Text(text, field, prefix):
            return _text(schema, field, text, prefix)
        case Tag(field, value):
            exact = Query.term_query(schema, field, int(value) if field in NUMBERS else value)
            return Query.const_score_query(exact, 0.0)
        case Range():
            return Query.const_score_query(_range(schema, node), 0.0)
        case Ids(ids):
            return Query.const_score_query(Query.term_set_query(schema, "post_id", list(ids)), 0.0)
        case Within(first, second, slop, field):
            return Query.const_score_query(Query.phrase_query(schema, field, [first, second], slop), 0.0)
        case Or(parts):
            return Query.boolean_query([(Occur.Should, _node(schema, part)) for part in parts])
        case And(parts):
            return _all_of(schema, parts)
        case Not():
            return _all_of(schema, (node,))
        case Near():
            raise TypeError("NEAR is settled before an engine is asked (archive.near)")


def _all_of(schema: tantivy.Schema, parts: tuple[Node, ...]) -> tantivy.Query:
    must = [(Occur.Must, _node(schema, p)) for p in parts if not isinstance(p, Not)]
    without = [(Occur.MustNot, _node(schema, p.part)) for p in parts if isinstance(p, Not)]
    # Without anything to take from, MustNot finds nothing.
    return Query.boolean_query([*(must or [(Occur.Must, Query.all_query())]), *without])


def _text(schema: tantivy.Schema, field: str, text: str, prefix: bool) -> tantivy.Query:
    wanted = needle(text, prefix)
    if wanted.loose:
        raise TypeError("a string with an open last word is settled before an engine is asked (archive.near)")
    if wanted.prefix:  # one Han character or one word: no character of it means anything else to a regex
        return Query.regex_query(schema, field, wanted.terms[0] + ".*")
    if len(wanted.terms) == 1:
        return Query.term_query(schema, field, wanted.terms[0])
    return Query.phrase_query(schema, field, list(wanted.terms))


def _range(schema: tantivy.Schema, node: Range) -> tantivy.Query:
    if node.field != "time":
        return _between(schema, node.field, node.low, node.high)
    low = node.low << 30 if node.low is not None else None
    high = (node.high + 1 << 30) - 1 if node.high is not None else None
    return _between(schema, "rank", low, high)


def _between(schema: tantivy.Schema, field: str, low: int | None, high: int | None) -> tantivy.Query:
    """Both limits belong to the range. Posts without the value are never in it."""
    kind = tantivy.FieldType.Integer if field == "rank" else tantivy.FieldType.Unsigned
    return Query.range_query(schema, field, kind, low, high)


def _filters(schema: tantivy.Schema, filters: Filter) -> list[tantivy.Query]:
    found: list[tantivy.Query] = []
    if filters.start or filters.end:
        low = rank(filters.start) if filters.start else None
        found.append(_between(schema, "rank", low, rank(filters.end) - 1 if filters.end else None))
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
            found.append(Query.term_set_query(schema, field, list(values)))
    return found
