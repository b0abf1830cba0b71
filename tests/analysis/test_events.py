"""Which posts make one event. Terms are made-up posts cut by hand; the weights stand for how rare a word is."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.events import CENTROID, CROWDED, EventIndex, Features, places_differ, probability

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)
COMMON = {"事故", "警方", "通报", "死亡", "受伤", "男子", "火灾", "现场", "发生"}


def terms(text: str) -> dict[str, float]:
    """Words between blanks, the common ones lighter, at unit length as the reader gives them."""
    weights = {word: 4.0 if word in COMMON else 9.0 for word in text.split()}
    length = math.sqrt(sum(w * w for w in weights.values()))
    return {word: w / length for word, w in weights.items()}


def places(text: str) -> frozenset[str]:
    return frozenset(text.split())


def busy_index(events: int = 200) -> EventIndex:
    """Other affairs of the day, each with words of its own beside the common ones."""
    index = EventIndex()
    for i in range(events):
        index.add(1000 + i, terms(f"警方 通报 事故{i} 当事{i} 地方{i} 现场"), frozenset(), "T04", NOON)
    return index


def after(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


BLAST = terms("西安 雁塔区 烧烤店 液化气 爆炸 死亡 3人 现场")
BLAST_PLACES = places("西安 雁塔区")


def test_a_follow_up_with_more_dead_joins_and_says_why():
    index = busy_index()
    index.add(7, BLAST, BLAST_PLACES, "T13", NOON)
    found = index.find(terms("烧烤店 爆炸 死亡 人数 升至 12人 西安"), places("西安"), "T13", after(3))
    assert found.event_id == 7
    assert found.reasons[0] == "共有词：烧烤店、爆炸、西安、死亡"
    assert found.reasons[2:] == ("同地点：西安", "相隔3小时")
    assert index.threshold <= found.score <= 1


def test_another_affair_of_the_same_day_opens_its_own_event():
    index = busy_index()
    index.add(7, BLAST, BLAST_PLACES, "T13", NOON)
    assert index.find(terms("碑林区 出租车 司机 归还 现金 锦旗"), places("碑林区"), "T15", after(1)) is None


def test_the_same_kind_of_accident_in_two_cities_on_one_day_is_two_events():
    index = busy_index()
    index.add(7, terms("宝鸡 货车 追尾 客车 高速 死亡 5人 事故"), places("宝鸡"), "T05", NOON)
    elsewhere = terms("榆林 货车 追尾 客车 高速 死亡 4人 事故")
    assert index.find(elsewhere, places("榆林"), "T05", after(1)) is None
    assert index.find(elsewhere, frozenset(), "T05", after(1)).event_id == 7  # with no place named it would join


def test_two_districts_of_one_city_keep_apart_unless_the_words_are_nearly_the_same():
    index = busy_index()
    index.add(7, terms("西安 莲湖区 仓库 起火 浓烟 火灾"), places("西安 莲湖区"), "T13", NOON)
    assert index.find(terms("西安 未央区 仓库 起火 火灾"), places("西安 未央区"), "T13", after(1)) is None
    same = terms("西安 未央区 莲湖区 仓库 起火 浓烟 火灾")
    assert index.find(same, places("西安 未央区"), "T13", after(1)).event_id == 7


def test_a_like_fire_a_week_later_is_another_event():
    index = busy_index()
    fire = terms("老旧小区 电动车 充电 起火 浓烟 火灾")
    index.add(7, fire, frozenset(), "T13", NOON)
    assert index.find(fire, frozenset(), "T13", after(11)).event_id == 7
    assert index.find(fire, frozenset(), "T13", after(24 * 7)) is None


def test_an_event_of_one_post_goes_stale_after_half_a_day_others_after_two():
    index = EventIndex()
    index.add(1, terms("高架 坠物 砸中 轿车"), frozenset(), "T04", NOON)
    index.add(2, terms("工地 塔吊 倒塌 工人"), frozenset(), "T04", NOON)
    index.update(2, terms("工地 塔吊 倒塌 调查"), frozenset(), NOON)
    assert (index.expire(after(12)), index.expire(after(12.1))) == ([], [1])
    assert (index.expire(after(48)), index.expire(after(48.1))) == ([1], [1, 2])


def test_each_new_post_keeps_an_event_awake():
    index = EventIndex()
    index.add(1, terms("高架 坠物 砸中 轿车"), frozenset(), "T04", NOON)
    for hours in range(10, 200, 10):
        assert index.find(terms("高架 坠物 轿车 赔偿"), frozenset(), "T04", after(hours)).event_id == 1
        index.update(1, terms("高架 坠物 轿车 赔偿"), frozenset(), after(hours))


def test_a_late_post_about_the_hours_before_still_joins():
    index = busy_index()
    index.add(7, BLAST, BLAST_PLACES, "T13", NOON)
    assert index.find(BLAST, BLAST_PLACES, "T13", after(-5)).event_id == 7


def test_the_centroid_follows_what_the_posts_say_and_keeps_forty_words():
    index = EventIndex()
    index.add(1, terms("地铁 停运 故障"), frozenset(), "T05", NOON)
    for i in range(40):
        index.update(1, terms(f"地铁 退票 赔偿 词{i} 字{i}"), frozenset(), NOON)
    centroid = index.centroid(1)
    assert len(centroid) == CENTROID
    assert list(centroid)[:1] == ["地铁"]
    assert {"退票", "赔偿"} <= set(list(centroid)[:3])


def test_an_event_added_again_from_its_stored_centroid_takes_the_same_posts():
    index = busy_index()
    index.add(7, BLAST, BLAST_PLACES, "T13", NOON)
    for words in ("烧烤店 爆炸 伤者 送医", "爆炸 烧烤店 责任人 控制", "西安 烧烤店 爆炸 善后"):
        index.update(7, terms(words), BLAST_PLACES, after(1))
    again = busy_index()
    again.add(7, index.centroid(7), BLAST_PLACES, "T13", after(1), posts=4)
    for words in ("烧烤店 爆炸 发布会", "爆炸 责任人 拘留", "超市 抢购 现场"):
        matches = [i.find(terms(words), places("西安"), "T13", after(2)) for i in (index, again)]
        assert matches[0] == matches[1] or (
            matches[0].event_id == matches[1].event_id and abs(matches[0].score - matches[1].score) < 0.02
        )


def test_a_dropped_event_takes_no_more_posts_and_leaves_nothing_behind():
    index = EventIndex()
    index.add(7, BLAST, BLAST_PLACES, "T13", NOON)
    index.drop(7)
    index.drop(7)
    assert 7 not in index and len(index) == 0
    assert index.find(BLAST, BLAST_PLACES, "T13", NOON) is None
    with pytest.raises(KeyError):
        index.centroid(7)


def test_a_word_in_more_than_four_hundred_events_joins_nothing():
    index = EventIndex(threshold=0.0)
    for i in range(CROWDED + 1):
        index.add(i, terms(f"求助 事由{i}"), frozenset(), "T03", NOON)
    assert index.find(terms("求助"), frozenset(), "T03", NOON) is None
    assert index.find(terms("求助 事由5"), frozenset(), "T03", NOON).event_id == 5


def test_of_equal_events_the_older_takes_the_post():
    index = EventIndex()
    for event_id in (9, 4, 6):
        index.add(event_id, BLAST, BLAST_PLACES, "T13", NOON)
    assert index.find(BLAST, BLAST_PLACES, "T13", NOON).event_id == 4


def test_a_post_without_words_joins_nothing():
    assert busy_index().find({}, places("西安"), "T04", NOON) is None


def test_the_threshold_is_the_callers():
    index, strict = EventIndex(), EventIndex(threshold=0.999)
    for one in (index, strict):
        one.add(7, BLAST, BLAST_PLACES, "T13", NOON)
    half = terms("烧烤店 爆炸 液化气 街坊 回忆")
    assert index.find(half, frozenset(), "T13", NOON).event_id == 7
    assert strict.find(half, frozenset(), "T13", NOON) is None


@pytest.mark.parametrize(
    ("mine", "theirs", "differ"),
    [
        ("西安", "西安市", False),
        ("西安", "咸阳", True),
        ("西安 咸阳", "咸阳", False),
        ("陕西", "西安", False),
        ("广东", "西安", True),
        ("雁塔区", "碑林区", True),
        ("西安 雁塔区", "西安", False),
        ("小寨路", "长安路", True),
        ("大雁塔", "钟楼", False),
        ("", "西安", False),
    ],
)
def test_which_places_speak_against_one_event(mine, theirs, differ):
    assert places_differ(places(mine), places(theirs)) is differ
    assert places_differ(places(theirs), places(mine)) is differ


def seen(**changed) -> Features:
    plain = {"likeness": 0.5, "shared": 3, "posts": 2, "other_place": False, "other_type": False, "hours": 1.0}
    return Features(**{**plain, **changed})


@pytest.mark.parametrize(
    "less", [{"likeness": 0.4}, {"shared": 2}, {"posts": 1}, {"other_place": True}, {"other_type": True}, {"hours": 30.0}]
)
def test_each_feature_pulls_the_way_an_officer_would_expect(less):
    assert probability(seen(**less)) < probability(seen())


WORDS = st.dictionaries(st.sampled_from("甲乙丙丁戊己庚辛壬癸子丑寅卯"), st.floats(0.01, 1.0), max_size=10)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.sampled_from(["add", "update", "drop"]), st.integers(1, 5), WORDS), max_size=30))
def test_whatever_happens_the_index_holds_just_the_open_centroids(steps):
    index, open_ids = EventIndex(), set()
    for what, event_id, words in steps:
        if what == "add":
            index.add(event_id, words, frozenset(), "T04", NOON)
            open_ids.add(event_id)
        elif what == "drop":
            index.drop(event_id)
            open_ids.discard(event_id)
        elif event_id in open_ids:
            index.update(event_id, words, frozenset(), NOON)
    assert {e for e in range(1, 6) if e in index} == open_ids
    reached = {event_id for word in "甲乙丙丁戊己庚辛壬癸子丑寅卯" for event_id, _ in index.judged({word: 1.0}, frozenset(), "", NOON)}
    assert reached == {e for e in open_ids if index.centroid(e)}
