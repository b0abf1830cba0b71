"""The words of alerts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts import messages
from alerts.messages import ClockNote, EventNote, ReleaseNote, duration
from tests.alerts.ladders import at

FIRE = EventNote(
    title="雁塔区一厂房火灾致12人死亡",
    type="突发案事件",
    grade="重大",
    provisional=True,
    jurisdiction="ours",
    clause="493号令第三条 重大：死亡10-29人",
    quotes=("已造成12人死亡",),
    posts=3,
    site="华商网",
    first_post_at=at("09:00"),
)
K1 = ClockNote(
    duty="K1", name="发布权威信息", starts_at=at("09:00"), start_basis="t_first_post", due_at=at("14:00")
)


def test_a_new_event_says_how_grave_why_since_when_and_what_is_due():
    message = messages.opened(FIRE, [K1], at("10:30"))
    assert message.title == "【重大·暂按】雁塔区一厂房火灾致12人死亡"
    assert message.text.split("\n") == [
        "突发案事件；本地事件",
        "等级：重大·暂按。依据：493号令第三条 重大：死亡10-29人；原文「已造成12人死亡」",
        "首发：11月23日 09:00 华商网，现有信息 3 条。",
        "K1 发布权威信息：11月23日 14:00 截止，还剩 3小时30分；自 11月23日 09:00（首发信息）起算。",
    ]


def test_a_confirmed_grade_is_not_called_provisional():
    assert messages.opened(replace(FIRE, provisional=False), [K1], at("10:30")).title.startswith("【重大】")


def test_a_clock_overdue_at_birth_says_so():
    assert "已超时 1小时" in messages.opened(FIRE, [K1], at("15:00")).text


def test_a_place_not_known_asks_for_it_first():
    assert "请先核属地" in messages.opened(replace(FIRE, jurisdiction="unknown"), [K1], at("10:30")).text


@pytest.mark.parametrize(
    ("words", "clock", "title"),
    [
        (messages.near, "13:30", "【还剩30分】K1 发布权威信息：雁塔区一厂房火灾致12人死亡"),
        (messages.missed, "14:00", "【已超时限】K1 发布权威信息：雁塔区一厂房火灾致12人死亡"),
        (messages.still_missed, "16:05", "【已超时2小时5分】K1 发布权威信息：雁塔区一厂房火灾致12人死亡"),
    ],
)
def test_a_deadline_says_how_long_is_left_or_over(words, clock, title):
    message = words(FIRE, K1, at(clock))
    assert message.title == title
    assert "14:00" in message.text.split("\n")[0] and "发布权威信息" in message.text


def test_a_stand_down_says_by_whom_where_and_to_stop():
    release = ReleaseNote(
        title="情况通报",
        channel="门户网站",
        url="http://gaj/1",
        published_at=at("13:20"),
        published_by="王主任",
    )
    message = messages.met(FIRE, K1, release)
    assert message.title.startswith("【按时办结】K1")
    assert message.text == (
        "已由 王主任 于 11月23日 13:20 在门户网站发布《情况通报》，按时办结。请停止催办。\nhttp://gaj/1"
    )
    late = messages.met(FIRE, K1, replace(release, published_at=at("14:10")))
    assert late.title.startswith("【超时10分后办结】K1")


def test_a_changed_grade_names_both():
    message = messages.regraded(FIRE, "一般", [K1], at("10:30"))
    assert message.title == "【一般改为重大·暂按】雁塔区一厂房火灾致12人死亡"
    assert messages.regraded(FIRE, None, [K1], at("10:30")).title.startswith("【未定级改为")


def test_a_silent_source_says_since_when_and_that_silence_is_no_news():
    message = messages.source_silent("华商网", "故障", "HTTP 503", at("08:00"), at("10:30"))
    assert message.title == "【信源静默】华商网 已2小时30分没有新信息（最后一条 11月23日 08:00）"
    assert "HTTP 503" in message.text and "不等于" in message.text
    assert "从未读到信息" in messages.source_silent("华商网", "故障", "", None, at("10:30")).title


def test_a_source_that_dried_up_or_lost_its_approval_is_told_in_other_words():
    message = messages.source_silent("华商网", "正常", "最近 24 小时少", at("08:00"), at("10:30"), code="degraded")
    assert message.title == "【信源数量骤减】华商网 信息远少于平常" and "最近 24 小时少" in message.text
    message = messages.source_silent("华商网", "停用", "robots.txt 有变", None, at("10:30"), code="unapproved")
    assert message.title == "【信源待批准】华商网 已停止读取，等待重新批准"


def test_a_source_that_is_back_says_how_long_it_was_away():
    message = messages.source_back("华商网", "正常", at("10:20"), at("08:00"), at("10:30"))
    assert message.title == "【信源恢复】华商网 恢复正常" and "2小时30分" in message.text


def test_titles_fit_a_lock_screen_and_stay_on_one_line():
    long = replace(FIRE, title="标题\n很长" * 40)
    for message in (messages.opened(long, [K1], at("10:30")), messages.near(long, K1, at("13:30"))):
        assert len(message.title) == 60 and message.title.endswith("…") and "\n" not in message.title


def test_an_escalated_title_never_grows_beyond_the_lock_screen():
    message = messages.opened(replace(FIRE, title="题" * 80), [K1], at("10:30"))
    for level in (2, 3, 4):
        message = messages.escalated(message, "值班员", "带班领导", level, at("10:00"), at("10:10"))
    assert len(message.title) == 60 and message.title.count("升级至") == 1


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0秒"),
        (59, "59秒"),
        (60, "1分"),
        (3599, "59分"),
        (3600, "1小时"),
        (5400, "1小时30分"),
        (97200, "1天3小时"),
    ],
)
def test_durations_are_never_rounded_up(seconds, words):
    assert duration(timedelta(seconds=seconds)) == words
