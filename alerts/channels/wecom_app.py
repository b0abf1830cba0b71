"""WeCom 企业微信 app message to members (alerting.md §6.2). An address is one userid, or several joined by "|".

The platform drops a second copy of the same JSON within `duplicate_check_interval`: the one Chinese channel with an
idempotency key, so what is sent depends on the stored body alone.
"""

from __future__ import annotations

import hashlib
import threading
import time
from typing import Any
from urllib.parse import urlencode

from alerts.channels.base import SPARE, TIMEOUT, DeliveryFailed, Parcel, Sent, reveal
from alerts.channels.http import business, post, refusal, request, serialised
from alerts.ladder import ChannelSettings

API = "https://qyapi.weixin.qq.com"
CHECK_S = 4 * 3600  # the longest the platform remembers a copy
TOKEN_SPARE_S = 300  # a token is not used in its last minutes
STALE_TOKEN = (40014, 42001, 40001)
PASSING = {-1: 5.0, 45009: 60.0, 45033: 5.0}
SETUP = {
    40001: "应用密钥不对",
    40013: "企业 ID 不对",
    40056: "应用 ID 不对",
    60011: "应用无权发送给该成员",
    60020: "本机 IP 不在可信名单",
    301002: "应用无权限",
}
WORDS = {81013: "接收人全部无效", 40035: "参数不对", 44004: "内容为空"}

# Shared by all senders of this process: a new token every message would soon meet the limit of gettoken.
_tokens: dict[str, tuple[str, float]] = {}
_guard = threading.Lock()


class WecomApp:
    name = "wecom_app"
    recognises_copies = True
    lease_s = 6 * TIMEOUT + SPARE  # token and message, and both again when the token had run out

    def __init__(self, settings: ChannelSettings) -> None:
        self._options = settings.options
        self._base = (settings.options["base_url"] or API).rstrip("/")

    def send(self, parcel: Parcel) -> Sent:
        content = serialised(
            {
                "touser": parcel.address,
                "msgtype": "text",
                "agentid": int(self._options["agent_id"]),
                "text": {"content": parcel.body["text"]},
                "safe": 0,
                "enable_duplicate_check": 1,
                "duplicate_check_interval": CHECK_S,
            }
        )
        said = self._post(content, self._token())
        if said.get("errcode") in STALE_TOKEN:
            # Refused before anything was sent, so this second try within one is no copy.
            said = self._post(content, self._token(renew=True))
        if said.get("errcode") != 0:
            raise self._refused(said)
        return Sent(provider_id=str(said.get("msgid") or "")[:200], http=200, missed=_missed(said))

    def _post(self, content: bytes, token: str) -> dict[str, Any]:
        url = f"{self._base}/cgi-bin/message/send?" + urlencode({"access_token": token})
        return business(self.name, post(self.name, url, content, timeout=TIMEOUT))

    def _token(self, *, renew: bool = False) -> str:
        corp, secret = reveal(self._options["corp_id"]), reveal(self._options["secret"])
        # Under a hash of the secret: a rotated one has a token of its own.
        key = hashlib.sha256(f"{self._base}\n{corp}\n{secret}".encode()).hexdigest()
        with _guard:
            token, until = _tokens.get(key, ("", 0.0))
        if token and not renew and time.monotonic() < until:
            return token
        url = f"{self._base}/cgi-bin/gettoken?" + urlencode({"corpid": corp, "corpsecret": secret})
        try:
            said = business(self.name, request(self.name, "GET", url, b"", {}, timeout=TIMEOUT))
        except DeliveryFailed as e:
            e.unsure = False  # no message was handed over yet
            raise
        if said.get("errcode") != 0 or not isinstance(said.get("access_token"), str):
            raise self._refused(said)
        life = said.get("expires_in")
        kept = life if isinstance(life, int) else 7200
        with _guard:
            _tokens[key] = (said["access_token"], time.monotonic() + kept - TOKEN_SPARE_S)
        return said["access_token"]

    def _refused(self, said: dict[str, Any]) -> DeliveryFailed:
        return refusal(self.name, said.get("errcode"), passing=PASSING, setup=SETUP, words=WORDS)


def _missed(said: dict[str, Any]) -> str:
    """Success may be partial: errcode 0 with members who got nothing."""
    lists = [said.get(key) for key in ("invaliduser", "unlicenseduser")]
    names = [name for text in lists if isinstance(text, str) for name in text.split("|") if name]
    return "未送到成员：" + "、".join(names) if names else ""
