"""Plain text and words: what posts look like is undone, and the cutter cuts as jieba does."""

import jieba
import pytest

from analysis.text import Cutter, normalise, sentences, simplify, strip_chain

VARIED = [
    "西安市公安局雁塔分局民警在大唐不夜城抓获犯罪嫌疑人两名，缴获手机3部。",
    "鄠邑分局发布蓝底白字警情通报：1月18日21时许，陕A12345小型普通客车与电动车相撞。",
    "python3.11-rc_1 与 C++ 谁快？50%的人说v2.0.1-beta+build.7，test#1&test#2 a.b-c_d 99.9%",
    "帽子叔叔坐等通报，浐灞分局回应网传视频不实。http://t.cn/A6abc_def-1",
    "T恤 AT&T 3.14 1,000.50元 2024-05-20 08:30 @某人 #话题# [doge]",
    "转发微博//@路人甲:这也太离谱了!!!——求扩散…",
    "香港　警方，海警；武警、消防（119）\t换行\n第二行",
    "🙂emoji混排🚓与繁體字機場、全形ＡＢＣ１２３",
    "",
    "a",
    "..--__##++&&%%",
    "电信诈骗涉案金额1.2亿元，冻结账户13%,约7.5%为a.1.2.3%",
]
USER_WORDS = ["鄠邑分局", "浐灞分局", "雁塔分局", "蓝底白字", "帽子叔叔", "警情通报", "大唐不夜城", "坐等通报"]


@pytest.fixture(scope="module")
def jieba_cut():
    plain, own = jieba.Tokenizer(), jieba.Tokenizer()
    plain.initialize()
    own.initialize()
    for word in USER_WORDS:
        own.add_word(word)
    return plain, own


@pytest.mark.parametrize("text", VARIED)
def test_the_cutter_cuts_as_jieba_does(jieba_cut, text):
    assert Cutter().cut(text) == list(jieba_cut[0].cut(text))


@pytest.mark.parametrize("text", VARIED)
def test_with_user_words_too_it_cuts_as_jieba_does(jieba_cut, text):
    assert Cutter(USER_WORDS).cut(text) == list(jieba_cut[1].cut(text))


def test_where_rjieba_is_missing_jieba_itself_cuts(jieba_cut):
    assert Cutter(["鄠邑分局"], jieba.Tokenizer()).cut(VARIED[1]) == Cutter(["鄠邑分局"]).cut(VARIED[1])


def test_a_user_word_stays_whole():
    assert "鄠邑分局" not in Cutter().cut("鄠邑分局通报")
    assert "鄠邑分局" in Cutter(["鄠邑分局"]).cut("鄠邑分局通报")


def test_one_form_of_each_character():
    assert normalise("ＡＢＣ１２３　Ｔ恤") == "abc123 t恤"


def test_invisible_characters_tags_and_entities_go():
    assert normalise("警\u200b方\u202e通<b class=x>报</b>&amp;\x07回应") == "警方通 报 &回应"


def test_a_lone_angle_bracket_is_no_tag():
    assert normalise("3<5人受伤 且 a>b") == "3<5人受伤 且 a>b"


def test_a_repost_keeps_its_own_words():
    assert strip_chain("太可怕了//@甲:注意安全//@乙:真的吗 http://t.cn/A6xyz [泪]") == "太可怕了"


def test_a_bare_repost_keeps_what_was_passed_on():
    assert strip_chain("转发微博//@甲://@西安某报:小寨一商铺起火") == "小寨一商铺起火"


def test_nothing_is_left_of_a_post_without_words():
    assert strip_chain("转发微博 @某人 [doge] https://t.cn/abc") == ""


def test_sentences_end_where_readers_stop():
    assert sentences("一人受伤。已送医！\n真的？；") == ["一人受伤", "已送医", "真的"]


def test_traditional_characters_become_simplified_ones_in_their_places():
    assert normalise("警方通報：車輛失控") == "警方通报:车辆失控"
    assert len(simplify("兩車相撞，三人遇難")) == len("兩車相撞，三人遇難")
