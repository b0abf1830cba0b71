"""Feishu 飞书 custom bot (alerting.md §6.4): seconds in the body, and the HMAC's key holds the secret, not its text."""

from __future__ import annotations

import base64
import hashlib
import hmac

from alerts.channels.base import SPARE, TIMEOUT, Parcel, Sent, reveal
from alerts.channels.http import business, post, refusal, serialised
from alerts.ladder import ChannelSettings
from alerts.rendering import MAYBE_TWICE
from config.clock import real_now

PASSING = {11232: 60.0, 11233: 60.0, 99991400: 60.0}
SETUP = {
    19001: "机器人地址无效",
    19021: "签名不符或本机时钟不准",
    19022: "本机 IP 不在名单",
    19024: "不含约定的关键词",
}
WORDS = {9499: "请求格式不对", 19002: "参数不对", 19036: "内容超长"}


class Feishu:
    name = "feishu"
    recognises_copies = False
    lease_s = 3 * TIMEOUT + SPARE

    def __init__(self, settings: ChannelSettings) -> None:
        self._options = settings.options

    def send(self, parcel: Parcel) -> Sent:
        body = dict(parcel.body)
        if parcel.maybe_twice:
            note = {"tag": "div", "text": {"tag": "plain_text", "content": MAYBE_TWICE}}
            body["card"] = body["card"] | {"elements": [note, *body["card"]["elements"]]}
        if self._options["secret"]:
            stamp = int(real_now().timestamp())
            body |= {"timestamp": str(stamp), "sign": sign(reveal(self._options["secret"]), stamp)}
        said = business(self.name, post(self.name, reveal(self._options["url"]), serialised(body), timeout=TIMEOUT))
        code = said.get("code", said.get("StatusCode"))
        if code != 0:
            raise refusal(self.name, code, passing=PASSING, setup=SETUP, words=WORDS)
        return Sent(http=200)


def sign(secret: str, stamp_s: int) -> str:
    return base64.b64encode(hmac.new(f"{stamp_s}\n{secret}".encode(), b"", hashlib.sha256).digest()).decode()
