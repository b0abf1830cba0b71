"""The form of an alert in each channel. Pure.

A body is rendered once, when the delivery is written, and stored: a resend is byte-identical.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alerts.messages import KINDS, fit, moment
from config.clock import shanghai

DRILL = "【演练】"
MAYBE_TWICE = "【可能重复】"
# Slack's limits. Header and section are plain_text: nothing quoted from a post is read as markup or a mention.
SLACK_HEADER, SLACK_SECTION, SLACK_CONTEXT = 150, 3000, 2000


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One delivery as it is to be worded: an alert, its links, and whether this is a drill."""

    key: str
    kind: str
    level: int
    told: str  # whom it addresses: 带班领导
    grade: str | None
    title: str
    text: str
    raised_at: datetime
    event_id: int | None
    page_url: str
    ack_url: str = ""
    drill: bool = False


def render(letter: Letter, channel: str) -> dict[str, Any]:
    """The body of one delivery in the form `channel` sends. KeyError for a channel that has no form here."""
    return _FORMS[channel](letter)


def _title(letter: Letter) -> str:
    return (DRILL if letter.drill else "") + letter.title


def _console(letter: Letter) -> dict[str, Any]:
    return {"title": _title(letter), "text": letter.text, "page_url": letter.page_url}


def _webhook(letter: Letter) -> dict[str, Any]:
    return {
        "key": letter.key,
        "kind": letter.kind,
        "level": letter.level,
        "told": letter.told,
        "grade": letter.grade,
        "title": _title(letter),
        "text": letter.text,
        "raised_at": shanghai(letter.raised_at),
        "event": letter.event_id,
        "page_url": letter.page_url,
        "ack_url": letter.ack_url,
        "drill": letter.drill,
    }


def _email(letter: Letter) -> dict[str, Any]:
    lines = [letter.text, "", f"查看：{letter.page_url}"]
    if letter.ack_url:
        lines.append(f"确认收到（一次有效）：{letter.ack_url}")
    lines += ["", _origin(letter), f"告警编号 {letter.key}"]
    return {"subject": _title(letter), "text": "\n".join(lines) + "\n"}


def _origin(letter: Letter) -> str:
    drill = "本消息为演练，非真实事件。" if letter.drill else ""
    return f"{drill}回应 Huiying · {KINDS[letter.kind]} · 告知{letter.told} · {moment(letter.raised_at)}"


def _slack(letter: Letter) -> dict[str, Any]:
    buttons = [_button("查看", letter.page_url, "open")]
    if letter.ack_url:
        buttons.insert(0, _button("确认收到", letter.ack_url, "ack") | {"style": "primary"})
    blocks = [
        {"type": "header", "text": _plain(fit(_title(letter), SLACK_HEADER))},
        {"type": "section", "text": _plain(cut(letter.text, SLACK_SECTION))},
        {"type": "context", "elements": [_plain(cut(_origin(letter), SLACK_CONTEXT))]},
        {"type": "actions", "elements": buttons},
    ]
    # `text` is what the notification shows; unlike plain_text it is read as markup.
    return {"text": slack_escape(_title(letter)), "blocks": blocks}


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _button(label: str, url: str, action: str) -> dict[str, Any]:
    return {"type": "button", "text": _plain(label), "url": url, "action_id": action}


def cut(text: str, length: int) -> str:
    """`text` with its line breaks, at most `length` characters."""
    return text if len(text) <= length else text[: length - 1] + "…"


def slack_escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_FORMS = {"console": _console, "webhook": _webhook, "email": _email, "slack": _slack}
