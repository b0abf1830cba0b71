from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings

from alerts.channel_policy import CHANNELS, entries_of
from alerts.channel_settings import saved_entry
from alerts.models import ChannelTest
from config.cli import Refused
from config.clock import shanghai
from config.management.base import Command as Base
from config.management.base import policy
from flow.trials import trial


class Command(Base):
    help = "Channels with their state; `channels test NAME` sends one message by a channel and tells what came of it."

    def options_of(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", nargs="?", choices=["list", "test"], default="list")
        parser.add_argument("name", nargs="?", default="")
        parser.add_argument("--to", default="", help="another address than the channel's first")

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        if options["act"] == "list":
            on = policy().ladder.channels
            return {"channels": [self._described(name, name in on) for name in entries_of(settings.POLICY)]}
        name = options["name"]
        entry = entries_of(settings.POLICY).get(name)
        if entry is None:
            raise Refused("渠道须为 " + "、".join(CHANNELS) + " 之一", "name")
        channel = saved_entry(entry).settings()
        if channel is None:
            raise Refused(f"渠道 {name} 缺少环境变量：" + "、".join(entry.missing()), "name")
        return _told(trial(channel, options["to"], "command"))

    def _described(self, name: str, on: bool) -> dict[str, Any]:
        entry = saved_entry(entries_of(settings.POLICY)[name])
        last = ChannelTest.objects.filter(channel=name).order_by("-id").first()
        return {
            "name": name, "on": on, "missing": entry.missing(), "fallback": entry.fallback or None,
            "last_test": _told(last) if last else None,
        }  # fmt: skip


def _told(row: ChannelTest) -> dict[str, Any]:
    return {
        "channel": row.channel, "address": row.address, "at": shanghai(row.at), "ok": row.ok, "http": row.http,
        "code": row.code, "words": row.words,
    }  # fmt: skip
