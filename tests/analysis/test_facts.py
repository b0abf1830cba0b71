"""What a sentence says of people harmed, and what it does not. All sentences are made up."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.facts import HARM, QUANTITIES, Facts, Figure, extract, from_json, to_json

UNHURRIED = settings(deadline=None)  # a busy machine is no failure

POSTED = datetime(2026, 11, 23, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


def said(text: str) -> dict[str, tuple[int, int | None]]:
    """Every figure of the text as {quantity: (low, high)}."""
    facts = extract(text, POSTED)
    return {name: (f.low, f.high) for name in QUANTITIES if (f := getattr(facts, name))}


def one(n: int, m: int | None = -1) -> tuple[int, int | None]:
    return (n, n if m == -1 else m)


DEATHS = [
    ("事故造成11人遇难", 11),
    ("火灾致3人死亡", 3),
    ("工廠爆炸造成三人遇難", 3),
    ("男子杀3人后潜逃", 3),
    ("男子连杀三人", 3),
    ("一厂房坍塌致 28 死", 28),
    ("客车侧翻6死4伤", 6),
    ("3死5伤", 3),
    ("二死二伤", 2),
    ("货车撞人致6人亡", 6),
    ("死者3人", 3),
    ("死亡3人", 3),
    ("遇难者增至12人", 12),
    ("洪灾死亡上升至46人", 46),
    ("死亡人数升至47", 47),
    ("死亡人数由8人上升至11人", 11),
    ("遇难者数量增至16人", 16),
    ("十一人死亡，二十三人受伤", 11),
    ("共造成１１人死亡", 11),
    ("赵某等6人死亡、2人受伤", 6),
    ("造成11人死亡，其中3人为儿童", 11),
    ("造成11人死亡，其中2人当场死亡", 11),
    ("包括3名儿童在内的11人遇难", 11),
    ("11人（含2名儿童）遇难", 11),
    ("5名工人和2名村民遇难", 7),
    ("3男2女死亡", 5),
    ("船上的三男两女全部死亡", 5),
    ("3人当场死亡，2人送医后抢救无效死亡", 5),
    ("8人遇难，另有4人送医后抢救无效死亡", 12),
    ("3人死亡。据了解，事故已造成3人死亡", 3),
    ("5名工人被困，目前已全部遇难", 5),
    ("2名工人掉入污水池，经抢救无效死亡", 2),
    ("4人落水，最终确认溺亡", 4),
    ("3人受伤送医后死亡", 3),
    ("9名失联人员遗体已全部找到", 9),
    ("失联的两名护林员已被证实死亡", 2),
    ("现场发现4具尸体", 4),
    ("夺走11条生命", 11),
    ("一家五口坠河身亡", 5),
    ("一家4口遇害", 4),
    ("酒驾撞死一家两口", 2),
    ("酒驾撞死1家4口", 4),
    ("女子杀害妻儿三人", 3),
    ("歹徒杀害店主及其邻居6人", 6),
    ("嫌疑人杀害5人后潜逃", 5),
    ("母女俩遇害", 2),
    ("夫妻双双坠亡", 2),
    ("两男孩溺亡", 2),
    ("艇上6人均不幸身亡", 6),
    ("7名未成年人遇难", 7),
    ("6名学生在郊外遇车祸身亡", 6),
    ("4名无辜市民死亡", 4),
    ("4名学生死亡、9名学生受伤", 4),
    ("死伤者均为工人，其中5人死亡", 5),
    ("最新统计显示，暴雨已致16人死亡", 16),
    ("爆炸致12人死亡，网传30人死亡系谣言", 12),
    ("已致12人死亡，请勿传播不实信息", 12),
    ("网传事故造成12人死亡系谣言，实际死亡3人", 3),
    ("事故致3人死亡，这不是意外", 3),
    ("死亡人数更正为9人，此前通报12人", 9),
    ("两人于21日深夜在家中遇袭死亡", 2),
    ("致6死命案告破", 6),
    ("深夜22时许，两名四岁和七岁的儿童死亡", 2),
]


@pytest.mark.parametrize(("text", "deaths"), DEATHS)
def test_deaths_are_counted(text: str, deaths: int) -> None:
    assert said(text).get("deaths") == one(deaths)


OPEN_OR_RANGE = [
    ("10余人遇难", 10, None),
    ("三十余人死亡", 30, None),
    ("百余人死亡", 100, None),
    ("至少10人死亡", 10, None),
    ("超过50人死亡", 50, None),
    ("30人以上死亡", 30, None),
    ("数十人死亡", 20, None),
    ("死亡10至15人", 10, 15),
    ("3-5人死亡", 3, 5),
    ("七八人死亡", 7, 8),
    ("近30人死亡", 27, 29),
    ("发现300多具尸体", 300, None),
    ("7名老师和40多名学生丧生", 47, None),
]


@pytest.mark.parametrize(("text", "low", "high"), OPEN_OR_RANGE)
def test_vague_numbers_keep_their_range(text: str, low: int, high: int | None) -> None:
    assert said(text).get("deaths") == (low, high)


NOBODY_DIED = [
    "无人员伤亡",
    "所幸火灾未造成人员伤亡",
    "没有人员死亡",
    "暂未接到人员伤亡报告",
    "12岁女孩溺水身亡",
    "第3名死者身份确认",
    "3名民警受表彰",
    "获得三等奖",
    "3名民警在现场处置一起死亡事故",
    "2人涉嫌致人死亡被刑拘",
    "多人死亡",
    "数人死亡，具体人数待核",
    "某某等5人被判处死刑",
    "今年以来全市共发生火灾12起，死亡120人",
    "全国每年约20万人死于溺水",
    "若不排险，可能造成30人死亡",
    "此前通报的12人系误传",
    "网传某地火灾12人死亡？警方辟谣",
    "官方辟谣隧道事故64人死亡。有网民称隧道事故64人死亡，经核实系虚假信息",
    "并非12人死亡",
    "警方通报一起演唱会谣言。赵某编造“28人死亡”吸引流量",
    "警方打死3名歹徒",
    "10名遇难者家属到场",
    "5名失踪者家属",
    "九死一生的3名登山者讲述经历",
    "3名学生死记硬背",
    "家属拿到90万死亡赔偿金",
    "被骗120万男子投河身亡",
    "大三学生溺亡",
    "初三女生遇害",
    "救起一家两口后力竭溺亡",
    "店主遭3人殴打致死",
    "4名少年虐狗致死",
    "一家五口出游遇塌方父亲身亡",
    "店主猝死12位街坊送别",
    "河滩发现30具宠物尸体",
    "贩卖200具尸体",
    "女子杀害丈夫百名村民求情",
    "踩死刹车保住全车28人",
    "陕A01234死死顶在墙角",
    "全镇15名死亡人员违规领取补贴",
    "该村有11人家中停电，死猪被掩埋",
]


@pytest.mark.parametrize("text", NOBODY_DIED)
def test_other_numbers_and_other_matters_are_no_deaths(text: str) -> None:
    assert "deaths" not in said(text)


ANOTHER_TIME = [
    ("2010年该路段曾造成30人死亡", 30),
    ("去年该路段造成5人死亡", 5),
    ("2024年6月2日3时许，一段路基塌方致24人死亡", 24),
    ("一审宣判：致11人死亡案被告人被判死刑", 11),
    ("某爆炸事故10周年：27人遇难", 27),
    ("“3·3”火灾21死调查报告公布", 21),
]


@pytest.mark.parametrize(("text", "past"), ANOTHER_TIME)
def test_figures_of_another_time_stand_apart(text: str, past: int) -> None:
    figures = said(text)
    assert "deaths" not in figures
    assert figures["past_deaths"] == one(past)


def test_december_told_in_january_is_no_history() -> None:
    posted = datetime(2027, 1, 2, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
    facts = extract("2026年12月31日23时许，一仓库起火，致3人死亡", posted)
    assert facts.deaths == Figure(low=3, high=3, quote="3人死亡")


def test_a_fresh_deed_is_not_history_because_its_suspect_was_once_judged() -> None:
    text = "11月23日8时许，一男子持刀致3人死亡。该男子2015年因盗窃被判处有期徒刑三年"
    assert said(text)["deaths"] == one(3)


OTHERS = [
    ("5人重伤", "serious", 5, 5),
    ("重伤5人，轻伤12人", "serious", 5, 5),
    ("2人伤势危重", "serious", 2, 2),
    ("3人重伤、12人轻伤", "light", 12, 12),
    ("十余名学生受伤", "injured", 10, None),
    ("8死3伤", "injured", 3, 3),
    ("48人送医", "injured", 48, 48),
    ("男子持刀砍伤5人", "injured", 5, 5),
    ("5人被砍伤", "injured", 5, 5),
    ("造成20余人伤亡", "injured", 20, None),
    ("已致2人死亡、4人失联", "missing", 4, 4),
    ("失踪3人", "missing", 3, 3),
    ("另有70余人被困", "endangered", 70, None),
    ("120名学生食物中毒", "poisoned", 120, 120),
    ("数千人聚集", "participants", 2000, None),
    ("约300人在门口拉横幅", "participants", 300, 300),
    ("200余人堵路", "participants", 200, None),
    ("疏散群众3000余人", "moved", 3000, None),
    ("紧急转移1.3万人", "moved", 13000, 13000),
    ("歹徒劫持3名人质", "hostages", 3, 3),
    ("警方击毙2名嫌疑人", "suspects", 2, 2),
    ("14名恐怖分子被打死", "suspects", 14, 14),
    ("直接经济损失1.2亿元", "loss_yuan", 120_000_000, 120_000_000),
    ("造成经济损失5000余万元", "loss_yuan", 50_000_000, None),
    ("3000万元的经济损失", "loss_yuan", 30_000_000, 30_000_000),
]


@pytest.mark.parametrize(("text", "quantity", "low", "high"), OTHERS)
def test_other_quantities_are_told_apart(text: str, quantity: str, low: int, high: int | None) -> None:
    assert said(text).get(quantity) == (low, high)


@pytest.mark.parametrize(
    "text",
    ["全年各类自然灾害造成直接经济损失300亿元", "为群众挽回经济损失3000万元", "涉案金额3亿元", "罚款5000万元", "损失5000万美元", "赔偿损失2000万元", "中奖1亿元"],
)
def test_money_that_is_no_loss_is_not_counted(text: str) -> None:
    assert "loss_yuan" not in said(text)


def test_the_missing_who_died_are_counted_once() -> None:
    assert said("山洪失联6人已遇难") == {"deaths": (6, 6)}
    assert said("6名失联人员遗体已找到") == {"deaths": (6, 6)}
    assert said("4人死亡，6人失联") == {"deaths": (4, 4), "missing": (6, 6)}


def test_one_man_is_no_crowd_and_no_danger_is_no_serious_injury() -> None:
    assert said("一男子酒后打砸店铺") == {}
    assert said("伤者2人均没有生命危险") == {"injured": (2, 2)}


def test_the_trapped_who_were_rescued_are_not_in_danger() -> None:
    assert said("30名游客被困，目前均已安全转移") == {}


FLAGGED = [
    ("火灾未造成人员伤亡", "none_hurt"),
    ("有网友称多人遇难", "many_dead"),
    ("某小学门口", "school"),
    ("男子持刀", "weapon"),
    ("9岁的他", "minors"),
    ("两名辅警", "officers"),
    ("该消息不属实", "denied"),
    ("开展反恐演练", "drill"),
    ("受台风影响", "natural"),
    ("疑似食物中毒", "food"),
    ("12人吃席后中毒", "food"),
    ("工地上", "workplace"),
    ("两村村民械斗", "brawl"),
    ("地铁站内", "public_place"),
    ("2023年5月3日8时发生事故", "old"),
    ("更正为9人死亡", "corrected"),
]


@pytest.mark.parametrize(("text", "flag"), FLAGGED)
def test_flags_are_raised(text: str, flag: str) -> None:
    assert flag in extract(text, POSTED).flags


def test_a_harmed_person_ends_the_claim_that_nobody_was() -> None:
    facts = extract("事故致1人轻伤，地面无人员伤亡", POSTED)
    assert facts.light and "none_hurt" not in facts.flags


def test_every_figure_quotes_the_text() -> None:
    text = "23日8时许，西安市一商场起火，致１１人死亡，其中3名儿童；23人受伤，5人重伤；直接经济损失约3000万元"
    facts = extract(text, POSTED)
    plain = text.replace("１１", "11")
    quotes = [f.quote for name in QUANTITIES if (f := getattr(facts, name))]
    assert len(quotes) == 4
    assert all(quote in plain for quote in quotes)


NOT_PEOPLE = ["{}岁", "{}公里", "{}时{}分", "{}号楼", "陕A{}", "京{}刑初字", "{}元", "第{}名", "{}楼", "G{}次列车", "{}米", "1380000{}"]


@UNHURRIED
@given(st.sampled_from(NOT_PEOPLE), st.integers(1, 9999), st.sampled_from(["死亡", "身亡", "受伤", "失踪", "遇难"]))
def test_ages_plates_distances_and_numbers_of_things_never_become_casualties(shape: str, n: int, harm: str) -> None:
    thing = shape.replace("{}", str(n))
    for text in (f"{thing}，一男子{harm}", f"在{thing}附近，有人{harm}", f"{thing}{harm}", f"{harm}{thing}"):
        figures = said(text)
        assert all(value == (1, 1) for name, value in figures.items() if name in HARM), text


@UNHURRIED
@given(st.dates(datetime(2026, 1, 1).date(), datetime(2026, 11, 23).date()), st.sampled_from(["死亡", "受伤", "失联"]))  # noqa: DTZ001
def test_dates_never_become_casualties(day: object, harm: str) -> None:
    assert said(f"{day:%Y年%m月%d日}，该男子{harm}") == {}
    assert said(f"{day:%m月%d日}{harm}的男子") == {}


@UNHURRIED
@given(st.integers(2, 3000), st.sampled_from(["{}人死亡", "造成{}人死亡", "死亡{}人", "致{}死", "{}名群众遇难", "死亡人数升至{}人"]))
def test_a_stated_toll_is_found_whatever_its_size(n: int, shape: str) -> None:
    assert said(f"23日，某地发生爆炸，{shape.format(n)}，原因正在调查。")["deaths"] == (n, n)


@UNHURRIED
@given(st.text(max_size=300))
def test_no_text_is_too_odd_to_read(text: str) -> None:
    assert from_json(to_json(extract(text, POSTED))) == extract(text, POSTED)


@UNHURRIED
@given(st.lists(st.sampled_from(["死亡", "伤", "3人", "，", "。", "其中", "10余", "失联", "被", "和", "（", "）", "系谣言", "去年", "双双", "一家"]), max_size=40))
def test_heaps_of_cue_words_break_nothing(words: list[str]) -> None:
    facts = extract("".join(words), POSTED)
    assert all(f.low > 0 and f.quote for name in QUANTITIES if (f := getattr(facts, name)))


def test_facts_survive_json() -> None:
    facts = extract("昨晚11时许，一酒吧门口发生斗殴，致2人死亡，10余人受伤", POSTED)
    assert from_json(to_json(facts)) == facts
    assert facts.deaths and facts.t_event
    assert from_json({}) == Facts()
    assert from_json({"of_a_later_version": 1}) == Facts()
