"""What every channel's contract test starts from: a real letter as a parcel, and a failure looked at closely."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from alerts.channels import outlet
from alerts.channels.base import Channel, DeliveryFailed, Parcel
from alerts.rendering import Letter, render
from tests.alerts import ladders
from tests.alerts.ladders import at

LETTER = Letter(
    key="event:7:opened:1:L1", kind="opened", level=1, told="值班员", grade="重大", title="厂房火灾", text="等级：重大。",
    raised_at=at("10:00"), event_id=7, page_url="http://h.example/events/7/", ack_url="http://h.example/ack/t0ken/",
)  # fmt: skip
HTTP_CHANNELS = ("slack", "webhook", "wecom_robot", "wecom_app", "dingtalk", "feishu")
ADDRESS = {"slack": "C1", "email": "duty@example.cn", "wecom_app": "zhang"}


def parcel(name: str, letter: Letter = LETTER, **changes) -> Parcel:
    address = ADDRESS.get(name, "127.0.0.1")
    return Parcel(key=f"{letter.key}:{name}:{address}", address=address, body=render(letter, name), **changes)


def made(name: str, url: str, **options) -> Channel:
    """The channel `name` set up to call `url`, with some options otherwise."""
    settings = getattr(ladders, name)(url)
    return outlet(replace(settings, options={**settings.options, **options}))


def refused(channel: Channel, **changes) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as caught:
        channel.send(parcel(channel.name, **changes))
    assert "very-secret" not in str(caught.value) + caught.value.code + repr(caught.value)
    assert caught.value.__cause__ is None
    return caught.value


def closed_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def nowhere() -> str:
    return f"http://127.0.0.1:{closed_port()}/"
