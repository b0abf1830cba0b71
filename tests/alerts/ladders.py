"""The shipped ladder for tests: no channel is on but those a test switches on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alerts.escalation import ChannelSettings, Ladder
from alerts.policy import load_ladder
from config.clock import SHANGHAI

CONFIG = Path(__file__).parents[2] / "config"


def shipped() -> Ladder:
    return replace(load_ladder(CONFIG), channels={})


def with_channels(*channels: ChannelSettings) -> Ladder:
    return replace(shipped(), channels={c.name: c for c in channels})


def slack(url: str, **changes: Any) -> ChannelSettings:
    return _settings("slack", ("C1",), {"token": "xoxb-very-secret", "base_url": url, "app_token": None, "signing_secret": None}, changes)


def webhook(url: str, **changes: Any) -> ChannelSettings:
    return _settings(
        "webhook",
        ("127.0.0.1",),
        {"url": url + "hook?key=very-secret", "secret": "shared-very-secret"},
        changes,
    )


def email(port: int, **changes: Any) -> ChannelSettings:
    options = {"host": "127.0.0.1", "port": port, "tls": "none", "user": None, "password": None}
    return _settings("email", ("duty@example.cn",), options | {"sender": "huiying@example.cn"}, changes)


def wecom_robot(url: str, **changes: Any) -> ChannelSettings:
    return _settings("wecom_robot", ("127.0.0.1",), {"url": url + "cgi-bin/webhook/send?key=very-secret"}, changes)


def wecom_app(url: str, **changes: Any) -> ChannelSettings:
    options = {"corp_id": "ww1", "agent_id": "1000002", "secret": "app-very-secret", "base_url": url}
    return _settings("wecom_app", ("zhang",), options, changes)


def dingtalk(url: str, **changes: Any) -> ChannelSettings:
    options = {"url": url + "robot/send?access_token=very-secret", "secret": "SEC-very-secret"}
    return _settings("dingtalk", ("127.0.0.1",), options, changes)


def feishu(url: str, **changes: Any) -> ChannelSettings:
    options = {"url": url + "open-apis/bot/v2/hook/very-secret", "secret": "sign-very-secret"}
    return _settings("feishu", ("127.0.0.1",), options, changes)


def _settings(
    name: str, addresses: tuple[str, ...], options: Mapping[str, Any], changes: Mapping[str, Any]
) -> ChannelSettings:
    base = ChannelSettings(name=name, addresses=addresses, per_minute=1000, reserved=0, options=options)
    return replace(base, **changes)


def at(clock: str, day: int = 23) -> datetime:
    """11 月 `day` 日 at "HH:MM" Shanghai time, as aware UTC."""
    hour, minute = clock.split(":")
    return datetime(2026, 11, day, int(hour), int(minute), tzinfo=SHANGHAI).astimezone(UTC)
