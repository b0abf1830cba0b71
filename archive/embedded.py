"""The embedded search engine: tantivy, one index a month, read by every process and written by one."""

from __future__ import annotations

import os
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import tantivy
from tantivy import Order, Query

from archive import ranking
from archive.documents import Document
from archive.embedded_query import compile_query
from archive.month_readers import MonthReaders, OpenMonth
from archive.months import (
    IndexDamaged,
    IndexMissing,
    IndexOutdated,
    MonthWriters,
    WriterLock,
    day_of,
    day_text,
    month_of,
    rank,
    read_manifest,
    reading,
    schema,
    sweep,
    write_manifest,
)
from archive.results import FACETS, Again, Found, Page, Row
from archive.terms import index_terms
from archive.tree import HEATS, Filter, Node

T = TypeVar("T")
_ASKERS = ThreadPoolExecutor(max(2, min(4, os.cpu_count() or 1)), "search")
FACET_VALUES = 1000  # values a month; more sources than that in one month are not all counted
REBUILD_HEAP = 96 << 20


class Embedded:
    """Opened on a folder that need not exist yet; any number of threads may search while one writes."""

    name = "embedded"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._schema = schema()
        self._readers = MonthReaders(folder)
        self._writing = threading.RLock()
        self._lock: WriterLock | None = None
        self._writers: MonthWriters | None = None
        self._in_manifest: set[str] | None = None  # None: there is no manifest yet

    # reading

    def search(self, node: Node, filters: Filter, page: Page) -> Found:
        """The wanted page of all matches, their exact number, and facets.

        Raises SearchUnavailable (IndexMissing, IndexOutdated, IndexDamaged).
        """
        compiled = compile_query(self._schema, node, filters, page)
        months = [m for m in self._readers.months() if _overlaps(m.month, filters)]
        ordered = _newest if ranking.by_time(node, page) else _best
        found = ordered(months, compiled, page.limit, page.offset)
        found.facets = _facets(months, compile_query(self._schema, node, filters), page.facets)
        return found

    def newest(self, node: Node, filters: Filter, most: int) -> list[int]:
        """The numbers of the newest `most` matches, without counting the others."""
        compiled = compile_query(self._schema, node, filters)

        def numbers(month: OpenMonth) -> list[int]:
            with reading(month.name):
                return _numbers(month, "post_id", _search(month, compiled, most, counting=False)[1])

        months = [m for m in self._readers.months() if _overlaps(m.month, filters)]
        return [i for some in _each(numbers, months) for i in some][:most]

    def counts(self) -> dict[str, int]:
        """Documents of each month."""
        return {m.month: m.searcher.num_docs for m in self._readers.months()}

    def count(self) -> int:
        return sum(self.counts().values())

    def digests(self, month: str) -> Iterator[tuple[int, int]]:
        """(post id, digest of its document) of every post of a month, newest first."""
        for opened in self._readers.months():
            if opened.month == month:
                with reading(opened.name):
                    yield from _digests(self._schema, opened)

    def frequencies(self, month: str, terms: Iterable[str]) -> dict[str, int]:
        """How many documents of a month's files hold each term, those taken out but not yet rewritten included."""
        wanted = list(terms)
        found = dict.fromkeys(wanted, 0)
        for opened in self._readers.months():
            if opened.month == month:
                with reading(opened.name):
                    for term in wanted:
                        found[term] += sum(opened.searcher.doc_freq(f, term) for f in ("title", "body", "source"))
        return found

    # writing

    def add(self, documents: Iterable[Document]) -> None:
        """Put documents in, each in place of an earlier one of its post; seen after `commit`. Raises IndexBusy."""
        latest = {d.post_id: d for d in documents}
        with self._as_writer() as writers:
            # From every month: a post whose date was corrected leaves the one it was in.
            self._take_out(writers, list(latest), self._holding(writers, list(latest)))
            _put(writers, latest.values())

    def delete(self, post_ids: Sequence[int]) -> None:
        """Take posts out, whichever month they are in; unknown ids are no error."""
        with self._as_writer() as writers:
            self._take_out(writers, post_ids, self._holding(writers, post_ids))

    def commit(self) -> None:
        with self._as_writer() as writers:
            writers.commit()
            if set(writers.months.values()) != self._in_manifest:
                self._publish(writers.months)

    def replace(self, batches: Iterable[Sequence[Document]], again: Callable[[], Again]) -> None:
        """Build every month anew from `batches` while the old ones serve, then swap.

        The batches must not repeat a post; months in time order build fastest. `add` from within the iterable
        still goes to the old months. When all are in, `again` gives posts that changed meanwhile and their documents.
        """
        with self._writing:
            self._hold()
            fresh = MonthWriters(self.folder, {}, heap=REBUILD_HEAP)
            try:
                for batch in batches:
                    _put(fresh, batch)
                changed, documents = again()
                if changed:
                    self._take_out(fresh, changed, set(fresh.months))
                _put(fresh, documents)
                fresh.close()
            except BaseException:
                fresh.remove()
                raise
            self._writers = MonthWriters(self.folder, fresh.months)
            self._publish(fresh.months)
            sweep(self.folder, fresh.months)

    def rewrite(self, month: str, batches: Iterable[Sequence[Document]]) -> None:
        """Make one month's files anew from its documents: what was taken out leaves the disk. Raises IndexBusy."""
        with self._as_writer() as writers:
            self.commit()
            fresh = MonthWriters(self.folder, {}, heap=REBUILD_HEAP)
            try:
                for batch in batches:
                    _put(fresh, [d for d in batch if month_of(d.published_at) == month])
                fresh.close()
            except BaseException:
                fresh.remove()
                raise
            writers.drop(month)
            months = {m: name for m, name in writers.months.items() if m != month} | fresh.months
            self._writers = MonthWriters(self.folder, months)
            self._publish(months)
            sweep(self.folder, months)

    def set_aside(self) -> str:
        """Move the whole index to `index.damaged` (in place of an earlier one); where it now is. Raises IndexBusy."""
        with self._writing:
            self._hold()
            aside = self.folder.with_name(self.folder.name + ".damaged")
            shutil.rmtree(aside, ignore_errors=True)
            self.folder.rename(aside)
            self._let_go()
            self._in_manifest = None
            self._readers = MonthReaders(self.folder)
            return str(aside)

    def close(self) -> None:
        """Commit, finish merges and let another process write."""
        with self._writing:
            if self._writers:
                self.commit()
                self._writers.close()
            self._let_go()

    @contextmanager
    def _as_writer(self) -> Iterator[MonthWriters]:
        with self._writing:
            self._hold()
            try:
                if self._writers is None:
                    self._writers = self._existing()
                yield self._writers
            except BaseException:
                # A tantivy writer that failed once (disk full) stays dead; what was not committed comes again.
                self._writers = None
                raise

    def _hold(self) -> None:
        if self._lock is not None:
            return
        self._lock = WriterLock(self.folder)
        with suppress(IndexMissing, IndexOutdated, IndexDamaged):
            sweep(self.folder, read_manifest(self.folder))

    def _existing(self) -> MonthWriters:
        try:
            months = read_manifest(self.folder)
            self._in_manifest = set(months.values())
        except IndexMissing:
            months, self._in_manifest = {}, None
        return MonthWriters(self.folder, months)

    def _publish(self, months: dict[str, str]) -> None:
        write_manifest(self.folder, months)
        self._in_manifest = set(months.values())

    def _let_go(self) -> None:
        self._writers = None
        if self._lock:
            self._lock.release()
            self._lock = None

    def _take_out(self, writers: MonthWriters, post_ids: Sequence[int], months: set[str]) -> None:
        # By query: delete_documents_by_term of tantivy 0.27 finds nothing in unsigned fields, and says nothing.
        unwanted = Query.term_set_query(self._schema, "post_id", list(post_ids))
        for month in months:
            writers.writer(month).delete_documents_by_query(unwanted)

    def _holding(self, writers: MonthWriters, post_ids: Sequence[int]) -> set[str]:
        """The months that may hold one of these posts."""
        months = writers.open_months()  # may hold what no reader sees yet
        if self._in_manifest and post_ids:
            wanted = Query.term_set_query(self._schema, "post_id", list(post_ids))
            for m in self._readers.months():
                with reading(m.name):
                    if _search(m, wanted, 1)[0]:
                        months.add(m.month)
        return months


