"""The channels, each one file. The console needs none: its deliveries are made when they are written."""

from __future__ import annotations

from importlib import import_module

from alerts.channels.base import Channel
from alerts.ladder import ChannelSettings, Ladder

# Loaded on use: the web process imports alerts and seldom sends.
CLASSES = {
    "slack": "Slack",
    "wecom_app": "WecomApp",
    "wecom_robot": "WecomRobot",
    "dingtalk": "DingTalk",
    "feishu": "Feishu",
    "webhook": "Webhook",
    "email": "Email",
}


def channel(name: str, ladder: Ladder) -> Channel:
    """The channel `name` as `ladder` sets it up. KeyError when it is not switched on."""
    return outlet(ladder.channels[name])


def outlet(settings: ChannelSettings) -> Channel:
    """The channel these settings describe."""
    made: Channel = getattr(import_module(f"alerts.channels.{settings.name}"), CLASSES[settings.name])(settings)
    return made
