"""Clicks over a real WebSocket: taken once, answered after they are written, and the connection kept alive."""

from __future__ import annotations

import json
import logging

import pytest
from django.db import connection

from alerts.models import Alert, ChannelTest, Delivery, Inbox
from flow import delivery, slack_socket
from flow.slack_socket import Socket
from tests.alerts import ladders, rows
from tests.alerts.ladders import at
from tests.alerts.socket_stand_in import SocketStandIn, until
from tests.alerts.stand_ins import SLACK_OK, Answer, HttpStandIn, running

pytestmark = pytest.mark.django_db(transaction=True)
NOW = at("10:00")


@pytest.fixture
def link():
    server = SocketStandIn()
    with running(server):
        yield server


@pytest.fixture
def server(link):
    opening = Answer(body=json.dumps({"ok": True, "url": link.url}))
    server = HttpStandIn(SLACK_OK, lambda seen: opening if seen.path == "/apps.connections.open" else SLACK_OK)
    with running(server):
        yield server


@pytest.fixture
def ladder(server):
    settings = ladders.slack(server.url)
    options = {**settings.options, "app_token": "xapp-very-secret"}
    return ladders.with_channels(ladders.slack(server.url, options=options))


@pytest.fixture
def socket(ladder):
    socket = Socket(ladder.channels["slack"])
    yield socket
    socket.close()
    connection.close()


def sent(ladder) -> Delivery:
    [alert] = rows.tell(ladder)
    delivery.send_all(ladder, NOW)
    return rows.network(alert)


def click(row: Delivery, **changes) -> dict:
    place, ts = row.provider_id.split(":")
    [ack] = [e for b in row.body["blocks"] if b["type"] == "actions" for e in b["elements"] if e["action_id"] == "ack"]
    action = {"action_id": "ack", "value": ack["value"], "action_ts": "1.1"}
    return {
        "type": "block_actions", "user": {"id": "U1"}, "container": {"channel_id": place, "message_ts": ts},
        "actions": [action], **changes,
    }  # fmt: skip


def test_a_click_acknowledges_and_is_answered_and_a_copy_of_it_has_no_further_effect(socket, link, ladder, monkeypatch):
    monkeypatch.setattr("config.clock.now", lambda: at("10:05"))
    row = sent(ladder)
    socket.beat()
    until(lambda: link.links)
    for envelope in ("e1", "e2", "e1"):
        link.click(envelope, click(row))
    until(lambda: len(link.answers) == 3)
    assert sorted(link.answers) == ["e1", "e1", "e2"]
    assert Alert.objects.get(kind="opened").acked_at == at("10:05")
    row.refresh_from_db()
    assert row.receipt == "L4"
    assert Inbox.objects.filter(source="slack").count() == 1


def test_a_connection_that_fell_is_opened_again(socket, link, monkeypatch):
    monkeypatch.setattr(slack_socket, "IDLE_S", 1.0)
    monkeypatch.setattr(slack_socket, "PING_S", 0.1)
    socket.beat()
    until(lambda: link.links)
    link.drop()
    until(lambda: not link.links)
    until(lambda: (socket.beat(), link.opened == 2)[1])
    assert list(ChannelTest.objects.values_list("ok", flat=True)) == [True]


def test_slack_asking_for_a_new_connection_gets_one(socket, link):
    socket.beat()
    until(lambda: link.links)
    link.ask_to_reconnect()
    until(lambda: link.opened == 2)
    until(lambda: socket._client.is_connected())
    socket.beat()
    assert link.opened == 2


def test_a_half_open_connection_is_noticed_though_it_looks_open(socket, link, monkeypatch):
    monkeypatch.setattr(slack_socket, "IDLE_S", 0.3)
    link.silent = True
    socket.beat()
    until(lambda: link.links)
    until(lambda: (socket.beat(), link.opened >= 2)[1])


def test_a_refused_token_is_told_of_once_and_tried_at_growing_waits_and_nothing_secret_is_said(socket, server, caplog, monkeypatch):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(slack_socket, "WAITS", (0, 0, 60))
    server.rules = lambda seen: Answer(body='{"ok": false, "error": "invalid_auth"}')
    for _ in range(6):
        socket.beat()
    assert len(server.seen) == 3, "the third failure makes it wait"
    row = ChannelTest.objects.get()
    assert (row.ok, row.words) == (False, "按钮长连接断开：invalid_auth")
    assert "very-secret" not in caplog.text


def test_an_address_that_speaks_no_websocket_is_a_failure_and_shows_no_ticket(socket, server, caplog):
    caplog.set_level(logging.DEBUG)
    wrong = json.dumps({"ok": True, "url": f"ws://127.0.0.1:{server.server_port}/x?ticket=very-secret"})
    server.rules = lambda seen: Answer(body=wrong)
    socket.beat()
    assert ChannelTest.objects.get().ok is False
    assert "very-secret" not in caplog.text
