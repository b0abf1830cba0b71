"""Imitations of WeCom, DingTalk and Feishu: each checks what its platform checks and answers HTTP 200 with its codes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from tests.alerts.stand_ins import Answer, Seen


def said(**fields: object) -> Answer:
    return Answer(body=json.dumps(fields))


def dingtalk(secret: str) -> Callable[[Seen], Answer]:
    def answer(seen: Seen) -> Answer:
        query = {k: v[0] for k, v in parse_qs(urlsplit(seen.path).query).items()}
        stamp = query.get("timestamp", "0")
        if abs(int(stamp) - time.time() * 1000) > 3600_000:
            return said(errcode=310000, errmsg="invalid timestamp, more: [https://ding-doc]")
        right = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
        if query.get("sign") != base64.b64encode(right).decode():
            return said(errcode=310000, errmsg="sign not match")
        body = seen.json()
        if body["msgtype"] != "text" or not body["text"]["content"]:
            return said(errcode=400106, errmsg="bad content")
        return said(errcode=0, errmsg="ok")

    return answer


def feishu(secret: str) -> Callable[[Seen], Answer]:
    def answer(seen: Seen) -> Answer:
        if len(seen.body) > 20_000:
            return said(code=9499, msg="Bad Request", data={})
        body = seen.json()
        stamp = str(body.get("timestamp", "0"))
        right = hmac.new(f"{stamp}\n{secret}".encode(), b"", hashlib.sha256).digest()
        if abs(int(stamp) - time.time()) > 3600 or body.get("sign") != base64.b64encode(right).decode():
            return said(code=19021, msg="sign match fail or timestamp is not within one hour from current time")
        if body["msg_type"] != "interactive" or "elements" not in body["card"]:
            return said(code=9499, msg="Bad Request", data={})
        return said(code=0, msg="success", data={}, StatusCode=0, StatusMessage="success")

    return answer


def wecom_robot(seen: Seen) -> Answer:
    body = seen.json()
    if body["msgtype"] != "text":
        return said(errcode=40008, errmsg="invalid message type")
    if len(body["text"]["content"].encode()) > 2048:
        return said(errcode=40058, errmsg="content exceed max length. invalid Request Parameter, more info at x")
    return said(errcode=0, errmsg="ok")


class WecomApp:
    """Gives tokens, forgets old ones, and delivers one JSON once."""

    def __init__(self, corp: str = "ww1", secret: str = "app-very-secret") -> None:
        self.corp, self.secret, self.token = corp, secret, "token-1-very-secret"
        self.members, self.given, self.delivered = {"zhang", "li"}, 0, []

    def __call__(self, seen: Seen) -> Answer:
        parts = urlsplit(seen.path)
        query = {k: v[0] for k, v in parse_qs(parts.query).items()}
        if parts.path == "/cgi-bin/gettoken":
            if (query["corpid"], query["corpsecret"]) != (self.corp, self.secret):
                return said(errcode=40001, errmsg=f"invalid credential {query['corpsecret']}, hint: [1], from ip: 1.2.3.4")
            self.given += 1
            return said(errcode=0, errmsg="ok", access_token=self.token, expires_in=7200)
        if query.get("access_token") != self.token:
            return said(errcode=42001, errmsg=f"access_token expired {query.get('access_token')}")
        to = seen.json()["touser"].split("|")
        missing = [name for name in to if name.lower() not in self.members]
        if len(missing) == len(to):
            return said(errcode=81013, errmsg="user & party & tag all invalid")
        if not (seen.json()["enable_duplicate_check"] and seen.body in self.delivered):
            self.delivered.append(seen.body)
        return said(errcode=0, errmsg="ok", invaliduser="|".join(missing).lower(), msgid="msg-1")
