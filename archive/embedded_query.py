"""The query tree as tantivy queries."""

from __future__ import annotations

import tantivy
from tantivy import Occur, Query

from archive import query
from archive.months import rank
from archive.terms import needle

TITLE_WEIGHT = 2.0


def compile_query(schema: tantivy.Schema, node: query.Node, filters: query.Filter) -> tantivy.Query:
    """One query for a month's index; what filters never changes the score."""
    parts = [(Occur.Must, _node(schema, node))]
    parts += [(Occur.Must, Query.const_score_query(q, 0.0)) for q in _filters(schema, filters)]
    return parts[0][1] if len(parts) == 1 else Query.boolean_query(parts)


def _node(schema: tantivy.Schema, node: query.Node) -> tantivy.Query:
    match node:
        case query.Everything():
            return Query.all_query()
        case query.Text(text, ""):
            title = Query.boost_query(_text(schema, "title", text), TITLE_WEIGHT)
            return Query.boolean_query([(Occur.Should, title), (Occur.Should, _text(schema, "body", text))])
        case query.Text(text, field):
            return _text(schema, field, text)
        case query.Tag(field, value):
            exact = Query.term_query(schema, field, int(value) if field == "event" else value)
            return Query.const_score_query(exact, 0.0)
        case query.Or(parts):
            return Query.boolean_query([(Occur.Should, _node(schema, part)) for part in parts])
        case query.And(parts):
            return _all_of(schema, parts)
        case query.Not():
            return _all_of(schema, (node,))


def _all_of(schema: tantivy.Schema, parts: tuple[query.Node, ...]) -> tantivy.Query:
    must = [(Occur.Must, _node(schema, p)) for p in parts if not isinstance(p, query.Not)]
    without = [(Occur.MustNot, _node(schema, p.part)) for p in parts if isinstance(p, query.Not)]
    # Without anything to take from, MustNot finds nothing.
    return Query.boolean_query([*(must or [(Occur.Must, Query.all_query())]), *without])


def _text(schema: tantivy.Schema, field: str, text: str) -> tantivy.Query:
    wanted = needle(text)
    if wanted.prefix:  # one Han character: no character of it means anything else to a regex
        return Query.regex_query(schema, field, wanted.terms[0] + ".?")
    if len(wanted.terms) == 1:
        return Query.term_query(schema, field, wanted.terms[0])
    return Query.phrase_query(schema, field, list(wanted.terms))


def _filters(schema: tantivy.Schema, filters: query.Filter) -> list[tantivy.Query]:
    found: list[tantivy.Query] = []
    if filters.start or filters.end:
        found.append(
            Query.range_query(
                schema,
                "rank",
                tantivy.FieldType.Integer,
                rank(filters.start) if filters.start else None,
                rank(filters.end) if filters.end else None,
                include_upper=filters.end is None,  # an open end may not be told to exclude itself
            )
        )
    for field, values in (
        ("site", filters.sources),
        ("grade", filters.grades),
        ("event", filters.events),
        ("platform", filters.platforms),
        ("type", filters.types),
    ):
        if values:
            found.append(Query.term_set_query(schema, field, list(values)))
    return found
