"""Elasticsearch as the engine: the same terms, the same answers, on a cluster (docs/elasticsearch.md)."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError
from elasticsearch.helpers import BulkIndexError, streaming_bulk

from archive import ranking
from archive.documents import Document
from archive.elastic_client import check_version, connect, told
from archive.elastic_indices import Indices
from archive.elastic_query import compile_query
from archive.months import IndexMissing, IndexUnreachable, day_of, day_text, month_of, rank
from archive.results import FACETS, Again, Found, Page, Row
from archive.server import Server
from archive.terms import index_terms
from archive.tree import HEATS, Everything, Filter, Node

FACET_VALUES = 1000
SLICE = 5000
CHUNK, SENDERS = 500, 2
KEPT_OPEN = "1m"


class Elastic:
    """Made without asking the server; any number of threads may search while one writes."""

    name = "elasticsearch"

    def __init__(self, server: Server) -> None:
        self.server = server
        self._made: tuple[Elasticsearch, Indices] | None = None
        self._unseen: dict[int, str] = {}  # written since the last commit: post -> index

    # reading

    def search(self, node: Node, filters: Filter, page: Page) -> Found:
        """The wanted page of all matches, their exact number, and facets. Raises SearchUnavailable."""
        order: list[Any] = [{"rank": "desc"}] if ranking.by_time(node, page) else ["_score", {"rank": "desc"}]
        with self._asked() as (client, indices):
            answer = client.search(
                index=indices.alias,
                query=compile_query(node, filters, page),
                sort=order,
                size=page.limit,
                from_=page.offset,
                track_total_hits=True,
                allow_partial_search_results=False,
                docvalue_fields=[{"field": name} for name in ("post_id", "event", "grade")],
                aggs={name: _counting(name) for name in page.facets} or None,
            )
        return Found(
            total=answer["hits"]["total"]["value"],
            rows=[_row(hit) for hit in answer["hits"]["hits"]],
            facets={name: _counted(name, answer["aggregations"][name]["buckets"]) for name in page.facets},
        )

    def newest(self, node: Node, filters: Filter, most: int) -> list[int]:
        """The numbers of the newest `most` matches, without counting the others."""
        with self._asked() as (client, indices):
            query = compile_query(node, filters)
            return [row["post_id"][0] for row in _all(client, indices.alias, query, ["post_id"], most)]

    def counts(self) -> dict[str, int]:
        """Documents of each month. Raises IndexMissing when there is no index."""
        with self._asked() as (client, indices):
            months = indices.months(fresh=True)
            if not months:
                raise IndexMissing("检索库还没有建立")
            aggs = {"index": {"terms": {"field": "_index", "size": 10_000}}}
            answer = client.search(index=indices.alias, size=0, aggs=aggs, allow_partial_search_results=False)
        held = {b["key"]: b["doc_count"] for b in answer["aggregations"]["index"]["buckets"]}
        return {month: held.get(name, 0) for month, name in months.items()}

    def count(self) -> int:
        return sum(self.counts().values())

    def digests(self, month: str) -> Iterator[tuple[int, int]]:
        """(post id, digest of its document) of every post of a month, newest first."""
        with self._asked() as (client, indices):
            name = indices.months(fresh=True).get(month)
            if name:
                query = compile_query(Everything(), Filter())
                for row in _all(client, name, query, ["post_id", "digest"]):
                    yield row["post_id"][0], row["digest"][0]

    def frequencies(self, month: str, terms: Iterable[str]) -> dict[str, int]:
        """How many documents of a month's files hold each term, those taken out but not yet rewritten included."""
        wanted = list(terms)
        found = dict.fromkeys(wanted, 0)
        with self._asked() as (client, indices):
            name = indices.months(fresh=True).get(month)
            if name is None:
                return found
            text = " ".join(wanted)
            answer = client.termvectors(
                index=name, doc=dict.fromkeys(("title", "body", "source"), text), term_statistics=True,
                field_statistics=False, positions=False, offsets=False, realtime=False,
            )  # fmt: skip
        for field in answer["term_vectors"].values():
            for term, known in field["terms"].items():
                found[term] = found.get(term, 0) + known.get("doc_freq", 0)
        return found

    # writing

    def add(self, documents: Iterable[Document]) -> None:
        """Put documents in, each in place of an earlier one of its post; seen after `commit`."""
        latest = {d.post_id: d for d in documents}
        with self._asked() as (client, indices):
            places = {i: indices.of(month_of(d.published_at)) for i, d in latest.items()}
            # From every month: a post whose date was corrected leaves the one it was in.
            elsewhere = [(i, name) for i, name in self._holding(client, indices, list(latest)) if name != places[i]]
            _bulk(client, [_take_out(i, name) for i, name in elsewhere])
            _bulk(client, (_put(document, places[i]) for i, document in latest.items()))
            self._unseen |= places

    def delete(self, post_ids: Sequence[int]) -> None:
        """Take posts out, whichever month they are in; unknown ids are no error."""
        with self._asked() as (client, indices):
            _bulk(client, [_take_out(i, name) for i, name in self._holding(client, indices, post_ids)])

    def commit(self) -> None:
        """What was written is acknowledged and on disk; now it is seen too."""
        with self._asked() as (client, indices):
            client.indices.refresh(index=indices.alias, ignore_unavailable=True)
            self._unseen.clear()

    def replace(self, batches: Iterable[Sequence[Document]], again: Callable[[], Again]) -> None:
        """Build every month anew from `batches` while the old ones serve, then swap.

        `add` from within the iterable still goes to the old months. When all are in, `again` gives posts that changed
        meanwhile and their documents.
        """
        with self._asked() as (client, indices):
            indices.sweep()
            with _beside(indices) as fresh:
                for batch in batches:
                    _fill(client, fresh, batch)
                changed, documents = again()
                client.indices.refresh(index=list(fresh.made.values()) or indices.alias, ignore_unavailable=True)
                for name in fresh.made.values():
                    _bulk(client, [_take_out(i, name) for i in changed])
                _fill(client, fresh, documents)
                indices.built(fresh.made.values())
                indices.swap(fresh.made, indices.serving())
                self._unseen.clear()

    def rewrite(self, month: str, batches: Iterable[Sequence[Document]]) -> None:
        """Make one month's index anew from its documents: what was taken out leaves the disk."""
        with self._asked() as (client, indices):
            old = indices.months(fresh=True).get(month)
            with _beside(indices) as fresh:
                for batch in batches:
                    _fill(client, fresh, [d for d in batch if month_of(d.published_at) == month])
                indices.built(fresh.made.values())
                indices.swap(fresh.made, [old] if old else [])

    def set_aside(self) -> str:
        """Its files are the cluster's affair: nothing to move."""
        return ""

    def close(self) -> None:
        """Let go of the connections; the next call opens them again."""
        if self._made:
            self._made[0].close()
            self._made = None

    @contextmanager
    def _asked(self) -> Iterator[tuple[Elasticsearch, Indices]]:
        with told(self.server):
            if self._made is None:
                client = connect(self.server)
                check_version(client, self.server)
                self._made = client, Indices(client, self.server.prefix)
            yield self._made

    def _holding(self, client: Elasticsearch, indices: Indices, post_ids: Sequence[int]) -> list[tuple[int, str]]:
        """(post, index) wherever one of these posts is."""
        found = {(i, self._unseen[i]) for i in post_ids if i in self._unseen}
        for start in range(0, len(post_ids), SLICE):
            some = [str(i) for i in post_ids[start : start + SLICE]]
            try:
                answer = client.search(
                    index=indices.alias, query={"ids": {"values": some}}, size=2 * SLICE, sort="_doc",
                    filter_path="hits.hits._id,hits.hits._index", allow_partial_search_results=False,
                )  # fmt: skip
            except NotFoundError:
                break
            found |= {(int(h["_id"]), h["_index"]) for h in answer.get("hits", {}).get("hits", ())}
        return sorted(found)


