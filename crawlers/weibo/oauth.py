"""OAuth2 with Weibo: where the person is sent, and the code they come back with changed into a token."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx

from crawlers.weibo.app import App, api_base
from crawlers.weibo.errors import judge, number_of

TIMEOUT = 10.0
MOST_READ = 64 * 1024
for _library in ("httpx", "httpcore"):  # they log whole addresses
    logging.getLogger(_library).setLevel(logging.WARNING)


class NotGranted(Exception):
    """No token was given; the message says why, in Chinese, and holds neither code nor secret."""


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What Weibo gives: for one user, until one instant. Not printed: it holds the token."""

    token: str
    uid: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"Grant(uid={self.uid!r}, expires_at={self.expires_at!r})"


def authorise_url(app: App, redirect_uri: str, state: str) -> str:
    """Where a person's browser is sent to allow the application to read."""
    query = {"client_id": app.key, "response_type": "code", "redirect_uri": redirect_uri, "state": state, "forcelogin": "true"}
    return f"{api_base()}/oauth2/authorize?{urlencode(query)}"


def exchange(app: App, code: str, redirect_uri: str, now: datetime) -> Grant:
    """The code as a token. One request, not repeated (a code is good once). Raises NotGranted."""
    form = {
        "client_id": app.key, "client_secret": app.secret, "grant_type": "authorization_code", "code": code,
        "redirect_uri": redirect_uri,
    }  # fmt: skip
    try:
        with httpx.stream("POST", f"{api_base()}/oauth2/access_token", data=form, timeout=TIMEOUT) as response:
            body = b""
            for piece in response.iter_bytes(4096):
                body += piece
                if len(body) > MOST_READ:
                    raise NotGranted("微博的回复过长，不是约定的格式")
            status = response.status_code
    except httpx.HTTPError as e:
        raise NotGranted(f"连接微博失败（{type(e).__name__}）") from None
    answer, refusal = judge(status, body)
    if refusal:
        raise NotGranted(f"微博没有给出授权：{refusal.said}")
    return granted(answer, now)


def granted(answer: Any, now: datetime) -> Grant:
    """{"access_token", "expires_in", "uid"}; seconds and uid come as texts or numbers. Raises NotGranted."""
    if not isinstance(answer, dict) or not isinstance(token := answer.get("access_token"), str) or not token.strip():
        raise NotGranted("微博的回复里没有 access_token")
    seconds, uid = number_of(answer.get("expires_in")), str(answer.get("uid") or "")
    if seconds <= 0 or not uid.isdigit():
        raise NotGranted("微博的回复里没有有效的 expires_in 和 uid")
    return Grant(token=token, uid=uid, expires_at=now + timedelta(seconds=min(seconds, 10 * 366 * 86400)))