def _put(writers: MonthWriters, documents: Iterable[Document]) -> None:
    by_month: dict[str, list[Document]] = {}
    for document in documents:
        by_month.setdefault(month_of(document.published_at), []).append(document)
    for month, batch in by_month.items():
        writer = writers.writer(month)
        for document in batch:
            writer.add_document(_tantivy_document(document))


def _tantivy_document(document: Document) -> tantivy.Document:
    made = tantivy.Document()
    made.add_unsigned("post_id", document.post_id)
    made.add_integer("rank", rank(document.published_at, document.post_id))
    made.add_text("title", index_terms(document.title))
    made.add_text("body", index_terms(document.body))
    made.add_text("source", index_terms(document.site))
    made.add_text("site", document.site)
    made.add_text("platform", document.platform)
    if document.grade:
        made.add_text("grade", document.grade)
    if document.type:
        made.add_text("type", document.type)
    for name, values in (("unit", document.units), ("place", document.places)):
        for value in values:
            made.add_text(name, value)
    if document.event_id is not None:
        made.add_unsigned("event", document.event_id)
    if document.heat:
        made.add_unsigned("heat", HEATS.index(document.heat) + 1)
    made.add_unsigned("reposts", document.reposts)
    made.add_integer("day", day_of(document.published_at))
    made.add_unsigned("digest", document.digest)
    return made