class _Fresh:
    """Indices that are being built: month -> name."""

    def __init__(self, indices: Indices) -> None:
        self._indices = indices
        self.made: dict[str, str] = {}

    def of(self, month: str) -> str:
        if month not in self.made:
            self.made[month] = self._indices.beside(month)
        return self.made[month]


@contextmanager
def _beside(indices: Indices) -> Iterator[_Fresh]:
    fresh = _Fresh(indices)
    try:
        yield fresh
    except BaseException:
        indices.drop(fresh.made.values())
        raise


def _fill(client: Elasticsearch, fresh: _Fresh, documents: Sequence[Document]) -> None:
    _bulk(client, (_put(d, fresh.of(month_of(d.published_at))) for d in documents))


def _bulk(client: Elasticsearch, actions: Iterable[dict[str, Any]]) -> None:
    """Every action done and acknowledged, in any order: while the server works on some, the next are made ready."""
    waiting: deque[Future[None]] = deque()
    with ThreadPoolExecutor(SENDERS, "elasticsearch") as senders:
        for chunk in _chunks(actions):
            if len(waiting) == SENDERS:
                waiting.popleft().result()
            waiting.append(senders.submit(_send, client, chunk))
        for sent in waiting:
            sent.result()


def _chunks(actions: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    source = iter(actions)
    while chunk := list(islice(source, CHUNK)):
        yield chunk


def _send(client: Elasticsearch, actions: list[dict[str, Any]]) -> None:
    """A busy server (429) is waited for, longer each time."""
    try:
        for _ in streaming_bulk(
            client, actions, chunk_size=CHUNK, max_chunk_bytes=8 << 20, max_retries=8, initial_backoff=0.5, max_backoff=30,
            raise_on_error=True,
        ):  # fmt: skip
            pass
    except BulkIndexError as e:
        wrong = [r for item in e.errors for r in item.values() if not (r.get("status") == 404 and "error" not in r)]
        if wrong:
            cause = wrong[0].get("error") or {}
            full = "read-only" in str(cause) or wrong[0].get("status") == 403
            hint = "磁盘已满，索引被设为只读" if full else f"{cause.get('type')}: {str(cause.get('reason'))[:200]}"
            raise IndexUnreachable(f"检索服务器没有收下 {len(wrong)} 条信息（{hint}）：它们在数据库里等待，没有丢失") from e


def _take_out(post_id: int, index: str) -> dict[str, Any]:
    return {"_op_type": "delete", "_index": index, "_id": str(post_id)}


def _put(document: Document, index: str) -> dict[str, Any]:
    fields = {
        "post_id": document.post_id,
        "rank": rank(document.published_at, document.post_id),
        "title": index_terms(document.title),
        "body": index_terms(document.body),
        "source": index_terms(document.site),
        "site": document.site,
        "platform": document.platform,
        "grade": document.grade or None,
        "type": document.type or None,
        "unit": list(document.units),
        "place": list(document.places),
        "event": document.event_id,
        "heat": HEATS.index(document.heat) + 1 if document.heat else None,
        "reposts": document.reposts,
        "day": day_of(document.published_at),
        "digest": document.digest,
    }
    return {"_op_type": "index", "_index": index, "_id": str(document.post_id), "_source": fields}


def _all(
    client: Elasticsearch, index: str, query: dict[str, Any], fields: list[str], most: int | None = None
) -> Iterator[dict[str, Any]]:
    """The fields of all matches (or the first `most`), newest first, at one point in time."""
    pit = client.open_point_in_time(index=index, keep_alive=KEPT_OPEN)["id"]
    try:
        after, done = None, 0
        while most is None or done < most:
            size = SLICE if most is None else min(SLICE, most - done)
            answer = client.search(
                pit={"id": pit, "keep_alive": KEPT_OPEN}, query=query, size=size, sort=[{"rank": "desc"}],
                search_after=after, docvalue_fields=[{"field": name} for name in fields], track_total_hits=False, allow_partial_search_results=False,
            )  # fmt: skip
            pit, hits = answer["pit_id"], answer["hits"]["hits"]
            yield from (hit["fields"] for hit in hits)
            done += len(hits)
            if len(hits) < size:
                return
            after = hits[-1]["sort"]
    finally:
        client.close_point_in_time(id=pit)


def _counting(facet: str) -> dict[str, Any]:
    if facet == "day":
        return {"histogram": {"field": "day", "interval": 1, "min_doc_count": 1}}
    return {"terms": {"field": FACETS[facet], "size": FACET_VALUES}}


def _counted(facet: str, buckets: list[dict[str, Any]]) -> Counter[str]:
    return Counter(
        {day_text(int(b["key"])) if facet == "day" else str(b["key"]): b["doc_count"] for b in buckets}
    )


def _row(hit: dict[str, Any]) -> Row:
    fields = hit["fields"]
    return Row(
        post_id=fields["post_id"][0],
        event=fields.get("event", [None])[0],
        grade=fields.get("grade", [None])[0],
        score=hit.get("_score") or 0.0,
    )
