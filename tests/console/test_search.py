"""The search page, over a real index in a folder of its own."""

from __future__ import annotations

import re

import pytest

from archive import indexing, search
from archive.models import Change, Post
from flow.documents import documents

pytestmark = pytest.mark.django_db


@pytest.fixture
def indexed(scene, settings, tmp_path):
    """The scene's posts, found by search."""
    settings.DATA = tmp_path
    Change.objects.bulk_create(Change(post_id=pk) for pk in Post.objects.values_list("pk", flat=True))
    indexing.drain(documents)
    yield scene
    search._engines.pop(tmp_path / "index", None)


@pytest.fixture
def ask(indexed, signed):
    """ask(q="…", …) is the search page's answer to an analyst."""
    client = signed("analyst")
    return lambda **query: client.get("/search/", query)


def hits(response) -> list[str]:
    return re.findall(r'data-row="hit-(\d+)"', response.content.decode())


def test_words_are_found_and_marked(ask):
    response = ask(q="灞桥 起火")
    html = response.content.decode()
    assert len(hits(response)) == 6 and "<mark>灞桥</mark>" in html and "6 条" in html


def test_filters_narrow_and_live_in_the_address(ask, indexed, now):
    assert len(hits(ask(q="灞桥", source="新浪微博"))) == 1
    assert len(hits(ask(grade="一般"))) == 1
    assert hits(ask(q="灞桥", **{"from": "2030-01-01"})) == []
    html = ask(q="灞桥", source="新浪微博", sort="best").content.decode()
    assert 'value="新浪微博"' in html and '<option value="best" selected>' in html


def test_facets_count_and_lead_further(ask):
    response = ask(q="灞桥")
    facet = next(f for f in response.context["facets"] if f["word"] == "来源")
    assert [(value, count) for value, count, _ in facet["rows"]] == [("华商网", 5), ("新浪微博", 1)]
    assert len(hits(ask(q="灞桥", source="华商网"))) == 5


def test_a_mistake_is_shown_at_its_character(ask):
    response = ask(q="灞桥 （起火")
    html = response.content.decode()
    assert response.status_code == 400
    assert re.search(r'class="query-error">.*<b>.</b>', html) and 'value="灞桥 （起火"' in html


def test_a_date_that_cannot_be_read_says_so(ask):
    response = ask(q="灞桥", **{"from": "昨天"})
    assert response.status_code == 400 and "看不懂时间" in response.content.decode()


def test_nothing_found_offers_a_way_on_and_says_coverage(ask):
    html = ask(q="灞桥", to="2020-01-01").content.decode()
    assert "没有找到" in html and "去掉时间范围再找" in html and "三秦都市报" in html


def test_an_empty_page_explains_the_language(ask):
    html = ask().content.decode()
    assert "怎样写检索式" in html and hits(ask()) == []


def test_a_page_number_that_means_nothing_is_the_first(ask):
    for page in ("0", "-3", "x", "²"):
        assert len(hits(ask(q="灞桥", page=page))) == 6


def test_a_page_beyond_the_end_is_empty_not_broken(ask):
    assert ask(q="灞桥", page="99").status_code == 200
    assert ask(q="灞桥", page="99999999").status_code == 400


def test_what_was_typed_is_shown_as_text(ask):
    html = ask(q='"><script>alert(1)</script>').content.decode()
    assert "<script>alert(1)" not in html


def test_the_language_is_explained_one_click_from_the_box(ask, signed):
    assert 'href="/search/help/"' in ask().content.decode()
    html = signed("analyst").get("/search/help/").content.decode()
    for word in ("NEAR/5", "covid*", "标题:", "时间:", "热度:", "转发:", "单位:", "地点:", "专题:", "20000"):
        assert word in html, word
