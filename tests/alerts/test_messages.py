"""The words of alerts, and their form in each channel."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts import messages
from alerts.messages import ClockNote, EventNote, Letter, ReleaseNote, duration, render
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
K1 = ClockNote(duty="K1", name="发布权威信息", starts_at=at("09:00"), start_basis="t_first_post", due_at=at("14:00"))
LETTER = Letter(
    key="event:7:opened:1:L1",
    kind="opened",
    level=1,
    told="值班员",
    grade="重大",
    title="【重大·暂按】厂房火灾",
    text="等级：重大。\n依据",
    raised_at=at("10:00"),
    event_id=7,
    page_url="http://h/event/7/",
    ack_url="http://h/ack/abc/",
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
        title="情况通报", channel="门户网站", url="http://gaj/1", published_at=at("13:20"), published_by="王主任"
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
    [(0, "0秒"), (59, "59秒"), (60, "1分"), (3599, "59分"), (3600, "1小时"), (5400, "1小时30分"), (97200, "1天3小时")],
)
def test_durations_are_never_rounded_up(seconds, words):
    assert duration(timedelta(seconds=seconds)) == words


def test_slack_gets_a_header_the_text_and_a_button_that_acknowledges():
    body = render(LETTER, "slack")
    header, section, context, actions = body["blocks"]
    assert header["text"]["text"] == body["text"] == LETTER.title
    assert section["text"] == {"type": "plain_text", "text": LETTER.text, "emoji": False}
    assert "告知值班员" in context["elements"][0]["text"]
    assert [(b["text"]["text"], b["url"]) for b in actions["elements"]] == [
        ("确认收到", LETTER.ack_url), ("查看", LETTER.page_url),
    ]  # fmt: skip


def test_slack_limits_hold_for_the_longest_texts():
    body = render(replace(LETTER, title="题" * 200, text="文" * 9000, drill=True), "slack")
    header, section, *_ = body["blocks"]
    assert len(header["text"]["text"]) == 150 and len(section["text"]["text"]) == 3000


def test_nothing_quoted_from_a_post_calls_the_whole_channel():
    body = render(replace(LETTER, title="<!channel> & <@U1>", text="<!here>"), "slack")
    assert body["text"] == "&lt;!channel&gt; &amp; &lt;@U1&gt;"
    assert {b["text"]["type"] for b in body["blocks"] if "text" in b} == {"plain_text"}


def test_a_message_that_needs_no_answer_has_no_button_for_it():
    body = render(replace(LETTER, kind="met", ack_url=""), "slack")
    assert [b["text"]["text"] for b in body["blocks"][-1]["elements"]] == ["查看"]
    assert "确认收到" not in render(replace(LETTER, kind="met", ack_url=""), "email")["text"]


def test_mail_has_a_subject_the_text_and_both_links():
    body = render(LETTER, "email")
    assert body["subject"] == LETTER.title
    assert all(part in body["text"] for part in (LETTER.text, LETTER.page_url, LETTER.ack_url, LETTER.key))


def test_the_webhook_gets_plain_fields_with_shanghai_time():
    body = render(LETTER, "webhook")
    assert (body["kind"], body["level"], body["grade"], body["event"]) == ("opened", 1, "重大", 7)
    assert body["raised_at"] == "2026-11-23T10:00:00+08:00"


@pytest.mark.parametrize(("channel", "field"), [("slack", "text"), ("email", "subject"), ("webhook", "title"), ("console", "title")])
def test_a_drill_says_so_in_every_channel(channel, field):
    assert render(replace(LETTER, drill=True), channel)[field].startswith("【演练】")
    assert "演练" not in str(render(LETTER, channel))