def _overlaps(month: str, filters: Filter) -> bool:
    return not (
        (filters.start and month < month_of(filters.start)) or (filters.end and month > month_of(filters.end))
    )


def _newest(months: list[OpenMonth], compiled: tantivy.Query, limit: int, offset: int) -> Found:
    """Every month counted; then the months of the page, newest first, asked for their part of it."""

    def count(month: OpenMonth) -> int:
        with reading(month.name):
            return _search(month, compiled, 1)[0]

    found = Found()
    for month, matches in zip(months, _each(count, months), strict=True):
        wanted = limit - len(found.rows)
        if matches > offset and wanted > 0:
            with reading(month.name):
                _, hits = _search(month, compiled, wanted, offset, counting=False)
                found.rows += [_row(month.searcher, address, 0.0) for _, address in hits]
        offset = max(0, offset - matches)
        found.total += matches
    return found


def _best(months: list[OpenMonth], compiled: tantivy.Query, limit: int, offset: int) -> Found:
    """The first offset + limit of every month, merged by score; of equal scores the newer month first."""

    def first(month: OpenMonth) -> tuple[int, list[tuple[Any, tantivy.DocAddress]]]:
        with reading(month.name):
            return _search(month, compiled, max(offset + limit, 1), by_rank=False)

    found = Found()
    candidates = []
    for month, (count, hits) in zip(months, _each(first, months), strict=True):
        found.total += count
        candidates += [(score, month.searcher, address) for score, address in hits]
    # Stable, and nothing else decides: tantivy cuts equal scores of a month in its own order, and a page cut in one
    # order and sorted in another would repeat posts of the page before.
    candidates.sort(key=lambda c: -c[0])
    found.rows = [_row(searcher, address, score) for score, searcher, address in candidates[offset : offset + limit]]
    return found


def _each(ask: Callable[[OpenMonth], T], months: list[OpenMonth]) -> list[T]:
    """What each month answers, in order; several at a time, as the engine works without Python's lock."""
    return list(_ASKERS.map(ask, months)) if len(months) > 1 else [ask(month) for month in months]


def _search(
    month: OpenMonth, compiled: tantivy.Query, limit: int, offset: int = 0, *, by_rank: bool = True, counting: bool = True
) -> tuple[int, list[tuple[Any, tantivy.DocAddress]]]:
    """(all matches, [(rank or score, address)]): by rank the newest first, else the best. `limit` at least 1."""
    order: Any = {"order_by_field": "rank", "order": Order.Desc} if by_rank else {}
    result: Any = month.searcher.search(compiled, limit, count=counting, offset=offset, **order)
    return result.count, result.hits


def _row(searcher: tantivy.Searcher, address: tantivy.DocAddress, score: float) -> Row:
    stored: Any = searcher.doc(address)
    return Row(
        post_id=stored.get_first("post_id"),
        event=stored.get_first("event"),
        grade=stored.get_first("grade"),
        score=score,
    )


def _facets(months: list[OpenMonth], compiled: tantivy.Query, names: Sequence[str]) -> dict[str, Counter[str]]:
    wanted = {name: {"terms": {"field": FACETS[name], "size": FACET_VALUES}} for name in names}
    facets: dict[str, Counter[str]] = {name: Counter() for name in names}

    def count(month: OpenMonth) -> Any:
        with reading(month.name):
            return month.searcher.aggregate(compiled, wanted)

    for answer in _each(count, months if wanted else []):
        for name in names:
            for bucket in answer[name]["buckets"]:
                facets[name][_value(name, bucket["key"])] += bucket["doc_count"]
    return facets


def _value(facet: str, key: Any) -> str:
    if facet == "day":
        return day_text(int(key))
    return str(int(key)) if facet == "event" else str(key)


def _numbers(month: OpenMonth, field: str, hits: list[tuple[Any, tantivy.DocAddress]]) -> list[int]:
    return month.searcher.fast_field_values(field, [address for _, address in hits])  # type: ignore[return-value]


def _digests(fields: tantivy.Schema, month: OpenMonth, slice_size: int = 50_000) -> Iterator[tuple[int, int]]:
    older = Query.all_query()
    while hits := _search(month, older, slice_size)[1]:
        yield from zip(_numbers(month, "post_id", hits), _numbers(month, "digest", hits), strict=True)
        older = Query.range_query(
            fields, "rank", tantivy.FieldType.Integer, None, hits[-1][0], include_upper=False
        )
