"""What a query means, and what a wrong one is told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.query import (
    And,
    Everything,
    Near,
    Not,
    Or,
    QueryError,
    Range,
    Tag,
    Text,
    parse,
    positive_texts,
    written,
)

A, B, C = Text("甲"), Text("乙"), Text("丙")


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("", Everything()),
        (" \u3000\t", Everything()),
        ("甲", A),
        ("甲 乙", And((A, B))),
        ("甲 与 乙", And((A, B))),
        ("甲 AND 乙", And((A, B))),
        ("甲 或 乙", Or((A, B))),
        ("甲|乙", Or((A, B))),
        ("甲 || 乙", Or((A, B))),
        ("甲 非 乙", And((A, Not(B)))),
        ("甲 -乙", And((A, Not(B)))),
        ("+甲 +乙", And((A, B))),
        ("非 非 甲", A),
        ('"甲 乙"', Text("甲 乙")),
        ("“甲 乙”", Text("甲 乙")),
        ("「甲 乙」", Text("甲 乙")),
        ("＂甲 乙＂", Text("甲 乙")),
        ('甲"乙"丙', And((A, B, C))),
        ("甲 “” 乙", And((A, B))),
        ("“或”", Text("或")),
        ("与会者", Text("与会者")),
    ],
)
def test_words_operators_and_quotes(query, tree):
    assert parse(query) == tree


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("甲 或 乙 丙", Or((A, And((B, C))))),
        ("甲 乙 或 丙", Or((And((A, B)), C))),
        ("甲 与 乙 或 丙", Or((And((A, B)), C))),
        ("非 甲 乙", And((Not(A), B))),
        ("非 甲 或 乙", Or((Not(A), B))),
        ("-(甲 或 乙) 丙", And((Not(Or((A, B))), C))),
        ("(甲 或 乙) 丙", And((Or((A, B)), C))),
        ("标题:甲 乙", And((Text("甲", "title"), B))),
        ("非 标题:甲", Not(Text("甲", "title"))),
    ],
)
def test_fields_bind_before_not_before_and_before_or(query, tree):
    assert parse(query) == tree


@pytest.mark.parametrize(
    ("full_width", "ascii_form"),
    [
        ("（甲　或　乙）－丙", "(甲 或 乙) -丙"),
        ("甲｜乙", "甲|乙"),
        ("甲 ＡＮＤ 乙", "甲 AND 乙"),
        ("标题：甲", "标题:甲"),
        ("等级：重大 事件：１２", "等级:重大 事件:12"),
        ("＋甲", "+甲"),
    ],
)
def test_full_width_forms_mean_the_same(full_width, ascii_form):
    assert parse(full_width) == parse(ascii_form)


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("标题:(甲 或 乙)", Or((Text("甲", "title"), Text("乙", "title")))),
        ("标题: “甲 乙”", Text("甲 乙", "title")),
        ("来源:华商网", Text("华商网", "source")),
        ("TITLE:甲", Text("甲", "title")),
        ("等级:特别重大", Tag("grade", "特别重大")),
        ("等级:(重大 或 较大)", Or((Tag("grade", "重大"), Tag("grade", "较大")))),
        ("事件:#12", Tag("event", "12")),
        ("平台:微博", Tag("platform", "weibo")),
        ("类型:t04", Tag("type", "T04")),
    ],
)
def test_fields(query, tree):
    assert parse(query) == tree


@pytest.mark.parametrize(
    ("headline", "tree"),
    [
        ("西安 - 警方", And((Text("西安"), Text("警方")))),
        ("COVID-19", Text("COVID-19")),
        ("警方通报：3人死亡", Text("警方通报：3人死亡")),
        ("西安，警方", Text("西安，警方")),
        ("西安 ， 警方", And((Text("西安"), Text("警方")))),
        ("【突发】西安", Text("【突发】西安")),
        ("西安\x00警方", And((Text("西安"), Text("警方")))),
        ("don’t", Text("don’t")),
    ],
)
def test_headlines_can_be_pasted(headline, tree):
    assert parse(headline) == tree


@pytest.mark.parametrize(
    ("query", "position", "advice"),
    [
        ("甲 “乙", 2, "补上引号"),
        ("(甲", 0, "补上右括号"),
        ("甲)", 1, "删去"),
        ("()", 1, "补上检索词"),
        ("甲 与", 2, "后面缺少检索词"),
        ("或 甲", 0, "前面缺少检索词"),
        ("甲 或 与 乙", 2, "后面缺少检索词"),
        ("甲 与 )", 2, "后面缺少检索词"),
        ("甲 -", 2, None),
        ("非", 0, "加引号"),
        ("等级:大", 3, "等级可写 特别重大、重大、较大、一般"),
        ("事件:abc", 3, "编号"),
        ("事件:" + "9" * 30, 3, "编号"),
        ("平台:抖抖", 3, "微博"),
        ("类型:交通", 3, "T04"),
        ("标题：", 0, "例如 标题:警方"),
        ("标题:(正文:甲)", 4, "不能写在另一个字段"),
        ("*警方", 0, "直接写 警方"),
        ("/西.*安/", 0, "不提供正则"),
        ("媒体:华商网", 0, "是否想写 来源:华商网"),
        ("titel:甲", 0, "是否想写 title:警方"),
        ("作者:张三", 0, "不分析个人"),
        ("甲 NEAR/101 乙", 2, "最多 100 个字"),
        ("甲 NEAR/5", 2, "后面缺少检索词"),
        ("NEAR/5 甲", 0, "前面缺少检索词"),
        ("甲 NEAR/5 乙 NEAR/5 丙", 11, "一次只连接两边"),
        ("甲 NEAR/5 等级:重大", 2, "两边只能是词"),
        ("标题:甲 NEAR/5 正文:乙", 5, "同一个字段"),
        ("甲 NEAR/5 非 乙", 9, "移到 NEAR 前面"),
        ("类型:T*", 3, "不能用星号"),
        ("时间:2024-02-30", 3, "没有“2024-02-30”这个时间"),
        ("时间：2月30日", 3, "没有“2月30日”这个时间"),
        ("时间:2024-05-02..2024-05-01", 3, "起点在终点之后"),
        ("时间:近7天", 3, "不能用相对时间"),
        ("热度:紫", 3, "热度:红"),
        ("热度:>红", 3, "不会有任何信息"),
        ("转发:<0", 3, "不会有任何信息"),
        ("转发:很多", 3, "看不懂数目"),
        ("专题:" + "长" * 81, 3, "最多 80 个字"),
        ("，。！", 0, "至少一个汉字"),
        ("甲 “！”", 2, "没有可检索的文字"),
        ("甲" * 4001, 4000, "最多 4000 个"),
        ("甲 " * 301, 600, "最多 300 个"),
        ("(" * 41 + "甲" + ")" * 41, 40, "最多套 40 层"),
    ],
)
def test_a_wrong_query_is_told_where_and_what_to_do(query, position, advice):
    if advice is None:  # a lone dash is punctuation
        assert parse(query) == A
        return
    with pytest.raises(QueryError) as e:
        parse(query)
    assert e.value.position == position
    assert advice in str(e.value)


def test_only_wanted_strings_are_marked():
    assert positive_texts(parse("甲 -乙 非 (非 丙) 标题:丁")) == [A, C, Text("丁", "title")]


@given(st.text(st.sampled_from("甲乙 ()（）“”\"|｜-－+与或非:：标题等级重大ANDOT*~/\\[]{}^\x00\ud83d3"), max_size=40))
def test_any_input_gives_a_tree_or_a_query_error(query):
    try:
        parse(query)
    except QueryError as e:
        assert 0 <= e.position <= len(query)
        assert str(e)


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text + "+08:00").timestamp())


@pytest.mark.parametrize(
    ("query", "low", "high"),
    [
        ("时间:2024-05-01", "2024-05-01T00:00:00", "2024-05-01T23:59:59"),
        ("时间：２０２４年５月１日", "2024-05-01T00:00:00", "2024-05-01T23:59:59"),
        ("时间:2024-02", "2024-02-01T00:00:00", "2024-02-29T23:59:59"),
        ("时间:2024", "2024-01-01T00:00:00", "2024-12-31T23:59:59"),
        ("时间:2024-05-01T08:30", "2024-05-01T08:30:00", "2024-05-01T08:30:59"),
        ('时间:"2024-05-01 08:30:05"', "2024-05-01T08:30:05", "2024-05-01T08:30:05"),
        ("时间:2024-05-01..2024-05-07", "2024-05-01T00:00:00", "2024-05-07T23:59:59"),
        ("时间:2024-05-01～2024-05-07", "2024-05-01T00:00:00", "2024-05-07T23:59:59"),
        ("时间:2024年5月1日至2024年5月7日", "2024-05-01T00:00:00", "2024-05-07T23:59:59"),
        ("时间:>=2024-05", "2024-05-01T00:00:00", None),
        ("时间:>2024-05", "2024-06-01T00:00:00", None),
        ("时间:<2024-05", None, "2024-04-30T23:59:59"),
        ("时间:<=2024-05", None, "2024-05-31T23:59:59"),
        ("时间:2024-05-01T00:30:00Z", "2024-05-01T08:30:00", "2024-05-01T08:30:00"),
        ("时间:今天", "2024-05-08T00:00:00", "2024-05-08T23:59:59"),
        ("时间:昨天", "2024-05-07T00:00:00", "2024-05-07T23:59:59"),
        ("时间:近7天", "2024-05-01T12:00:00", None),
    ],
)
def test_times_are_shanghai_times_and_their_limits_belong_to_them(query, low, high):
    now = datetime(2024, 5, 8, 4, tzinfo=UTC)
    assert parse(query, now) == Range("time", low and seconds(low), high and seconds(high))


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("热度:红", Range("heat", 4, 4)),
        ("热度:>=橙", Range("heat", 3, None)),
        ("热度:黄..红色", Range("heat", 2, 4)),
        ("转发：＞１万", Range("reposts", 10_001, None)),
        ("转发:100..1,000", Range("reposts", 100, 1000)),
        ("转发:(0 或 >=1.5万)", Or((Range("reposts", 0, 0), Range("reposts", 15_000, None)))),
        ("单位:碑林分局", Tag("unit", "碑林分局")),
        ("地点:“小寨”", Tag("place", "小寨")),
        ("专题:消费", Tag("topic", "消费")),
    ],
)
def test_ranges_and_names(query, tree):
    assert parse(query) == tree


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("甲 NEAR/5 乙", Near((A,), (B,), 5)),
        ("甲 ＮＥＡＲ／５ 乙", Near((A,), (B,), 5)),
        ("甲 near 乙", Near((A,), (B,), 5)),
        ("非 甲 NEAR/0 乙 丙", And((Not(Near((A,), (B,), 0)), C))),
        ("甲 或 乙 NEAR/3 丙", Or((A, Near((B,), (C,), 3)))),
        ("(甲 或 乙) NEAR/3 丙", Near((A, B), (C,), 3)),
        ("标题:(甲 NEAR/3 乙)", Near((Text("甲", "title"),), (Text("乙", "title"),), 3)),
        ("标题:甲 NEAR/3 标题:乙", Near((Text("甲", "title"),), (Text("乙", "title"),), 3)),
        ("“NEAR/3” 甲", And((Text("NEAR/3"), A))),
        ("covid*", Text("covid", prefix=True)),
        ("“西安 covid”＊ 甲", And((Text("西安 covid", prefix=True), A))),
        ("李*明", Text("李*明")),  # a masked name, pasted
    ],
)
def test_near_binds_before_not_and_a_star_opens_the_end(query, tree):
    assert parse(query) == tree


STRINGS = st.text(st.sampled_from("甲乙与ANDnear3 ”“」』*-:：(|）/标题,"), max_size=8).filter(
    lambda s: any(c in "甲乙与ANDnear3标题" for c in s) and not ("“" in s or "”" in s) & ("」" in s) & ("』" in s)
)
FIELD = st.sampled_from(["", "title", "body"])
TEXTS = st.builds(Text, STRINGS, st.sampled_from(["", "title", "body", "source"]), st.booleans())
SIDES = FIELD.flatmap(
    lambda field: st.tuples(
        *(st.lists(st.builds(Text, STRINGS, st.just(field), st.booleans()), min_size=1, max_size=3).map(tuple),) * 2
    )
)
RANGES = st.one_of(
    st.tuples(st.just("time"), st.integers(0, 4_000_000_000), st.integers(0, 10**6)),
    st.tuples(st.just("reposts"), st.integers(0, 10**9), st.integers(0, 10**6)),
    st.tuples(st.just("heat"), st.just(2), st.integers(0, 2)),
).flatmap(lambda r: st.sampled_from([Range(r[0], r[1], r[1] + r[2]), Range(r[0], r[1], None), Range(r[0], None, r[1])]))
LEAVES = st.one_of(
    TEXTS,
    RANGES,
    SIDES.flatmap(lambda s: st.builds(Near, st.just(s[0]), st.just(s[1]), st.integers(0, 100))),
    st.sampled_from([Tag("grade", "重大"), Tag("event", "12"), Tag("platform", "weibo"), Tag("unit", "碑林分局"), Tag("type", "T04")]),
)


def _joined(kind):
    return lambda inner: st.lists(inner, min_size=2, max_size=3).map(lambda parts: kind(tuple(parts)))


TREES = st.recursive(
    LEAVES, lambda inner: st.one_of(_joined(And)(inner), _joined(Or)(inner), inner.map(Not)), max_leaves=6
)


@given(TREES)
def test_a_tree_written_as_text_is_read_as_the_same_tree(tree):
    assert parse(written(tree)) == tree
