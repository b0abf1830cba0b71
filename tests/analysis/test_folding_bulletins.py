"""Two hundred bulletins of few templates, each pair differing in one fact or more: none folds with another."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest

from analysis.folding import FoldIndex, normal_form, signature, text_hash

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)
TEMPLATES = (
    "【警情通报】{date}{hour}时许，我局{district}分局接报，{place}发生一起持刀伤人案件。民警迅速到场处置，将犯罪嫌疑人{name}"
    "（男，{age}岁）当场控制，现场{hurt}人受伤，伤者已送医救治。案件正在进一步侦办中。",
    "情况通报：{date}，{district}{place}一住宅楼发生火灾，消防救援力量于{hour}时将明火扑灭，{hurt}人受伤送医，无生命危险。"
    "起火原因正在调查，涉事住户{name}（{age}岁）已配合调查。",
    "警方通报 {date}{hour}时，{name}（男，{age}岁）酒后驾驶小型轿车行驶至{district}{place}时与路边护栏相撞，致{hurt}人受伤。"
    "经检测，{name}血液酒精含量达到醉酒标准，现已被依法刑事拘留。",
    "【平安提示】近日，{district}{place}一居民{name}（{age}岁）遭遇冒充客服诈骗，{date}{hour}时被骗走{hurt}万元。"
    "请广大市民切勿向陌生账户转账，遇到可疑情况及时报警。",
)
FACTS = {
    "date": ("3月1日", "3月12日", "11月1日", "2月28日"),
    "hour": ("9", "19", "21"),
    "district": ("雁塔区", "莲湖区", "高新区", "高陵区", "灞桥区"),
    "place": ("科技路", "太白路", "朱雀大街", "和平小区", "友谊小区"),
    "name": ("王某", "王某某", "李某", "张某明"),
    "age": ("35", "53", "36"),
    "hurt": ("1", "2", "11", "12"),
}
FIRST = {key: values[0] for key, values in FACTS.items()}


def one_fact_apart(template: str) -> list[str]:
    """The first facts, and every change of exactly one or two of them, 50 in all."""
    singles = [{key: value} for key, values in FACTS.items() for value in values[1:]]
    doubles = [{**a, **b} for a, b in itertools.combinations(singles, 2) if set(a) != set(b)]
    return [template.format(**{**FIRST, **change}) for change in [{}, *singles, *doubles][:50]]


@pytest.mark.parametrize("template", TEMPLATES, ids=["knife", "fire", "drunk driving", "fraud"])
def test_bulletins_that_differ_in_one_fact_never_fold(template):
    index, folded = FoldIndex(), []
    for number, text in enumerate(one_fact_apart(template), start=1):
        norm = normal_form(text)
        match = index.find(text_hash(norm), signature(norm), norm)
        if match:
            folded.append((text, match))
        index.add(number, text_hash(norm), signature(norm), norm, NOON)
    assert folded == []
    assert len(index) == 50


@pytest.mark.parametrize("template", TEMPLATES, ids=["knife", "fire", "drunk driving", "fraud"])
def test_copies_of_each_bulletin_find_their_own_among_its_near_twins(template):
    index, texts = FoldIndex(), one_fact_apart(template)
    for number, text in enumerate(texts):
        norm = normal_form(text)
        index.add(number, text_hash(norm), signature(norm), norm, NOON)
    for number, text in enumerate(texts):
        for copy in (f"转发//@平安:{text}[话筒]", f"转发扩散：{text}", f"{text}请大家注意安全"):
            norm = normal_form(copy)
            match = index.find(text_hash(norm), signature(norm), norm)
            assert match is not None and match.fold_id == number
