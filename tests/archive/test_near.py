"""NEAR and open last words: looked at by our own code, the same for every engine."""

from __future__ import annotations

import random
from itertools import product

import pytest

from archive import indexing, search
from archive.matcher import Arrived, Matcher
from archive.models import Post
from archive.near import holds, loosely, to_check
from archive.query import And, Everything, Filter, Near, Not, Text, parse
from tests.archive.conftest import NOON, documents


def found(text: str, **more) -> list[int]:
    return [hit.post_id for hit in search.search(text, **{"limit": 100} | more).hits]


@pytest.mark.parametrize(
    ("query", "body", "holds_there"),
    [
        ("坠楼 NEAR/5 警方", "坠楼，警方到场", True),
        ("坠楼 NEAR/5 警方", "警方称有人坠楼", True),
        ("坠楼 NEAR/2 警方", "警方称有人坠楼", False),
        ("坠楼 NEAR/3 警方", "警方称有人坠楼", True),
        ("坠楼 NEAR/0 警方", "坠楼。警方", True),
        ("坠楼 NEAR/1 警方", "坠楼 110 警方", True),  # a number counts as one
        ("坠楼 NEAR/0 警方", "坠楼 110 警方", False),
        ("坠楼 NEAR/1 警方", "坠楼 police 警方", True),
        ("警方 NEAR/5 警方", "警方", False),  # not itself
        ("警方 NEAR/5 警方", "警方和警方", True),
        ("(坠楼 或 跳楼) NEAR/2 警方", "跳楼后警方", True),
        ("標題党 NEAR/5 警方", "标题党，警方", True),
        ("标题:(坠楼 NEAR/5 警方)", "坠楼，警方", False),
        ("“西安 cov”*", "西安，COVID", True),
        ("“西安 cov”*", "西安，discov", False),
        ("“cov 1”*", "cov 19", True),
        ("“cov 1”*", "cov 21", False),
    ],
)
def test_what_stands_near(query, body, holds_there):
    node = parse(query)
    (check,) = to_check(node)
    assert holds(check, "无", body) is holds_there


@pytest.fixture
def four(add_post):
    """0 near, 1 far, 2 in title and body apart, 3 near in the title."""
    posts = [
        add_post("坠楼，警方到场"),
        add_post("有人坠楼，围观的人很多很多很多，后来警方也到了"),
        add_post("警方到场", title="坠楼"),
        add_post("无", title="警方：一人坠楼"),
    ]
    indexing.drain(documents)
    return [p.id for p in posts]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("坠楼 NEAR/5 警方", [0, 3]),
        ("坠楼 NEAR/50 警方", [0, 1, 3]),
        ("标题:(坠楼 NEAR/5 警方)", [3]),
        ("警方 非 坠楼 NEAR/5 警方", [1, 2]),
        ("坠楼 NEAR/5 警方 或 围观", [0, 1, 3]),
        ("(坠楼 NEAR/5 警方) (警方 NEAR/1 到场)", [0]),
        ("坠楼 非 (坠楼 NEAR/5 警方 或 围观)", [2]),
        ("非 非 坠楼 NEAR/5 警方", [0, 3]),
    ],
)
def test_near_is_found_wherever_it_stands_in_the_query(four, query, expected):
    assert sorted(found(query)) == [four[i] for i in expected]
    assert sorted(found(query, sort="best")) == [four[i] for i in expected]
    assert search.search(query).total == len(expected)
    assert search.search(query).facets["source"] == [("华商网", len(expected))]


def test_more_candidates_than_are_looked_at_make_the_total_at_least(add_post, monkeypatch):
    for _ in range(6):
        add_post("坠楼，警方到场")
    indexing.drain(documents)
    assert not search.search("坠楼 NEAR/5 警方").at_least
    monkeypatch.setattr(search, "LOOKED_AT", 4)
    result = search.search("坠楼 NEAR/5 警方")
    assert (result.total, result.at_least) == (4, True)


def test_an_open_last_word_is_found_alone_and_after_others(add_post):
    posts = [add_post("西安，COVID来了"), add_post("西安 convid"), add_post("covers 西安")]
    indexing.drain(documents)
    assert sorted(found("cov*")) == [posts[0].id, posts[2].id]
    assert found("“西安 cov”*") == [posts[0].id]
    assert sorted(found("西*")) == [p.id for p in posts]


def test_what_is_asked_loosely_never_excludes_what_holds():
    near = Near((Text("甲"),), (Text("乙"),), 3)
    assert loosely(near) == And((Text("甲"), Text("乙")))
    assert loosely(Not(near)) == Not(Not(Everything()))
    assert loosely(Not(Not(near))) == Not(Not(loosely(near)))


def test_the_engine_narrows_by_distance_without_losing_a_match(add_post):
    dice = random.Random(3)
    pieces = ("西安", "警方", "坠楼", "安警", "a", "12", "，", "。", " ", "的", "了一个")
    bodies = {add_post("".join(dice.choices(pieces, k=dice.randrange(2, 25)))).id: "" for _ in range(300)}
    bodies = dict(Post.objects.filter(id__in=bodies).values_list("id", "body"))
    indexing.drain(documents)
    strings = ("西安", "警方", "坠楼", "西安警方", "12", "a")
    for left, right, distance in product(strings, strings, (0, 1, 3, 8)):
        near = Near((Text(left),), (Text(right),), distance)
        expected = sorted(i for i, body in bodies.items() if holds(near, "", body))
        assert sorted(found(f"{left} NEAR/{distance} {right}", limit=300)) == expected, near
    narrowed = search.engine().newest(loosely(parse("西安 NEAR/0 坠楼")), Filter(), 1000)
    assert len(narrowed) < len(search.engine().newest(parse("西安 坠楼"), Filter(), 1000))


def test_a_stored_query_with_near_matches_as_posts_arrive():
    matcher = Matcher({1: parse("坠楼 NEAR/5 警方"), 2: parse("转发:>=100 热度:红"), 3: parse("时间:2024-05-01 单位:碑林分局")})
    document = Arrived(
        title="", body="坠楼，警方到场", site="", platform="news", published_at=NOON, heat="red", reposts=100,
        units=("碑林分局",),
    )  # fmt: skip
    assert matcher.matching(document) == [1, 2, 3]
    assert matcher.matching(Arrived(title="坠楼", body="警方", site="", platform="news", published_at=NOON)) == []
