"""The engines by themselves, as somebody would use them who needs nothing else: what our search is compared with."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import tantivy
from tantivy import Occur, Query

from archive.documents import Document
from archive.months import rank
from archive.query import And, Node, Not, Or, Range, Text, parse
from archive.results import COUNTED, FACETS
from archive.terms import index_terms, needle

Search = Callable[[str, str], int]


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("post_id", stored=True, indexed=True, fast=True)
    builder.add_integer_field("rank", indexed=True, fast=True)
    for name in ("title", "body"):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="position")
    for name in ("site", "platform", "grade", "type"):
        builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
    return builder.build()


class Tantivy:
    """One plain index of all posts; terms come ready, nothing is looked up elsewhere."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._schema = _schema()
        self._index = tantivy.Index(self._schema, path=str(folder))
        self._searcher: tantivy.Searcher | None = None

    def fill(self, batches: Iterable[list[Document]]) -> float:
        """Seconds of the engine's work and of making bigrams for it, without which it finds no Chinese."""
        writer = self._index.writer(96 << 20, 1)
        seconds = 0.0
        for batch in batches:
            began = time.perf_counter()
            for d in batch:
                made = tantivy.Document()
                made.add_unsigned("post_id", d.post_id)
                made.add_integer("rank", rank(d.published_at, d.post_id))
                made.add_text("title", index_terms(d.title))
                made.add_text("body", index_terms(d.body))
                for name, value in (("site", d.site), ("platform", d.platform), ("grade", d.grade), ("type", d.type)):
                    if value:
                        made.add_text(name, value)
                writer.add_document(made)
            seconds += time.perf_counter() - began
        began = time.perf_counter()
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()
        self._searcher = self._index.searcher()
        return seconds + time.perf_counter() - began

    def search(self, kind: str, text: str) -> int:
        """Total of the matches, with the documents of the page read."""
        assert self._searcher is not None
        wanted = self._query(parse(text))
        offset = 980 if kind == "page50" else 0
        order: dict[str, Any] = {} if kind in ("rare", "frequent", "and") else {"order_by_field": "rank"}
        found: Any = self._searcher.search(wanted, 20, offset=offset, **order)
        for _, address in found.hits:
            self._searcher.doc(address).get_first("post_id")
        if kind == "range_facets":
            self._searcher.aggregate(wanted, {n: {"terms": {"field": FACETS[n], "size": 1000}} for n in COUNTED})
        return int(found.count or 0)

    def _query(self, node: Node) -> tantivy.Query:
        match node:
            case Text(text, _, prefix):
                wanted = needle(text, prefix)
                return Query.boolean_query([(Occur.Should, self._terms(f, wanted)) for f in ("title", "body")])
            case Range(_, low, high):
                ends = (low or 0) << 30, ((high or 1 << 32) + 1 << 30) - 1
                return Query.range_query(self._schema, "rank", tantivy.FieldType.Integer, *ends)
            case And(parts):
                return Query.boolean_query(
                    [(Occur.MustNot, self._query(p.part)) if isinstance(p, Not) else (Occur.Must, self._query(p)) for p in parts]
                )
            case Or(parts):
                return Query.boolean_query([(Occur.Should, self._query(p)) for p in parts])
        near = node  # NEAR: this engine has no such query; both sides anywhere is the least it must do
        return Query.boolean_query(
            [(Occur.Must, self._query(Or(side))) for side in (near.left, near.right)]  # type: ignore[union-attr]
        )

    def _terms(self, field: str, wanted: Any) -> tantivy.Query:
        if wanted.prefix:
            return Query.regex_query(self._schema, field, wanted.terms[0] + ".*")
        if len(wanted.terms) == 1:
            return Query.term_query(self._schema, field, wanted.terms[0])
        return Query.phrase_query(self._schema, field, list(wanted.terms))


class ElasticAlone:
    """The same requests sent by the client, their answers not looked at."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def search(self, kind: str, text: str) -> int:
        from archive import near
        from archive.elastic_query import compile_query
        from archive.query import Filter

        order: list[Any] = ["_score", {"rank": "desc"}] if kind in ("rare", "frequent", "and") else [{"rank": "desc"}]
        aggs = {n: {"terms": {"field": FACETS[n], "size": 1000}} for n in COUNTED} if kind == "range_facets" else None
        with self._engine._asked() as (client, indices):
            answer = client.search(
                index=indices.alias, query=compile_query(near.loosely(parse(text)), Filter()), sort=order, size=20,
                from_=980 if kind == "page50" else 0, track_total_hits=True, docvalue_fields=["post_id"], aggs=aggs,
            )  # fmt: skip
        return int(answer["hits"]["total"]["value"])
