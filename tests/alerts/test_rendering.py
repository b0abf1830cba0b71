"""The form of alerts in each channel."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.rendering import FEISHU_BODY, MAYBE_TWICE, WECOM_TEXT, Letter, clip, cut, render, size
from tests.alerts.ladders import at

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


@pytest.mark.parametrize(
    ("channel", "field"),
    [
        ("slack", "text"),
        ("email", "subject"),
        ("webhook", "title"),
        ("console", "title"),
        ("wecom_robot", "text"),
        ("wecom_app", "text"),
        ("dingtalk", "text"),
    ],
)
def test_a_drill_says_so_in_every_channel(channel, field):
    assert render(replace(LETTER, drill=True), channel)[field].startswith("【演练】")
    assert "演练" not in str(render(LETTER, channel))


HAN_AND_EMOJI = st.text(st.sampled_from('火灾灞桥。\n"\\<@a1é\u0301\u200d\ufe0f👨👩👧🏽🇨🇳😀'), max_size=1500)


@settings(max_examples=150, deadline=None)
@given(title=HAN_AND_EMOJI, text=HAN_AND_EMOJI, path=st.integers(0, 400))
def test_whatever_the_words_a_robots_text_stays_within_its_bytes_and_keeps_its_links(title, text, path):
    letter = replace(LETTER, title=title, text=text, page_url="http://h/" + "p" * path)
    for channel in ("wecom_robot", "wecom_app"):
        said = render(letter, channel)["text"]
        assert size(MAYBE_TWICE + said) <= WECOM_TEXT
        assert letter.ack_url in said and letter.page_url in said
    card = render(letter, "feishu")
    assert len(json.dumps(card, ensure_ascii=False).encode()) <= FEISHU_BODY
    assert letter.ack_url in str(card)


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=300), limit=st.integers(0, 400))
def test_a_text_is_cut_between_characters_and_never_over_the_limit(text, limit):
    kept = clip(text, limit)
    assert size(kept) <= limit
    assert kept == text or text.startswith(kept.removesuffix("…"))
    short = cut(text, limit + 1)
    assert len(short.encode("utf-16-le")) // 2 <= limit + 1


@pytest.mark.parametrize("one", ["👨‍👩‍👧", "🇨🇳", "👍🏽", "e\u0301", "❤️"])
def test_what_is_drawn_as_one_is_not_cut_in_two(one):
    for limit in range(3, size(one) + 4):
        assert clip("火" + one + "灾" * 9, limit).removesuffix("…") in ("", "火", "火" + one)


def test_a_text_that_needs_no_cutting_is_left_alone():
    assert clip("火灾", 6) == cut("火灾", 2) == "火灾"
    assert clip("火灾情", 8) == "火…" and clip("火灾", 2) == ""
