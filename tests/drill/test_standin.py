"""Our own channels send to the drill's stand-in, and its page shows what came."""

from __future__ import annotations

import json
from urllib.request import urlopen

import pytest
from django.conf import settings

from alerts.channels.base import DeliveryFailed, Parcel
from alerts.channels.email import Email
from alerts.channels.slack import Slack
from alerts.channels.webhook import Webhook
from alerts.policy import load_ladder
from alerts.rendering import Letter, render
from drill.standin import StandIn


@pytest.fixture
def desk(at):
    stand_in = StandIn(lambda: at("2026-11-23 09:21"))
    yield stand_in
    for server in (stand_in.web, stand_in.mail):
        server.shutdown()
        server.server_close()


@pytest.fixture
def letter(at):
    return Letter(
        key="event:1:opened:1", kind="opened", level=1, told="值班员", grade="重大", title="【重大】灞桥区工厂火灾",
        text="K1 发布权威信息：13:40 截止\n依据：死亡 11 人", raised_at=at("2026-11-23 09:20"), event_id=1,
        page_url="http://127.0.0.1:8000/events/1/", ack_url="http://127.0.0.1:8000/ack/abc/", drill=True,
    )  # fmt: skip


def send(desk, monkeypatch, kind, letter, **wrong):
    for name, value in (desk.env | wrong).items():
        monkeypatch.setenv(name, value)
    channel = load_ladder(settings.POLICY).channels[kind.name]
    parcel = Parcel(key=letter.key, address=channel.addresses[0], body=render(letter, kind.name))
    return kind(channel).send(parcel)


def shown(desk) -> str:
    with urlopen(desk.url) as answer:
        return answer.read().decode()


@pytest.mark.parametrize("kind", [Slack, Webhook, Email])
def test_what_a_channel_sends_stands_on_the_page(desk, monkeypatch, letter, kind):
    send(desk, monkeypatch, kind, letter)
    assert [m.channel for m in desk.messages] == [kind.name]
    assert "【演练】【重大】灞桥区工厂火灾" in shown(desk)
    assert "死亡 11 人" in shown(desk)


@pytest.mark.parametrize("kind", [Slack, Webhook])
def test_the_page_offers_to_acknowledge(desk, monkeypatch, letter, kind):
    send(desk, monkeypatch, kind, letter)
    assert 'href="http://127.0.0.1:8000/ack/abc/"' in shown(desk)


def test_a_webhook_with_a_wrong_signature_is_refused(desk, monkeypatch, letter):
    with pytest.raises(DeliveryFailed):
        send(desk, monkeypatch, Webhook, letter, HUIYING_WEBHOOK_SECRET="another")
    assert desk.messages == []


def test_a_wrong_token_gets_slacks_200_with_an_error(desk, monkeypatch, letter):
    with pytest.raises(DeliveryFailed, match="invalid_auth"):
        send(desk, monkeypatch, Slack, letter, HUIYING_SLACK_TOKEN="another")
    assert desk.messages == []


def test_scripts_can_read_what_came(desk, monkeypatch, letter):
    send(desk, monkeypatch, Webhook, letter)
    with urlopen(desk.url + "messages.json") as answer:
        (message,) = json.load(answer)
    assert message["at"] == "2026-11-23T09:21:00+08:00"
    assert message["checked"] == "签名正确"


def test_a_drill_inherits_no_channel_of_the_real_service():
    from alerts.channel_policy import KINDS
    from config.management.commands.drill import CHANNELS

    names = [variable.usual for _, variables in KINDS.values() for variable in variables]
    assert [name for name in names if not name.startswith(CHANNELS)] == []
