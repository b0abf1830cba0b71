"""Which posts make one event: made-up headlines, the shipped words, vocabulary and weights."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import joining
from analysis.events import CROWDED, FEATURES, MEMBERS, STALE_H, EventIndex, places_differ
from analysis.learning import ModelError
from analysis.sketches import SENSES, Sketch, grams, lead, sketch
from tests.analysis.words import post, reader

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)


@cache
def model() -> joining.Model:
    return joining.load()


def said(title: str, hours: float = 0.0, *, doubt: float = 0.0) -> Sketch:
    """A headline as placing sketches it, `hours` after noon."""
    verdict = reader().read(post(title))
    at = NOON + timedelta(hours=hours)
    return sketch(
        lead(title, ""), reader().cut, model().vocabulary, places=(*verdict.places, *verdict.units), type=verdict.type,
        doubt=doubt, hour=at.timestamp() / 3600, stop=reader().stop,
    )  # fmt: skip


OTHERS = (
    "男子醉驾冲卡被民警当场控制", "民警护送考生赶到考场", "小区业主堵门维权", "网传某医院抢孩子系谣言", "高速多车追尾致3人受伤",
    "老人走失民警连夜找回", "一工地塔吊倒塌", "女子被骗80万元民警追回", "两村村民因土地斗殴", "学校食堂多名学生呕吐送医",
)  # fmt: skip


def day_of(*titles: str) -> EventIndex:
    """Events 1, 2 … of one headline each, beside ten other affairs of the day."""
    index = EventIndex(model())
    for number, title in enumerate(titles, 1):
        index.add(number, [said(title)], said(title).hour)
    for number, title in enumerate(OTHERS, 1000):
        index.add(number, [said(title)], said(title).hour)
    return index


def event_of(index: EventIndex, title: str, hours: float = 1.0, **rest: float) -> int | None:
    found = index.find(said(title, hours, **rest))
    return found.event_id if found else None


def test_a_follow_up_with_more_dead_joins_and_says_why():
    index = day_of("雁塔区一烧烤店液化气爆炸致3人死亡")
    found = index.find(said("雁塔区烧烤店爆炸死亡人数升至12人", 3))
    assert found.event_id == 1
    assert found.reasons[0].startswith("共有词：") and "烧烤店" in found.reasons[0]
    assert "同地点：雁塔区" in found.reasons and found.reasons[-1] == "相隔3小时"
    assert model().threshold <= found.score <= 1


@pytest.mark.parametrize(
    ("first", "other_words"),
    [
        ("警方回应火车上一男子被持刀杀害", "火车持刀杀人案嫌犯被刑拘"),
        ("男子行凶致3死1伤 研究生制止被刺死", "研究生制止行凶男子被刺身亡"),
        ("承德一养老院火灾致20人死", "河北老年公寓火灾致20死负责人被控制"),
        ("警方通报9名学生围殴盗车贼", "9名学生围殴偷车贼被拘留"),
    ],
)
def test_one_affair_in_other_words_joins(first, other_words):
    assert event_of(day_of(first), other_words, 6) == 1


@pytest.mark.parametrize(
    ("first", "another"),
    [
        ("雁塔区烧烤店爆炸致3人死亡", "碑林区出租车司机归还现金获锦旗"),
        ("宝鸡货车追尾客车致5人死亡", "榆林货车追尾客车致4人死亡"),
        ("莲湖区一仓库起火浓烟滚滚", "未央区一仓库起火无人伤亡"),
        ("警方通报女子家中遇害", "警方通报男童猥亵案"),
        ("灞桥区一厂房火灾已致11人死亡", "灞桥区大巴与货车相撞已致12人死亡"),
    ],
)
def test_two_affairs_that_share_a_template_stay_two(first, another):
    assert event_of(day_of(first), another) != 1


def test_a_like_fire_a_week_later_is_another_event():
    index = day_of("老旧小区电动车充电起火浓烟滚滚")
    assert event_of(index, "老旧小区电动车充电起火 居民被困", 11) == 1
    assert event_of(index, "老旧小区电动车充电起火 居民被困", 24 * 7) is None


def test_a_late_post_about_the_hours_before_still_joins():
    assert event_of(day_of("雁塔区烧烤店液化气爆炸致3人死亡"), "雁塔区烧烤店爆炸3人死亡", -5) == 1


def test_a_reaction_that_names_no_police_joins_only_what_is_near():
    index = day_of("高铁掌掴事件警方通报双方均受罚")
    assert event_of(index, "高铁掌掴事件双方均违法引热议", 5, doubt=0.9) == 1
    assert event_of(index, "高铁上的盒饭又涨价了", 5, doubt=0.9) is None
    assert index.near(said("高铁掌掴事件双方均违法引热议").grams)
    assert not index.near(said("周末去看银杏叶黄了").grams)


def test_each_new_post_keeps_an_event_awake_and_an_idle_one_expires():
    index = EventIndex(model())
    index.add(1, [said("高架坠物砸中轿车")], said("高架坠物砸中轿车").hour)
    for hours in range(40, 240, 40):
        assert event_of(index, "高架坠物砸中轿车司机索赔", hours) == 1
        index.update(1, said("高架坠物砸中轿车司机索赔", hours))
    assert index.expire(NOON + timedelta(hours=200 + STALE_H)) == []
    assert index.expire(NOON + timedelta(hours=201 + STALE_H)) == [1]


def test_an_event_made_again_from_its_posts_judges_as_before():
    titles = ("雁塔区烧烤店爆炸致3人死亡", "烧烤店爆炸伤者送医", "雁塔区通报烧烤店爆炸善后", "烧烤店爆炸责任人被控制")
    index, again = day_of(titles[0]), day_of()
    for title in titles[1:]:
        index.update(1, said(title, 1))
    again.add(1, [said(titles[0]), *(said(t, 1) for t in titles[1:])], said(titles[0], 1).hour, count=4)
    for title in ("烧烤店爆炸发布会", "超市排队抢购鸡蛋", "爆炸责任人被刑拘"):
        assert index.find(said(title, 2)) == again.find(said(title, 2))


def test_of_a_big_event_the_first_and_the_newest_posts_are_compared():
    index = day_of("地铁停运致乘客滞留")
    for number in range(40):
        index.update(1, said(f"地铁停运乘客滞留第{number}批"))
    members = index.members(1)
    assert len(members) == MEMBERS
    assert members[0].grams == said("地铁停运致乘客滞留").grams and "39批" in members[-1].numbers | {"39批"}
    assert next(iter(index.words(1))) in ("地铁", "停运", "乘客", "滞留")


def test_a_dropped_event_takes_no_more_posts_and_leaves_nothing_behind():
    index = EventIndex(model())
    index.add(7, [said("雁塔区烧烤店爆炸")], 0.0)
    index.drop(7)
    index.drop(7)
    assert 7 not in index and len(index) == 0 and index._holding == {}
    assert event_of(index, "雁塔区烧烤店爆炸") is None
    with pytest.raises(KeyError):
        index.words(7)


def test_words_in_more_than_four_hundred_events_lead_nowhere():
    index = EventIndex(model())
    for number in range(CROWDED + 1):
        index.add(number, [said("求助民警")], said("求助民警").hour)
    assert event_of(index, "求助民警") is None


def test_of_equal_events_the_older_takes_the_post():
    index = EventIndex(model())
    for event_id in (9, 4, 6):
        index.add(event_id, [said("雁塔区烧烤店爆炸致3人死亡")], said("雁塔区烧烤店爆炸致3人死亡").hour)
    assert event_of(index, "雁塔区烧烤店爆炸致3人死亡") == 4


@pytest.mark.parametrize("text", ["", "👍👍👍", "。。。", "\u200b", "啊" * 5000])
def test_a_post_that_says_nothing_joins_nothing_and_breaks_nothing(text):
    assert event_of(day_of("雁塔区烧烤店爆炸致3人死亡"), text) is None


def test_facts_or_people_can_keep_a_post_out_whatever_it_says():
    index = day_of("雁塔区烧烤店爆炸致3人死亡")
    assert index.find(said("雁塔区烧烤店爆炸致3人死亡", 1), lambda event_id: event_id == 1) is None


def test_what_zhihu_adds_to_every_headline_is_not_compared():
    assert lead("警方通报某小区命案，目前情况如何？还有哪些信息值得关注？", "") == "警方通报某小区命案,??"


def places(text: str) -> frozenset[str]:
    return frozenset(text.split())


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
        ("灞桥", "灞桥区", False),
        ("灞桥 碑林区", "灞桥区", False),
        ("", "西安", False),
    ],
)
def test_which_places_speak_against_one_event(mine, theirs, differ):
    assert places_differ(places(mine), places(theirs)) is differ
    assert places_differ(places(theirs), places(mine)) is differ


PLAIN = dict.fromkeys(FEATURES, 0.0) | {"likeness": 0.5, "words": 0.5, "rare": 0.8, "days": 0.2, "posts": 0.7}


@pytest.mark.parametrize(
    "less",
    [
        {"likeness": 0.4}, {"words": 0.3}, {"rare": 0.5}, {"other_place": 1.0}, {"other_kind": 1.0}, {"other_number": 1.0},
        {"other_type": 1.0}, {"days": 2.0}, {"irrelevant": 1.0}, {"doubt": 1.0},
    ],
)  # fmt: skip
@pytest.mark.parametrize("judge", [model(), joining.plain()], ids=["learned", "plain"])
def test_each_feature_pulls_the_way_an_officer_would_expect(judge, less):
    assert judge.probability(list((PLAIN | less).values())) < judge.probability(list(PLAIN.values()))


def test_a_model_that_fails_its_hash_is_refused_and_the_plain_decision_goes_on(tmp_path):
    with np.load(joining.FILE, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    arrays["weights"] = arrays["weights"] + 0.001
    spoiled = tmp_path / "joining.npz"
    np.savez_compressed(spoiled, **arrays)
    with pytest.raises(ModelError, match="校验值不符"):
        joining.load(spoiled)
    judge, note = joining.ready(spoiled)
    assert "固定权重" in note
    index = EventIndex(judge)
    first = sketch("雁塔区烧烤店爆炸致3人死亡", reader().cut, judge.vocabulary, hour=0.0)
    index.add(1, [first], 0.0)
    assert index.find(sketch("雁塔区烧烤店爆炸3人死亡", reader().cut, judge.vocabulary, hour=1.0)).event_id == 1
    assert index.find(sketch("男子醉驾被民警拦下", reader().cut, judge.vocabulary, hour=1.0)) is None


@pytest.mark.parametrize("damage", [b"", b"not a zip", None])
def test_a_missing_or_broken_model_file_is_named(tmp_path, damage):
    path = tmp_path / "joining.npz"
    if damage is not None:
        path.write_bytes(damage)
    with pytest.raises(ModelError, match=r"joining\.npz"):
        joining.load(path)


def made(letters: str) -> Sketch:
    pairs = dict.fromkeys(grams(letters), 0.3)
    none = np.zeros(0, dtype=np.intp)
    return Sketch(
        grams=pairs, rarest=tuple(pairs), words={}, rows=none, weights=np.zeros(0, dtype=np.float32),
        sense=np.zeros(SENSES, dtype=np.float32), places=frozenset(), named=frozenset(), numbers=frozenset(), person=0,
        kinds=frozenset(), type="T04", doubt=0.0, hour=0.0,
    )  # fmt: skip


LETTERS = st.text(alphabet="甲乙丙丁戊己庚辛", min_size=2, max_size=8)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["add", "update", "drop"]), st.integers(1, 5), LETTERS), max_size=30))
def test_whatever_happens_the_index_leads_just_to_the_open_events(steps):
    index, open_ids = EventIndex(joining.plain()), set()
    for what, event_id, letters in steps:
        if what == "add":
            index.add(event_id, [made(letters)], 0.0)
            open_ids.add(event_id)
        elif what == "drop":
            index.drop(event_id)
            open_ids.discard(event_id)
        elif event_id in open_ids:
            index.update(event_id, made(letters))
    assert {e for e in range(1, 6) if e in index} == open_ids
    assert {event_id for holding in index._holding.values() for event_id in holding} == open_ids
