"""All matches, page by page, each once."""

from __future__ import annotations

from datetime import timedelta

from archive import indexing, query
from archive.models import Post
from archive.query import Filter
from archive.scan import all_ids
from config.clock import real_now
from tests.archive.conftest import NOON, documents


def ids(page: int, **filters) -> list[int]:
    return [i for ids in all_ids(query.parse("西安"), Filter(**filters), page) for i in ids]


def test_every_match_comes_once_newest_first_whatever_the_page(add_post):
    posts = [add_post(f"西安 {n}", at=NOON + timedelta(seconds=n // 3, microseconds=n)) for n in range(40)]
    add_post("北京")
    indexing.drain(documents)
    for page in (1, 2, 3, 7, 40, 100):
        found = ids(page)
        assert sorted(found) == [p.id for p in posts], page
        seconds = [Post.objects.get(id=i).published_at.replace(microsecond=0) for i in found]
        assert seconds == sorted(seconds, reverse=True)


def test_more_posts_of_one_second_than_fit_a_page_are_all_found(add_post):
    posts = [add_post(f"西安 {n}", at=NOON) for n in range(25)]
    posts += [add_post("西安 早", at=NOON - timedelta(days=40))]
    indexing.drain(documents)
    assert sorted(ids(4)) == [p.id for p in posts]


def test_a_window_is_kept_and_withdrawn_posts_are_left_out(add_post):
    early, late, gone = (add_post("西安", at=NOON + timedelta(hours=n)) for n in range(3))
    indexing.drain(documents)
    Post.objects.filter(id=gone.id).update(withdrawn_at=real_now())
    assert ids(1) == [late.id, early.id]
    assert ids(1, end=NOON + timedelta(minutes=1)) == [early.id]
