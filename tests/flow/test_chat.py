"""Messages in Slack follow their alert, and a click without effect is answered."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from alerts import outbox, paging
from alerts.models import Alert, Delivery, Inbox
from config.clock import real_now
from flow import delivery
from flow.chat import Chat
from tests.alerts import rows
from tests.alerts.ladders import at
from tests.alerts.stand_ins import Answer

pytestmark = pytest.mark.django_db
NOW = at("10:00")


@pytest.fixture
def sent(ladder):
    """An alert that Slack has taken."""
    [alert] = rows.tell(ladder)
    delivery.send_all(ladder, NOW)
    return alert


@pytest.fixture
def chat(ladder, server):
    return Chat(ladder)


def updates(server) -> list[dict]:
    return [seen.json() for seen in server.seen if seen.path == "/chat.update"]


def words(message: dict) -> str:
    return "\n".join(b["text"]["text"] for b in message["blocks"] if b["type"] == "section")


def labels(message: dict) -> list[str]:
    return [e["text"]["text"] for b in message["blocks"] if b["type"] == "actions" for e in b["elements"]]


def test_while_nothing_happens_nothing_is_redrawn(chat, sent, server):
    chat.beat()
    assert updates(server) == []


def test_an_acknowledged_message_says_who_and_when_and_loses_its_button(chat, sent, server):
    paging.acknowledge(sent, User.objects.create(username="zhang", last_name="张", first_name="三"), at("10:03"))
    chat.beat()
    chat.beat()
    [message] = updates(server)
    assert (message["channel"], message["ts"]) == ("C1", "1700000000.000100")
    assert "10:03 确认收到" in words(message) and labels(message) == ["查看"]
    assert Delivery.objects.get(channel="slack").redraw_until is None


def test_an_escalated_message_says_to_which_level_and_is_drawn_again_when_that_level_answers(chat, sent, server, ladder):
    second = rows.escalate(sent, ladder, "10:10")
    Alert.objects.filter(id=sent.id).update(escalated_at=at("10:10"))
    chat.beat()
    chat.beat()
    [message] = updates(server)
    assert "已升级至第 2 级（带班领导）" in words(message) and labels(message) == ["查看"]
    paging.acknowledge(second, None, at("10:12"))
    chat.beat()
    assert [("确认收到" in words(m)) for m in updates(server)] == [False, True]


def test_a_settled_matter_is_said_to_be_settled(chat, ladder, server):
    event = rows.event()
    near = rows.milestone(rows.obligation(event))
    rows.tell(ladder, clock="12:00", kind="near", event_id=event.id, milestone_id=near.id)
    delivery.send_all(ladder, NOW)
    outbox.stand_down_obligations([near.obligation_id], at("13:00"))
    chat.beat()
    assert "事项已办结" in words(updates(server)[0])


def test_asked_to_wait_it_waits_and_a_message_that_is_gone_is_let_go(chat, sent, server):
    paging.acknowledge(sent, None, at("10:03"))
    server.answers.append(Answer(status=429, headers={"Retry-After": "30"}))
    chat.beat()
    chat.beat()
    assert len(updates(server)) == 1 and Delivery.objects.get(channel="slack").redraw_until
    chat._quiet_until = 0
    server.answers.append(Answer(body='{"ok": false, "error": "message_not_found"}'))
    chat.beat()
    chat.beat()
    assert len(updates(server)) == 2 and Delivery.objects.get(channel="slack").redraw_until is None


def test_after_three_days_a_message_is_left_as_it_is(chat, sent, server):
    Delivery.objects.filter(channel="slack").update(redraw_until=real_now() - timedelta(seconds=1))
    paging.acknowledge(sent, None, at("10:03"))
    chat.beat()
    assert updates(server) == []


def test_a_click_without_effect_is_answered_once_to_the_person_alone_and_not_after_ten_minutes(chat, server):
    Inbox.objects.create(source="slack", external_id="a", at=real_now(), outcome="已升级至第 2 级", reply_to="C1:U7")
    Inbox.objects.create(source="slack", external_id="b", at=real_now() - timedelta(minutes=11), outcome="迟", reply_to="C1:U7")
    chat.beat()
    chat.beat()
    [seen] = [s for s in server.seen if s.path == "/chat.postEphemeral"]
    assert (seen.json()["channel"], seen.json()["user"], seen.json()["text"]) == ("C1", "U7", "已升级至第 2 级")
    assert not Inbox.objects.filter(reply_to__isnull=False).exists()
