"""The form of an alert in each channel. Pure.

A body is rendered once, when the delivery is written, and stored: a resend is byte-identical.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alerts.messages import KINDS, fit, moment
from config.clock import shanghai

CHANNEL_NAMES = {
    "console": "系统收件箱",
    "slack": "Slack",
    "wecom_app": "企业微信应用",
    "wecom_robot": "企业微信群机器人",
    "dingtalk": "钉钉群机器人",
    "feishu": "飞书群机器人",
    "webhook": "签名 Webhook（短信网关）",
    "email": "电子邮件",
}
DRILL = "【演练】"
MAYBE_TWICE = "【可能重复】"
# Slack's limits. Header and section are plain_text: nothing quoted from a post is read as markup or a mention.
SLACK_HEADER, SLACK_SECTION, SLACK_CONTEXT = 150, 3000, 2000
# Bytes (alerting.md §6): the text of a WeCom or DingTalk message, the whole request to Feishu.
WECOM_TEXT, DINGTALK_TEXT, FEISHU_BODY = 2048, 18_000, 20_000
SLACK_ACK = "ack"  # action_id of the button that acknowledges
SIGNED = 400  # bytes that Feishu's time, signature and the mark of a possible copy may add


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


def _in_bytes(limit: int) -> Callable[[Letter], dict[str, Any]]:
    """The form of robots that take plain text of `limit` bytes."""

    def form(letter: Letter) -> dict[str, Any]:
        return {"text": _short(letter, limit - size(MAYBE_TWICE))}

    return form


def _short(letter: Letter, limit: int) -> str:
    """Title, text and links in at most `limit` bytes: the text is shortened first, the links never."""
    ack = f"确认收到（一次有效）：{letter.ack_url}\n" if letter.ack_url else ""
    links = f"{ack}查看：{letter.page_url}"
    # The number also keeps two alerts of the same words apart where a platform drops copies.
    foot = f"{_origin(letter)}\n告警编号 {letter.key}"
    title = clip(_untagged(_title(letter)), max(0, limit - size(links) - 2))
    room = limit - size(f"{title}\n\n{links}\n{foot}")
    if room < 0:
        return f"{title}\n{links}"
    text = clip(_untagged(letter.text), room)
    return f"{title}\n{text}\n{links}\n{foot}"


def _untagged(text: str) -> str:
    """Robots read <@userid> and <a href> even in plain text: nothing quoted from a post may call anybody."""
    return text.replace("<", "＜")


def _feishu(letter: Letter) -> dict[str, Any]:
    """A card of plain_text, so that nothing quoted is read as markup; its buttons are links."""
    buttons = [_feishu_button("查看", letter.page_url, "default")]
    if letter.ack_url:
        buttons.insert(0, _feishu_button("确认收到", letter.ack_url, "primary"))
    text: dict[str, Any] = {"tag": "plain_text", "content": ""}
    colour = {"特别重大": "red", "重大": "orange", "较大": "yellow"}.get(letter.grade or "", "blue")
    title = {"tag": "plain_text", "content": clip(_title(letter), 400)}
    foot = {"tag": "plain_text", "content": f"{_origin(letter)} · 告警编号 {letter.key}"}
    elements = [
        {"tag": "div", "text": text},
        {"tag": "action", "actions": buttons},
        {"tag": "note", "elements": [foot]},
    ]
    card = {"header": {"title": title, "template": colour}, "elements": elements}
    body = {"msg_type": "interactive", "card": card}
    text["content"] = _clip_escaped(letter.text, FEISHU_BODY - SIGNED - len(_json(body)))
    return body


def _feishu_button(label: str, url: str, look: str) -> dict[str, Any]:
    return {"tag": "button", "text": {"tag": "plain_text", "content": label}, "url": url, "type": look}


def _origin(letter: Letter) -> str:
    drill = "本消息为演练，非真实事件。" if letter.drill else ""
    return f"{drill}回应 Huiying · {KINDS[letter.kind]} · 告知{letter.told} · {moment(letter.raised_at)}"


def _slack(letter: Letter) -> dict[str, Any]:
    buttons = [_button("查看", letter.page_url, "open")]
    if letter.ack_url:
        ack = _button("确认收到", letter.ack_url, SLACK_ACK) | {"style": "primary"}
        # What a click brings back: the link's own token, which says nothing to whoever reads it.
        buttons.insert(0, ack | {"value": letter.ack_url.rstrip("/").rpartition("/")[2]})
    blocks = [
        {"type": "header", "text": _plain(fit(_title(letter), SLACK_HEADER))},
        {"type": "section", "text": _plain(cut(letter.text, SLACK_SECTION))},
        {"type": "context", "elements": [_plain(cut(_origin(letter), SLACK_CONTEXT))]},
        {"type": "actions", "elements": buttons},
    ]
    # `text` is what the notification shows; unlike plain_text it is read as markup.
    return {"text": slack_escape(_title(letter)), "blocks": blocks}


def slack_redrawn(body: dict[str, Any], words: str) -> dict[str, Any]:
    """The message with what became of it in front of its buttons, and without the one that acknowledges."""
    blocks = []
    for block in body["blocks"]:
        if block["type"] == "actions":
            kept = [e for e in block["elements"] if e.get("action_id") != SLACK_ACK]
            blocks.append({"type": "section", "text": _plain(cut(words, SLACK_SECTION))})
            block = block | {"elements": kept}
        blocks.append(block)
    return body | {"blocks": blocks}


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _button(label: str, url: str, action: str) -> dict[str, Any]:
    return {"type": "button", "text": _plain(label), "url": url, "action_id": action}


def cut(text: str, length: int) -> str:
    """`text` with its line breaks, at most `length` UTF-16 units (as Slack counts: an emoji is two)."""
    if len(text.encode("utf-16-le")) // 2 <= length:
        return text
    return _whole(text, len(text.encode("utf-16-le")[: 2 * (length - 1)].decode("utf-16-le", "ignore"))) + "…"


def clip(text: str, limit: int) -> str:
    """`text` in at most `limit` bytes of UTF-8, cut between characters with an ellipsis; "" when not even that fits."""
    if size(text) <= limit:
        return text
    kept = limit - size("…")
    return "" if kept < 0 else _whole(text, len(text.encode()[:kept].decode(errors="ignore"))) + "…"


def size(text: str) -> int:
    return len(text.encode())


def marked_text(text: str, maybe_twice: bool) -> str:
    """The stored text, with room left for the mark of a possible copy."""
    return (MAYBE_TWICE if maybe_twice else "") + text


def _clip_escaped(text: str, limit: int) -> str:
    """`text` cut so that it needs at most `limit` bytes inside a JSON string."""
    if len(_json(text)) - 2 <= limit:
        return text
    text, used = clip(text, limit), 0
    for n, letter in enumerate(text):
        used += len(_json(letter)) - 2
        if used > limit - size("…"):
            return _whole(text, n) + "…"
    return text


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _whole(text: str, n: int) -> str:
    """The first `n` characters, or a few fewer where the cut would fall inside what is drawn as one (👨‍👩‍👧, é, 🇨🇳)."""
    for end in range(n, max(n - 32, 0), -1):
        if not _joined(text, end):
            return text[:end]
    return text[:n]


def _joined(text: str, n: int) -> bool:
    before, after = text[n - 1], text[n] if n < len(text) else " "
    if before == "\u200d" or after == "\u200d" or unicodedata.category(after) in ("Mn", "Me"):
        return True
    # Skin tones, and flags: two regional letters make one, counted from the first of their run.
    if "\U0001f3fb" <= after <= "\U0001f3ff":
        return True
    run = 0
    while run < n and _regional(text[n - 1 - run]):
        run += 1
    return run % 2 == 1 and _regional(after)


def _regional(letter: str) -> bool:
    return "\U0001f1e6" <= letter <= "\U0001f1ff"


def slack_escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_FORMS = {
    "console": _console,
    "webhook": _webhook,
    "email": _email,
    "slack": _slack,
    "wecom_robot": _in_bytes(WECOM_TEXT),
    "wecom_app": _in_bytes(WECOM_TEXT),
    "dingtalk": _in_bytes(DINGTALK_TEXT),
    "feishu": _feishu,
}
