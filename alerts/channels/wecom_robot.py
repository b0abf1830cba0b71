"""WeCom 企业微信 group robot (alerting.md §6.2). Its address is its secret; it signs nothing and hears nothing."""

from __future__ import annotations

from alerts.channels.base import SPARE, TIMEOUT, Parcel, Sent, reveal
from alerts.channels.http import business, post, refusal, serialised
from alerts.ladder import ChannelSettings
from alerts.rendering import marked_text

# Only system failures are worth another try, says the documentation; it asks to judge by errcode alone.
PASSING = {-1: 5.0, 45009: 60.0, 45033: 5.0}
SETUP = {93000: "机器人地址无效或已停用", 93008: "机器人不在群中"}
WORDS = {40008: "消息类型不对", 40035: "参数不对", 40058: "参数不对"}


class WecomRobot:
    name = "wecom_robot"
    recognises_copies = False
    lease_s = 3 * TIMEOUT + SPARE

    def __init__(self, settings: ChannelSettings) -> None:
        self._options = settings.options

    def send(self, parcel: Parcel) -> Sent:
        text = marked_text(parcel.body["text"], parcel.maybe_twice)
        content = serialised({"msgtype": "text", "text": {"content": text}})
        said = business(self.name, post(self.name, reveal(self._options["url"]), content, timeout=TIMEOUT))
        if said.get("errcode") != 0:
            raise refusal(self.name, said.get("errcode"), passing=PASSING, setup=SETUP, words=WORDS)
        return Sent(http=200)
