"""From a post to the hit that an analyst reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from archive import indexing, search
from archive.models import Change, Post
from archive.query import Filter, QueryError
from tests.archive.conftest import NOON, documents


def found(text: str, filters: Filter | None = None, **more) -> list[int]:
    return [hit.post_id for hit in search.search(text, filters, **more).hits]


def test_a_post_is_found_by_words_that_stand_in_it(add_post):
    post = add_post("西安警方通报：雁塔区发生一起交通事故，3人死亡", title="警情通报")
    add_post("今天天气不错")
    assert indexing.drain(documents) == 2
    result = search.search("西安 交通事故")
    assert result.total == 1
    (hit,) = result.hits
    assert hit.post_id == post.id
    assert hit.snippet == "「西安」警方通报：雁塔区发生一起「交通事故」，3人死亡"


@pytest.fixture
def five(add_post):
    """0 西安 death, 1 西安 no death, 2 Beijing death, 3 weather, 4 the words apart."""
    bodies = ["西安警方通报3人死亡", "西安警方通报无人伤亡", "北京警方通报1人死亡", "西安天气晴", "警方到场后通报情况"]
    posts = [add_post(body, at=NOON + timedelta(minutes=i)) for i, body in enumerate(bodies)]
    indexing.drain(documents)
    return [p.id for p in posts]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("西安", [3, 1, 0]),
        ("西安 死亡", [0]),
        ("西安 或 北京", [3, 2, 1, 0]),
        ("警方 -死亡", [4, 1]),
        ("非 警方", [3]),
        ("非 (西安 或 北京)", [4]),
        ("(西安 或 北京) 死亡", [2, 0]),
        ("西安 或 北京 死亡", [3, 2, 1, 0]),
        ("西安 或 非 警方", [3, 1, 0]),
        ("警方通报", [2, 1, 0]),
        ("警方 通报", [4, 2, 1, 0]),
        ("3人", [0]),
        ("３人死亡", [0]),
        ("晴", [3]),
        ("人死亡", [2, 0]),
        ("", [4, 3, 2, 1, 0]),
        ("不存在的词", []),
    ],
)
def test_queries_find_what_they_say_newest_first(five, query, expected):
    assert found(query) == [five[i] for i in expected]
    assert search.search(query).total == len(expected)
    assert sorted(found(query, sort="best")) == sorted(five[i] for i in expected)


def test_fields_look_only_where_they_say(add_post):
    title = add_post("正文里没有", title="西安通报", site="华商网")
    body = add_post("西安今日", title="天气", site="西安晚报")
    indexing.drain(documents)
    assert found("标题:西安") == [title.id]
    assert found("正文:西安") == [body.id]
    assert found("来源:西安") == [body.id]
    assert found("来源:华商") == [title.id]
    assert found("西安 -标题:西安") == [body.id]


def test_a_string_does_not_run_from_the_title_into_the_body(add_post):
    add_post("警方通报", title="西安")
    indexing.drain(documents)
    assert found("西安警方") == []


def test_grade_event_source_and_platform_narrow(add_post):
    grave = add_post("警方甲", site="甲网", platform="weibo")
    other = add_post("警方乙", site="乙网")
    Post.objects.filter(id=grave.id).update(notes=["重大", 7])
    Post.objects.filter(id=other.id).update(notes=["较大", 8])
    indexing.drain(documents)
    for query in ("警方 等级:重大", "警方 事件:7", "警方 平台:微博", "警方 -事件:8"):
        assert found(query) == [grave.id], query
    for filters in (
        Filter(grades=("重大",)),
        Filter(events=(7,)),
        Filter(sources=("甲网",)),
        Filter(platforms=("weibo",)),
    ):
        assert found("警方", filters) == [grave.id]
    assert found("警方", Filter(sources=("甲网", "乙网"))) == [other.id, grave.id]
    (hit,) = search.search("警方甲").hits
    assert (hit.event, hit.grade, hit.source, hit.platform) == (7, "重大", "甲网", "weibo")


def test_a_day_is_a_shanghai_day_and_its_end_is_included(add_post):
    def at(text: str) -> int:
        return add_post(f"警方 {text}", at=datetime.fromisoformat(text + "+08:00").astimezone(UTC)).id

    at("2024-04-30T23:59:59")
    first, last = at("2024-05-01T00:00:00"), at("2024-05-31T23:59:59")
    at("2024-06-01T00:00:00")
    indexing.drain(documents)
    start, end = search.period("2024-05-01", "2024-05-31")
    assert found("警方", Filter(start=start, end=end)) == [last, first]
    start, end = search.period("2024-05-31T23:59:59", "2024-05-31T23:59:59")
    assert found("警方", Filter(start=start, end=end)) == [last]


@pytest.mark.parametrize("text", ["2月30日", "2024-02-30", "昨天", "2024-13-01T00:00", "9999-12-31T23:59:59.9+00:00x"])
def test_a_date_that_does_not_exist_is_refused(text):
    with pytest.raises(QueryError, match="看不懂时间"):
        search.period(text, None)


def test_an_end_before_its_start_is_refused():
    with pytest.raises(QueryError) as e:
        search.period("2024-05-02", "2024-05-01")
    assert e.value.position == 1


@pytest.mark.parametrize("sort", ["newest", "best"])
def test_pages_neither_overlap_nor_skip_even_when_all_times_are_equal(add_post, sort):
    months = [NOON, NOON - timedelta(days=40), NOON - timedelta(days=80)]
    ids = {add_post("警方通报", at=at).id for at in months for _ in range(11)}
    indexing.drain(documents)
    seen = [i for offset in range(0, 40, 4) for i in found("警方", sort=sort, limit=4, offset=offset)]
    assert len(seen) == len(ids) and set(seen) == ids
    assert search.search("警方", sort=sort, limit=4, offset=30).total == 33


def test_newest_first_across_months(add_post):
    times = [NOON + timedelta(days=d) for d in (0, 70, -3, 35, -400, 36)]
    by_time = sorted(((at, add_post("警方", at=at).id) for at in times), reverse=True)
    indexing.drain(documents)
    assert found("警方") == [post_id for _, post_id in by_time]


def test_best_first_prefers_the_title(add_post):
    in_title = add_post("今日消息一则", title="西安地铁停运")
    in_body = add_post("据说西安地铁停运", at=NOON + timedelta(hours=1))
    indexing.drain(documents)
    assert found("西安地铁", sort="best") == [in_title.id, in_body.id]
    assert found("西安地铁", sort="newest") == [in_body.id, in_title.id]


def test_facets_count_every_match_not_only_the_page(add_post):
    for i in range(9):
        add_post("警方", site=f"网{i % 2}", platform="weibo" if i % 3 else "news", at=NOON - timedelta(days=20 * i))
    add_post("天气", site="网0")
    indexing.drain(documents)
    result = search.search("警方", limit=2)
    assert result.facets["source"] == [("网0", 5), ("网1", 4)]
    assert dict(result.facets["platform"]) == {"weibo": 6, "news": 3}
    assert result.facets["grade"] == []


def test_the_title_is_shown_when_only_it_matches(add_post):
    add_post("没有别的", title="西安警情")
    indexing.drain(documents)
    (hit,) = search.search("西安").hits
    assert hit.snippet == "「西安」警情"
    assert [(p.text, p.hit) for p in hit.title_pieces] == [("西安", True), ("警情", False)]


def test_excluded_and_fielded_words_are_not_marked_elsewhere(add_post):
    add_post("西安与警方", title="警方")
    indexing.drain(documents)
    (hit,) = search.search("标题:警方 西安 -北京").hits
    assert hit.snippet == "「西安」与警方"


def test_a_withdrawn_post_is_hidden_before_the_index_knows(add_post):
    gone, stays = add_post("警方一"), add_post("警方二")
    indexing.drain(documents)
    Post.objects.filter(id=gone.id).update(withdrawn_at=NOON)
    result = search.search("警方")
    assert ([h.post_id for h in result.hits], result.total) == ([stays.id], 1)


def test_an_erased_post_is_hidden_before_the_index_knows(add_post):
    gone = add_post("警方一")
    indexing.drain(documents)
    Post.objects.filter(id=gone.id).delete()
    assert search.search("警方").total == 0


def test_paging_too_deep_is_refused_with_advice(db):
    with pytest.raises(QueryError, match="缩小时间范围"):
        search.search("警方", offset=9_990, limit=20)


def test_a_limit_of_nothing_still_counts(five):
    assert search.search("西安", limit=0).total == 3
    assert search.search("西安", limit=0).hits == ()


def test_a_new_folder_has_nothing_to_find_and_says_so_quietly(db):
    result = search.search("警方")
    assert (result.total, result.hits, result.facets["source"]) == (0, (), [])


def test_a_changed_post_is_found_as_it_is_now(add_post):
    post = add_post("警方旧文")
    indexing.drain(documents)
    Post.objects.filter(id=post.id).update(body="警方新文")
    Change.objects.create(post=post)
    indexing.drain(documents)
    assert found("旧文") == []
    assert found("警方") == [post.id]
