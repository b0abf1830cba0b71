"""Names that stand for more: units by their aliases, topics by their own query."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from analysis.models import Unit
from archive import indexing, search
from archive.models import SavedSearch
from archive.naming import NoNames, meant
from archive.query import Or, QueryError, Tag, Text
from flow.naming import NAMES
from tests.archive.conftest import NOON, documents


def found(text: str) -> list[int]:
    return sorted(hit.post_id for hit in search.search(text, names=NAMES).hits)


def topic(name: str, query: str) -> None:
    owner, _ = User.objects.get_or_create(username="a")
    SavedSearch.objects.create(name=name, query=query, owner=owner, created_at=NOON, changed_at=NOON)


def test_a_unit_is_found_by_every_name_it_has(add_post):
    Unit.objects.create(name="西安市公安局碑林分局", kind="branch", aliases=["碑林分局", "平安碑林"])
    posts = [add_post("平安碑林发布"), add_post("西安市公安局碑林分局民警"), add_post("莲湖分局")]
    indexing.drain(documents)
    for asked in ("单位:碑林分局", "单位:平安碑林", "单位:西安市公安局碑林分局"):
        assert found(asked) == [posts[0].id, posts[1].id]
    assert found("单位:莲湖分局") == [posts[2].id]
    assert found("平安碑林") == [posts[0].id]  # a word is only itself


def test_a_place_is_found_with_and_without_its_kind(add_post):
    posts = [add_post("碑林区某小区"), add_post("碑林某小区")]
    indexing.drain(documents)
    assert found("地点:碑林区") == [p.id for p in posts]


def test_a_topic_stands_for_its_query_also_inside_others(add_post):
    topic("坠楼", "坠楼 或 跳楼")
    topic("涉校", "专题:坠楼 (学校 或 学生)")
    posts = [add_post("学生跳楼"), add_post("工人坠楼"), add_post("学生春游")]
    indexing.drain(documents)
    assert found("专题:坠楼") == [posts[0].id, posts[1].id]
    assert found("专题:涉校") == [posts[0].id]
    assert found("学生 非 专题:坠楼") == [posts[2].id]


def test_topics_that_name_each_other_or_nothing_are_told(db):
    topic("甲", "专题:乙")
    topic("乙", "专题:甲")
    topic("坏", "（未完")
    for query, message in (("专题:甲", "互相引用"), ("西安 专题:没有", "没有名为“没有”的专题"), ("专题:坏", "专题“坏”：")):
        with pytest.raises(QueryError, match=message) as e:
            search.search(query, names=NAMES)
        assert e.value.position == query.index("专题:") + 3


def test_without_tables_a_unit_is_called_what_it_is_called():
    assert meant("单位:碑林分局", NoNames()) == Or((Tag("unit", "碑林分局"), Text("碑林分局")))
