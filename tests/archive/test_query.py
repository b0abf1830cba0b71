"""What a query means, and what a wrong one is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.query import And, Everything, Not, Or, QueryError, Tag, Text, parse, positive_texts

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
