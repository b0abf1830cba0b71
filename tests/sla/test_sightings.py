"""Which release an article on our own outlet is, and where its text departs from the approved one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sla.sightings import Entry, How, Seen, Verdict, compare, match

TITLE = "关于灞桥区一厂房火灾的情况通报"
BODY = (
    "11月23日8时许，灞桥区某厂房发生火灾。公安、消防第一时间到场处置，已造成11人死亡、6人受伤。"
    "事故原因正在调查中，后续情况将及时发布。\n西安市公安局\n2026年11月23日"
)


@pytest.fixture
def entry(at):
    return Entry(id=7, url="https://ga.example.cn/a/7.html?from=app", title=TITLE, body=BODY, at=at("2026-11-23 10:00"))


@pytest.fixture
def seen(at):
    return Seen(url="https://mp.weixin.qq.com/s/x7", title=TITLE, body=BODY, published_at=at("2026-11-23 11:00"))


def test_the_same_address_is_the_release_whatever_the_page_says(entry, seen):
    there = replace(seen, url="http://ga.example.cn/a/7.html#top", title="首页", body="完全不同的文字，与通报无关。")
    assert match(there, [entry]).how == How.URL
    assert match(replace(there, url="http://ga.example.cn/a/8.html"), [entry]) is None


def test_the_same_text_elsewhere_is_the_release_also_with_its_title_inside(entry, seen):
    assert match(seen, [entry]).how == How.TEXT
    weibo = replace(seen, url="https://weibo.com/1/Q", title="", body=f"【{TITLE}】{BODY}")
    assert match(weibo, [entry]).release_id == 7


def test_an_article_with_another_figure_is_still_that_release_and_the_figure_is_shown(entry, seen):
    there = replace(seen, body=BODY.replace("11人死亡", "12人死亡"))
    found = match(there, [entry])
    assert found.how == How.NEAR and found.likeness > 0.8
    compared = compare(entry.title, entry.body, there)
    assert compared.verdict == Verdict.DIFFERS
    assert [(p.kind, p.text) for p in compared.pieces if p.kind != "same"] == [("missing", "1"), ("added", "2")]


def test_of_two_bulletins_about_one_matter_the_liker_one_is_taken(entry, seen):
    second = replace(
        entry, id=8, title="关于灞桥区一厂房火灾的情况通报（二）",
        body=BODY.replace("事故原因正在调查中，后续情况将及时发布。", "经查，火灾系电气线路短路引发，厂房负责人已被依法控制。"),
    )  # fmt: skip
    assert match(seen, [second, entry]).release_id == 7
    assert match(replace(seen, title=second.title, body=second.body), [entry, second]).release_id == 8


def test_an_equal_title_speaks_only_when_it_is_long_and_nobody_elses(entry, seen):
    other = replace(seen, body="目前救援工作已经结束，伤者均已送医。")
    assert match(other, [entry]).how == How.TITLE
    assert match(other, [entry, replace(entry, id=9, body="另一份稿件的内容，说的是别的事情。")]) is None
    assert match(replace(other, title="警情通报"), [replace(entry, title="警情通报")]) is None


def test_an_article_of_another_week_matches_by_its_address_alone(entry, seen):
    late = replace(seen, published_at=seen.published_at + timedelta(days=9))
    assert match(late, [entry]) is None
    assert match(replace(late, url=entry.url), [entry]).how == How.URL


def test_everyday_articles_match_nothing(entry, seen):
    daily = replace(seen, title="今日反诈提醒", body="接到自称客服的电话要求转账的，都是诈骗。请下载国家反诈中心应用。")
    assert match(daily, [entry]) is None
    assert match(replace(daily, title="", body=""), [entry]) is None
    assert match(daily, []) is None


def test_spacing_punctuation_and_the_outlets_frame_are_no_difference(entry, seen):
    framed = "来源：西安市公安局\n责任编辑：王某\n" + BODY.replace("，", ", ").replace("。", "。\n\n") + "\n阅读：1034\n打印"
    assert compare(TITLE, BODY, replace(seen, body=framed)).verdict == Verdict.SAME
    headed = replace(seen, title="", body=f"#西安警方通报#【{TITLE}】{BODY}")
    assert compare(TITLE, BODY, headed).verdict == Verdict.SAME


def test_a_masked_telephone_number_is_no_difference(seen):
    approved = "如有线索，请拨打13812345678，联系人身份证610102199001011234。"
    shown = "如有线索，请拨打138****5678，联系人身份证610102************。"
    assert compare(TITLE, approved, replace(seen, body=shown)).verdict == Verdict.SAME
    assert compare(TITLE, approved, replace(seen, body=shown.replace("5678", "5679"))).verdict == Verdict.DIFFERS


def test_a_sentence_left_out_or_put_in_is_shown_as_such(seen):
    shorter = compare(TITLE, BODY, replace(seen, body=BODY.replace("事故原因正在调查中，后续情况将及时发布。", "")))
    assert [p.text for p in shorter.pieces if p.kind == "missing"] == ["事故原因正在调查中，后续情况将及时发布。"]
    longer = compare(TITLE, BODY, replace(seen, body=BODY + "\n网传20人死亡系谣言。"))
    assert longer.verdict == Verdict.DIFFERS
    assert [p.text for p in longer.pieces if p.kind == "added"] == ["网传20人死亡系谣言。"]


def test_a_text_that_the_outlet_cuts_short_is_told_from_a_changed_one(seen):
    cut = compare(TITLE, BODY, replace(seen, title="", body=BODY[: BODY.index("事故原因")] + "...展开全文"))
    assert cut.verdict == Verdict.CUT
    changed = BODY[: BODY.index("事故原因")].replace("6人受伤", "9人受伤") + "...展开全文"
    assert compare(TITLE, BODY, replace(seen, body=changed)).verdict == Verdict.DIFFERS


def test_another_title_over_the_same_text_is_a_difference(seen):
    compared = compare(TITLE, BODY, replace(seen, title="西安通报灞桥火灾"))
    assert compared.verdict == Verdict.DIFFERS and compared.title == (TITLE, "西安通报灞桥火灾")
