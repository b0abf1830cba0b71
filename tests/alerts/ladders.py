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
    return _settings("slack", ("C1",), {"token": "xoxb-very-secret", "base_url": url}, changes)


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


def _settings(
    name: str, addresses: tuple[str, ...], options: Mapping[str, Any], changes: Mapping[str, Any]
) -> ChannelSettings:
    base = ChannelSettings(name=name, addresses=addresses, per_minute=1000, reserved=0, options=options)
    return replace(base, **changes)


def at(clock: str, day: int = 23) -> datetime:
    """11 月 `day` 日 at "HH:MM" Shanghai time, as aware UTC."""
    hour, minute = clock.split(":")
    return datetime(2026, 11, day, int(hour), int(minute), tzinfo=SHANGHAI).astimezone(UTC)
