"""One language, two engines, the same answers: every query of the fixed corpus is asked of both."""

from __future__ import annotations

import pytest

from archive import naming, search
from archive.embedded import Embedded
from archive.models import Post, Source
from archive.query import Filter
from archive.results import FACETS, Engine, Found, Page
from tests.archive.conftest import NOON
from tests.archive.corpus import QUERIES, corpus

SAME_BEST = 0.9  # of the queries whose first 20 must be the same set


@pytest.fixture
def both(elasticsearch, db, data_folder):
    """The corpus as posts, and in both engines."""
    source = Source.objects.create(name="语料", kind="file")
    documents = corpus()
    Post.objects.bulk_create(
        Post(
            id=d.post_id, key=str(d.post_id), source=source, site=d.site, platform=d.platform, title=d.title, body=d.body,
            published_at=d.published_at, received_at=d.published_at,
        )
        for d in documents
    )  # fmt: skip
    embedded = Embedded(data_folder / "index")
    for engine in (embedded, elasticsearch):
        engine.add(documents)
        engine.commit()
    yield embedded, elasticsearch
    embedded.close()


def ask(engine: Engine, text: str, page: Page) -> Found:
    node, cut = search._settled(engine, naming.meant(text, naming.NoNames(), NOON), Filter())
    assert not cut
    return engine.search(node, Filter(), page)


@pytest.mark.elasticsearch
def test_both_engines_find_count_facet_and_order_the_same(both):
    assert len(QUERIES) >= 150
    everything = Page(limit=1000, facets=tuple(FACETS))
    differ = []
    for text in QUERIES:
        one, other = (ask(engine, text, everything) for engine in both)
        same = {
            "total": one.total == other.total == len(one.rows),
            "newest": [(r.post_id, r.event, r.grade) for r in one.rows] == [(r.post_id, r.event, r.grade) for r in other.rows],
            "facets": one.facets == other.facets,
        }  # fmt: skip
        differ += [(text, name) for name, ok in same.items() if not ok]
    assert differ == []


@pytest.mark.elasticsearch
def test_the_best_twenty_are_the_same_posts_in_nine_of_ten_queries(both):
    for sort in ("best", "mixed"):
        page = Page(sort=sort, limit=20, facets=(), now=NOON)
        differ = []
        for text in QUERIES:
            one, other = ({row.post_id for row in ask(engine, text, page).rows} for engine in both)
            differ += [text] if one != other else []
        assert len(differ) <= (1 - SAME_BEST) * len(QUERIES), differ


@pytest.mark.elasticsearch
def test_pages_follow_each_other_in_both(both):
    for sort in ("newest", "best"):
        for engine in both:
            pages = [ask(engine, "西安 或 警方", Page(sort=sort, limit=7, offset=n)).rows for n in range(0, 70, 7)]
            seen = [row.post_id for rows in pages for row in rows]
            assert len(seen) == len(set(seen)) == 70


def test_queries_of_the_corpus_find_something_each_of_their_kind(db):
    """A suite that finds nothing would agree on anything."""
    from archive.matcher import Arrived, matches

    arrived = [
        Arrived(
            title=d.title, body=d.body, site=d.site, platform=d.platform, published_at=d.published_at, grade=d.grade,
            type=d.type, event=d.event_id, heat=d.heat, reposts=d.reposts, units=d.units, places=d.places,
        )
        for d in corpus()
    ]  # fmt: skip
    empty = [
        text for text in QUERIES
        if not any(matches(naming.meant(text, naming.NoNames(), NOON), document) for document in arrived)
    ]  # fmt: skip
    assert len(empty) <= 12, empty
