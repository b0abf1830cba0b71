"""Where the drill's messages go: an imitation of Slack, a webhook receiver that checks signatures, a mail sink, and a page."""

from __future__ import annotations

import hashlib
import hmac
import html
import json
import secrets
import socketserver
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from config.clock import SHANGHAI

KEPT = 500


@dataclass(frozen=True)
class Message:
    at: datetime  # service time
    channel: str
    address: str
    title: str
    text: str
    link: str = ""  # 确认收到
    checked: str = ""  # what the receiver made of the signature or log-in


class StandIn:
    """All three receivers on loopback. `env` is what the service needs to send to them."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.token, self.secret = secrets.token_urlsafe(12), secrets.token_urlsafe(24)
        self.messages: list[Message] = []
        self._taking = threading.Lock()
        self.web, self.mail = _Web(self), _Mail(self)
        for server in (self.web, self.mail):
            threading.Thread(target=server.serve_forever, args=(0.1,), name=type(server).__name__, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.web.server_port}/"

    @property
    def env(self) -> dict[str, str]:
        return {
            "HUIYING_SLACK_TOKEN": self.token,
            "HUIYING_SLACK_CHANNEL": "#yanlian",
            "HUIYING_SLACK_URL": f"{self.url}slack/api/",
            "HUIYING_WEBHOOK_URL": f"{self.url}sms",
            "HUIYING_WEBHOOK_SECRET": self.secret,
            "HUIYING_SMTP_HOST": "127.0.0.1",
            "HUIYING_SMTP_PORT": str(self.mail.server_address[1]),
            "HUIYING_SMTP_TLS": "none",
            "HUIYING_SMTP_FROM": "huiying@drill.example",
            "HUIYING_SMTP_TO": "zhiban@drill.example",
        }

    def take(self, channel: str, address: str, title: str, text: str, link: str = "", checked: str = "") -> int:
        """Keep one message; its number."""
        with self._taking:
            self.messages.append(Message(self.now(), channel, address, title, text, link, checked))
            del self.messages[:-KEPT]
            return len(self.messages)


class _Web(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, desk: StandIn) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.desk = desk


class _Handler(BaseHTTPRequestHandler):
    server: _Web

    def do_GET(self) -> None:
        if self.path == "/":
            self._answer(200, page(self.server.desk.messages), "text/html")
        elif self.path == "/messages.json":
            shown = [vars(m) | {"at": m.at.astimezone(SHANGHAI).isoformat()} for m in self.server.desk.messages]
            self._answer(200, json.dumps(shown, ensure_ascii=False))
        else:
            self._answer(404, "没有此页", "text/plain")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/slack/api/chat.postMessage":
            self._slack(body)
        elif self.path == "/sms":
            self._webhook(body)
        else:
            self._answer(404, "{}")

    def _slack(self, body: bytes) -> None:
        """As Slack answers: HTTP 200 for refusals too, with ok false and an error word."""
        desk = self.server.desk
        said = slack_fields(body, self.headers.get("Content-Type", ""))
        token = self.headers.get("Authorization", "").removeprefix("Bearer ") or said.get("token", "")
        if not hmac.compare_digest(token, desk.token):
            self._answer(200, json.dumps({"ok": False, "error": "invalid_auth"}))
            return
        text, link = slack_words(said.get("blocks", []))
        number = desk.take("slack", said.get("channel", ""), said.get("text", ""), text, link, "令牌正确")
        self._answer(200, json.dumps({"ok": True, "channel": "C0DRILL", "ts": f"{desk.now().timestamp():.6f}{number}"}))

    def _webhook(self, body: bytes) -> None:
        desk = self.server.desk
        stamp = self.headers.get("X-Huiying-Timestamp", "")
        right = "sha256=" + hmac.new(desk.secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(right, self.headers.get("X-Huiying-Signature", "")):
            self._answer(401, json.dumps({"ok": False, "error": "bad signature"}))
            return
        said = json.loads(body)
        desk.take("webhook", f"短信网关 → {said['told']}", said["title"], said["text"], said.get("ack_url", ""), "签名正确")
        self._answer(200, json.dumps({"ok": True}))

    def _answer(self, status: int, text: str, content_type: str = "application/json") -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{content_type}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def handle(self) -> None:
        with suppress(OSError):
            super().handle()

    def log_message(self, *args: object) -> None:
        pass


def slack_fields(body: bytes, content_type: str) -> dict[str, Any]:
    """The fields of a request in either form the API takes; blocks always as a list."""
    if content_type.startswith("application/json"):
        return json.loads(body)
    fields = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    return fields | {"blocks": json.loads(fields.get("blocks", "[]"))}


def slack_words(blocks: list[dict[str, Any]]) -> tuple[str, str]:
    """(what the sections say, where the acknowledging button leads)."""
    text = "\n".join(b["text"]["text"] for b in blocks if b["type"] == "section")
    buttons = [e for b in blocks if b["type"] == "actions" for e in b["elements"]]
    return text, next((e["url"] for e in buttons if e.get("action_id") == "ack"), "")


class _Mail(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, desk: StandIn) -> None:
        super().__init__(("127.0.0.1", 0), _Smtp)
        self.desk = desk


class _Smtp(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as one mail needs."""

    server: _Mail

    def handle(self) -> None:
        with suppress(OSError):
            self._say("220 drill.example")
            while line := self.rfile.readline():
                verb = line[:4].upper().strip()
                if verb == b"DATA":
                    self._say("354 go on")
                    self._take(self._data())
                    self._say("250 taken")
                elif verb == b"QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say("250 drill.example" if verb in (b"EHLO", b"HELO") else "250 ok")

    def _data(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        return b"".join(lines)

    def _take(self, raw: bytes) -> None:
        mail = message_from_bytes(raw, policy=policy.default)
        body = mail.get_body()
        self.server.desk.take("email", str(mail["To"]), str(mail["Subject"]), body.get_content() if body else "")

    def _say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")


STYLE = """
body{font:16px/1.5 "Noto Sans CJK SC","Microsoft YaHei",sans-serif;margin:1.5rem auto;max-width:60rem;padding:0 1rem}
article{border:1px solid #888;border-left:.5rem solid #555;padding:.5rem 1rem;margin:.75rem 0}
article.slack{border-left-color:#611f69}article.webhook{border-left-color:#0b6e4f}article.email{border-left-color:#1a4fa0}
h2{font-size:1.05rem;margin:.1rem 0}pre{white-space:pre-wrap;font:inherit;margin:.3rem 0}small{color:#444}
"""
NAMES = {"slack": "Slack", "webhook": "短信网关（签名 webhook）", "email": "电子邮件"}


def page(messages: list[Message]) -> str:
    """What was sent, newest first; reloads itself every three seconds."""
    counts = "，".join(f"{NAMES[c]} {sum(m.channel == c for m in messages)} 条" for c in NAMES)
    shown = "".join(_article(m) for m in reversed(messages)) or "<p>还没有消息送到。</p>"
    return (
        f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta http-equiv="refresh" content="3">'
        f"<title>演练：渠道收到的消息</title><style>{STYLE}</style><h1>演练：渠道收到的消息</h1>"
        f"<p>这里代替 Slack、短信网关和邮件服务器，显示系统真正发出的内容。{counts}。</p>{shown}</html>"
    )


def _article(m: Message) -> str:
    at = m.at.astimezone(SHANGHAI)
    link = f'<a href="{html.escape(m.link)}" target="_blank">确认收到</a>' if m.link else ""
    checked = f"，{m.checked}" if m.checked else ""
    return (
        f'<article class="{m.channel}"><small>{at:%m月%d日 %H:%M:%S}（演练时间） {NAMES[m.channel]} → {html.escape(m.address)}{checked}'
        f"</small><h2>{html.escape(m.title)}</h2><pre>{html.escape(m.text)}</pre>{link}</article>"
    )
