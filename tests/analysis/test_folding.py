"""What folds, what does not, and an index that its rows can give back. All posts are made up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.folding import FoldIndex, Row, alike, fingerprint, normal_form, signature, text_hash, veto
from analysis.particulars import particulars

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)
BULLETIN = (
    "【警情通报】3月1日11时许，雁塔区科技路发生一起交通事故，王某某（男，35岁）驾驶小型轿车与一辆电动自行车相撞，"
    "造成3人受伤，伤者已送医院救治，无生命危险。目前王某某已被依法刑事拘留，案件正在进一步侦办中。"
)
STORY = "今天傍晚小寨天桥上有位老人突然晕倒，路过的护士跪地做了十几分钟心肺复苏，围观的人自发让出一条通道，救护车来时大家都鼓掌了"


def remember(index: FoldIndex, fold_id: int, text: str, at: datetime = NOON) -> None:
    norm = normal_form(text)
    index.add(fold_id, text_hash(norm), signature(norm), norm, at)


def look_up(index: FoldIndex, text: str):
    norm = normal_form(text)
    return index.find(text_hash(norm), signature(norm), norm)


def holding(*texts: str) -> FoldIndex:
    index = FoldIndex()
    for fold_id, text in enumerate(texts, start=1):
        remember(index, fold_id, text)
    return index


@pytest.mark.parametrize(
    "copy",
    [
        f"转发微博//@热心市民:{STORY}",
        f"感动！//@小李:泪目//@本地生活:{STORY}",
        f"{STORY} http://t.cn/A6abcDEF [泪][good] @西安身边事",
        f"#身边正能量# {STORY}",
        STORY.replace("，", " ").replace("了", "了！！！"),
        STORY.replace("，", "，\u200b"),
    ],
    ids=["bare repost", "chain", "link, face and name", "label", "punctuation", "zero width"],
)
def test_a_repost_or_copy_is_the_same_text_exactly(copy):
    assert look_up(holding(STORY), copy).how == "exact"


@pytest.mark.parametrize(
    "copy",
    [
        STORY[:40] + "…",
        f"扩散！网友投稿：{STORY}",
        f"{STORY}为这座城市点赞",
        STORY.replace("围观的人自发", "围观者自发"),
        STORY.replace("晕倒", "晕到").replace("鼓掌", "鼓拿"),
    ],
    ids=["truncated", "lead-in", "comment behind", "reworded", "misread characters"],
)
def test_an_edited_copy_is_near(copy):
    match = look_up(holding(STORY), copy)
    assert (match.fold_id, match.how) == (1, "near")


@pytest.mark.parametrize(
    ("there", "reason"),
    [
        (("3人受伤", "5人受伤"), "数字不同：3／5"),
        (("3人受伤", "三人受伤"), None),
        (("35岁", "53岁"), "数字不同：35／53"),
        (("3月1日", "3月2日"), "日期不同：1／2"),
        (("王某某", "李某某"), "姓名不同：王某某／李某某"),
        (("雁塔区", "莲湖区"), "地点不同：雁塔区／莲湖区"),
        (("高新区", "高陵区"), None),  # neither stands in the text: nothing changes
        (("科技路", "太白路"), "地点不同：科技路／太白路"),
    ],
)
def test_two_bulletins_of_one_template_fold_only_when_their_facts_agree(there, reason):
    other = BULLETIN.replace(*there)
    assert veto(normal_form(BULLETIN), normal_form(other)) == reason
    assert (look_up(holding(BULLETIN), other) is None) == (reason is not None)


def test_figures_that_swap_places_are_other_facts():
    one, other = "事故造成2人死亡、6人受伤，道路已恢复通行，原因正在调查", "事故造成6人死亡、2人受伤，道路已恢复通行，原因正在调查"
    assert veto(normal_form(one), normal_form(other)) == "数字不同：2／6"


def test_a_headline_with_one_other_digit_is_another_text():
    assert look_up(holding("陕西一工地坍塌致3人被困"), "陕西一工地坍塌致8人被困") is None


def test_a_truncated_bulletin_folds_but_a_longer_one_with_more_victims_is_news():
    cut = BULLETIN[:88]
    assert look_up(holding(BULLETIN), cut).how == "near"
    grown = BULLETIN.replace("无生命危险", "其中1人经抢救无效死亡")
    assert veto(normal_form(BULLETIN), normal_form(grown)) == "新增人数：1"
    assert look_up(holding(BULLETIN), grown) is None
    assert veto(normal_form(grown), normal_form(BULLETIN)) is None


def test_a_truncation_does_not_lead_another_bulletin_into_its_fold():
    index = holding(BULLETIN)
    remember(index, 1, BULLETIN[:70])  # breaks off before the figure
    assert look_up(index, BULLETIN.replace("3人受伤", "9人受伤")) is None


def test_a_denial_does_not_fold_with_the_rumour_it_quotes():
    rumour = "紧急提醒：今天下午有人在南门外驾驶面包车抢小孩，已经有多名儿童被拉走，请大家看好自己的孩子，转发扩散"
    assert veto(normal_form(rumour), normal_form(f"网传“{rumour}”系谣言")) == "一方辟谣，一方未辟谣"


def test_nobody_hurt_and_somebody_hurt_do_not_fold():
    one = "昨夜长乐路一仓库起火，消防赶到后将明火扑灭，火灾未造成人员伤亡，起火原因正在调查，周边道路已经恢复通行"
    assert veto(normal_form(one), normal_form(one.replace("未造成", "造成"))) == "一方称无伤亡，一方称有伤亡"


def test_texts_that_say_nothing_are_never_one():
    index = FoldIndex()
    for fold_id, text in enumerate(["转发微博", "", "[泪][泪]", "@某人 http://t.cn/abc"], start=1):
        remember(index, fold_id, text)
        assert text_hash(normal_form(text)) == 0
    assert len(index) == 0
    assert look_up(index, "转发微博") is None


def test_very_short_texts_fold_only_when_the_same():
    index = holding("求扩散求关注")
    assert look_up(index, "求扩散！求关注").how == "exact"
    assert look_up(index, "求扩散求关注啊") is None


@pytest.mark.parametrize(
    ("jaccard", "lengths", "enough"),
    [
        (0.60, (12, 12), False),  # a headline with one other word
        (0.60, (20, 20), False),
        (0.60, (30, 30), True),
        (0.42, (100, 100), True),
        (0.41, (100, 100), False),
        (0.35, (35, 100), True),  # cut to a third
        (0.50, (8, 16), False),  # a bare topic and a headline about it
    ],
)
def test_the_shorter_the_texts_the_more_of_them_must_agree(jaccard, lengths, enough):
    one, other = (particulars("字" * length) for length in lengths)
    assert alike(jaccard, one, other) is enough


def test_of_two_near_folds_the_likest_takes_the_copy():
    index = holding(STORY + "，后来得知老人是附近退休的中学老师，家属第二天送来了锦旗和感谢信", STORY)
    assert look_up(index, STORY[:-3]).fold_id == 2


def test_the_order_of_unrelated_texts_does_not_matter():
    texts = {1: STORY, 2: BULLETIN, 3: "地铁二号线早高峰因信号故障限速运行，预计晚点十五分钟以上，请乘客预留时间"}
    probes = [STORY[:45], BULLETIN.replace("3人", "4人"), texts[3] + "，望周知"]
    found = []
    for order in ([1, 2, 3], [3, 1, 2], [2, 3, 1]):
        index = FoldIndex()
        for fold_id in order:
            remember(index, fold_id, texts[fold_id])
        found.append([match and match.fold_id for match in (look_up(index, p) for p in probes)])
    assert found == [[1, None, 3]] * 3


def test_what_was_last_seen_too_long_ago_is_forgotten_and_the_rest_still_found():
    index = FoldIndex()
    lines = [f"第{i}封来信反映小区{i}号楼电梯故障已经{i}天没有人来修理，老人上下楼十分不便，请有关部门尽快处理" for i in range(100)]
    for i, line in enumerate(lines):
        remember(index, i, line, NOON + timedelta(hours=i))
    remember(index, 0, lines[0], NOON + timedelta(hours=99))  # seen again
    index.forget(NOON + timedelta(hours=60))
    assert len(index) == 41
    assert [look_up(index, line) is not None for line in lines] == [i == 0 or i >= 60 for i in range(100)]


def test_the_rows_of_the_tables_give_the_index_back():
    original, rows = FoldIndex(), []
    for i in range(300):
        text = f"{STORY[i % 7 :]}编号{i // 3}" if i % 2 else f"{BULLETIN}{'补充' * (i % 5)}"
        norm, at = normal_form(text), NOON + timedelta(minutes=i)
        match = original.find(text_hash(norm), signature(norm), norm)
        fold_id = match.fold_id if match else i + 1
        original.add(fold_id, text_hash(norm), signature(norm), norm, at)
        rows.append(Row(fold_id=fold_id, hash=text_hash(norm), signature=signature(norm), packed=fingerprint(norm), at=at))
    rebuilt = FoldIndex.rebuild(rows)
    for index in (original, rebuilt):
        index.forget(NOON + timedelta(minutes=40))
    probes = [STORY[3:], BULLETIN, *(f"{STORY[i:]}编号{i}" for i in range(7)), BULLETIN.replace("3人", "7人")]
    assert len(rebuilt) == len(original)
    assert [look_up(rebuilt, p) for p in probes] == [look_up(original, p) for p in probes]


def test_thousands_of_texts_grow_the_arrays_and_all_stay_found():
    index = FoldIndex()
    for i in range(3000):
        remember(index, i, f"{i}号线路检修公告：因施工需要，{i % 60}分起临时调整第{i * 7}站的停靠安排，敬请谅解")
    assert [look_up(index, f"{i}号线路检修公告：因施工需要，{i % 60}分起临时调整第{i * 7}站的停靠安排，敬请谅解").fold_id for i in (0, 999, 2999)] == [
        0,
        999,
        2999,
    ]


def test_signatures_are_bytes_of_sixty_numbers_and_stay_the_same_between_versions():
    kept = signature(normal_form(STORY))
    assert len(kept) == 240
    assert kept[:8].hex() == "0a19862200266c3b"
    assert signature("太短不算") is None


def test_a_huge_article_is_looked_at_only_so_far():
    article = normal_form("城市更新项目全面铺开。" * 20_000)
    assert signature(article) == signature(article[:4000])


def test_odd_characters_never_raise():
    for text in ("\ud800孤立代理项" * 3, "\u202e反向" * 5, "ａｂｃ１２３" * 4, "//@a:" * 50, "#" * 99, "[" * 99, "\x00" * 20):
        norm = normal_form(text)
        holding(STORY).find(text_hash(norm), signature(norm), norm)


POSTS = st.text(alphabet=st.sampled_from("西安市一二十3 5.:#@/[]【】，某王人死伤区路转发微博abT'\u200b😀ＡÅİ㎏"), max_size=60) | st.text(max_size=60)


@settings(max_examples=300)
@given(POSTS)
def test_the_normal_form_of_a_normal_form_is_itself(text):
    norm = normal_form(text)
    assert normal_form(norm) == norm


@settings(max_examples=200)
@given(POSTS)
def test_a_text_just_added_is_found_exactly(text):
    index, norm = holding(STORY, BULLETIN), normal_form(text)
    index.add(77, text_hash(norm), signature(norm), norm, NOON)
    match = index.find(text_hash(norm), signature(norm), norm)
    assert match is None if not norm else (match.how == "exact" and match.jaccard == 1.0)


@settings(max_examples=200)
@given(POSTS)
def test_a_text_is_never_kept_apart_from_itself(text):
    assert veto(normal_form(text), normal_form(text)) is None
