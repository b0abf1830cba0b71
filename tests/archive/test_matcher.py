"""Stored queries against arriving posts: the same answers as the engine, and only few of many queries evaluated."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive import indexing, query, search
from archive.matcher import Arrived, Matcher, _anchors, matches
from archive.models import Post
from tests.archive.conftest import NOON, documents

BODIES = [
    ("", "西安警方通报3人死亡"),
    ("警情通报", "雁塔区发生一起交通事故，３人受伤，ＡＢＣ路口"),
    ("", "北京警方：1人死亡"),
    ("天气", "西安天气晴"),
    ("", "警方到场后通报情况 罚款30元"),
    ("警", "单字标题"),
]
QUERIES = [
    "西安", "西安 死亡", "西安 或 北京", "警方 -死亡", "非 警方", "(西安 或 北京) 死亡", "西安 或 非 警方", "“警方通报”", "3人",
    "30元", "0元", "晴", "警", "标题:警", "标题:通报 正文:受伤", "abc", "", "平台:微博", "平台:新闻 西安", "来源:华商", "非 (西安 或 北京)",
]  # fmt: skip


def arrived(post: Post) -> Arrived:
    return Arrived(
        title=post.title, body=post.body, site=post.site, platform=post.platform, published_at=post.published_at
    )


@pytest.mark.parametrize("text", QUERIES)
def test_a_stored_query_matches_exactly_what_a_search_finds(add_post, text):
    posts = [add_post(body, title=title, at=NOON + timedelta(minutes=n)) for n, (title, body) in enumerate(BODIES)]
    indexing.drain(documents)
    node = query.parse(text)
    found = {hit.post_id for hit in search.search(text, limit=100).hits}
    assert {p.id for p in posts if matches(node, arrived(p))} == found
    assert {p.id for p in posts if Matcher({7: node}).matching(arrived(p)) == [7]} == found


WORDS = st.sampled_from(["西安", "警方", "死亡", "3人", "abc", "晴", "北京 警方", "“警方通报”"])
TREES = st.recursive(
    WORDS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda p: f"({p[0]} 或 {p[1]})"),
        st.tuples(inner, inner).map(lambda p: f"({p[0]} 与 {p[1]})"),
        inner.map(lambda p: f"非 {p}"),
    ),
    max_leaves=6,
)


@given(st.lists(TREES, min_size=1, max_size=8), st.sampled_from(BODIES))
@settings(deadline=None)
def test_looking_up_anchors_never_loses_a_query(texts, said):
    document = Arrived(title=said[0], body=said[1], site="华商网", platform="news", published_at=NOON)
    nodes = {n: query.parse(text) for n, text in enumerate(texts)}
    assert Matcher(nodes).matching(document) == [n for n, node in nodes.items() if matches(node, document)]


def test_tags_are_asked_of_what_is_known():
    node = query.parse("等级:重大 类型:T05 事件:7")
    document = Arrived(title="", body="x", site="", platform="news", published_at=NOON, grade="重大", type="T05", event=7)
    assert matches(node, document)
    assert not matches(query.parse("等级:较大"), document)


def test_a_query_of_words_is_only_evaluated_where_one_of_them_stands():
    assert _anchors(query.parse("西安 (坠楼 或 跳楼)")) == {"西安"}
    assert _anchors(query.parse("坠楼 或 跳楼")) == {"坠楼", "跳楼"}
    assert _anchors(query.parse("非 西安")) is None
    assert _anchors(query.parse("西 或 坠楼")) is None
