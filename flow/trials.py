"""Trying a channel: one message outside every alert, sent now, and what came of it kept."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta

from django.conf import settings

from alerts.channel_policy import LONGEST_ADDRESS
from alerts.channels import outlet
from alerts.channels.base import DeliveryFailed, Parcel, attempt
from alerts.ladder import ChannelSettings
from alerts.messages import moment
from alerts.models import ChannelTest
from alerts.rendering import CHANNEL_NAMES, Letter, render
from config import clock
from sla.engine import Unmet

A_MINUTE = 5  # tests a minute and channel: a robot that is asked too often falls silent for everybody


def trial(channel: ChannelSettings, to: str, by: str) -> ChannelTest:
    """Send a test to `to` (default: the channel's first address); the kept result. Raises Unmet."""
    address = to.strip() or channel.addresses[0]
    if len(address) > LONGEST_ADDRESS or re.search(r"\s", address):
        raise Unmet(f"地址至多 {LONGEST_ADDRESS} 字，不含空白", "to")
    real = clock.real_now()
    recent = ChannelTest.objects.filter(channel=channel.name, at__gt=real - timedelta(minutes=1))
    if recent.count() >= A_MINUTE:
        raise Unmet(f"每个渠道每分钟至多测试 {A_MINUTE} 次，请稍候", "to")
    outcome = attempt(outlet(channel), _parcel(channel, address, to.strip(), by))
    failed = isinstance(outcome, DeliveryFailed)
    words = str(outcome) if isinstance(outcome, DeliveryFailed) else outcome.missed or "渠道已接收"
    return ChannelTest.objects.create(
        channel=channel.name, address=address, at=real, by=by, ok=not failed, http=outcome.http,
        code=outcome.code[:60] if isinstance(outcome, DeliveryFailed) else "", words=words[:300],
    )  # fmt: skip


def _parcel(channel: ChannelSettings, address: str, to: str, by: str) -> Parcel:
    now = clock.now()
    letter = Letter(
        key=f"test:{channel.name}:{secrets.token_hex(4)}",
        kind="system",
        level=1,
        told="测试接收人",
        grade=None,
        title=f"【测试】{CHANNEL_NAMES[channel.name]}",
        text=f"这是一条测试消息，{moment(now)} 由 {by} 发出，无需处置。收到即说明此渠道可用。",
        raised_at=now,
        event_id=None,
        page_url=settings.PUBLIC_URL.rstrip("/") + "/channels/",
        drill=settings.DRILL,
    )
    body = render(letter, channel.name)
    if channel.name == "webhook" and to:
        body["to"] = to  # a gateway's address is the gateway: the person's number goes along
    return Parcel(key=letter.key, address=address, body=body)
