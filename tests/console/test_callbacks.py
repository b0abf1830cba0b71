"""Callbacks from outside: signed, recent, once, and about something of ours; anything else changes nothing."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client

from alerts.channels.webhook import public_id
from alerts.models import Alert, Contact, Delivery, Inbox
from config.clock import real_now
from console.views import callbacks as views
from flow import delivery
from flow.models import AuditEntry
from tests.alerts import ladders, rows
from tests.alerts.stand_ins import SLACK_OK, Answer, HttpStandIn, running
from tests.flow.test_slack_socket import click

pytestmark = pytest.mark.django_db


@pytest.fixture
def server():
    server = HttpStandIn(SLACK_OK)
    with running(server):
        yield server


@pytest.fixture
def ladder(server, monkeypatch):
    settings = ladders.slack(server.url)
    slack = replace(settings, options={**settings.options, "signing_secret": "signing-very-secret"})
    ladder = ladders.with_channels(slack, ladders.webhook(server.url, fallback="email"), ladders.email(9))
    levels = tuple(replace(v, channels=("console", "slack", "webhook")) for v in ladder.levels)
    ladder = replace(ladder, levels=levels)

    class Policy:
        pass

    policy = Policy()
    policy.ladder = ladder
    monkeypatch.setattr(views, "policy", lambda: policy)
    return ladder


@pytest.fixture
def alert(ladder) -> Alert:
    now = real_now()
    from django.db import transaction

    from alerts import outbox
    from alerts.escalation import first_steps

    plans = first_steps("event:0:opened:1", "opened", rows.WORDS, grade="重大", at=now, ladder=ladder, on_duty={})
    with transaction.atomic():
        outbox.write(plans, now)
    return Alert.objects.get(kind="opened")


def from_slack(payload, *, secret="signing-very-secret", stamp=None):
    body = urlencode({"payload": json.dumps(payload)})
    stamp = str(int(time.time())) if stamp is None else stamp
    signed = "v0=" + hmac.new(secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    return Client(enforce_csrf_checks=True).post(
        "/callbacks/slack/", body, content_type="application/x-www-form-urlencoded",
        headers={"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signed},
    )  # fmt: skip


def report(secret="shared-very-secret", stamp=None, raw=None, **fields):
    body = json.dumps(fields).encode() if raw is None else raw
    stamp = str(int(time.time())) if stamp is None else stamp
    signed = "sha256=" + hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return Client(enforce_csrf_checks=True).post(
        "/callbacks/receipt/", body, content_type="application/json",
        headers={"X-Huiying-Timestamp": stamp, "X-Huiying-Signature": signed},
    )  # fmt: skip


def sent(alert, ladder, channel) -> Delivery:
    delivery.send_all(ladder, real_now())
    return alert.deliveries.get(channel=channel)


def test_a_signed_click_acknowledges_by_the_persons_name_and_raises_the_receipt(alert, ladder):
    zhang = User.objects.create(username="zhang")
    Contact.objects.create(user=zhang, channel="slack", address="U1")
    row = sent(alert, ladder, "slack")
    assert from_slack(click(row)).status_code == 200
    alert.refresh_from_db(), row.refresh_from_db()
    assert (alert.acked_by, row.receipt) == (zhang, "L4")


def test_a_click_by_an_unknown_address_acknowledges_without_a_name(alert, ladder):
    row = sent(alert, ladder, "slack")
    from_slack(click(row))
    alert.refresh_from_db()
    assert alert.acked_at and alert.acked_by is None


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"secret": "another"}, 401),
        ({"stamp": str(int(time.time()) - 400)}, 401),
        ({"stamp": str(int(time.time()) + 400)}, 401),
        ({"stamp": "soon"}, 401),
        ({"stamp": ""}, 401),
    ],
)
def test_forged_or_old_clicks_are_refused_and_audited(alert, ladder, changes, status):
    row = sent(alert, ladder, "slack")
    response = from_slack(click(row), **changes)
    assert response.status_code == status
    alert.refresh_from_db()
    assert alert.acked_at is None and not Inbox.objects.exists()
    assert AuditEntry.objects.filter(action="alert.answer_refused").count() == 1


def test_a_replayed_click_is_refused(alert, ladder):
    row = sent(alert, ladder, "slack")
    assert [from_slack(click(row)).status_code for _ in range(3)] == [200, 409, 409]
    assert Inbox.objects.count() == 1


def test_a_button_on_a_copy_of_the_message_elsewhere_does_nothing_and_says_so(alert, ladder):
    row = sent(alert, ladder, "slack")
    payload = click(row, container={"channel_id": "C9", "message_ts": "2.2"})
    assert from_slack(payload).status_code == 200
    alert.refresh_from_db()
    inbox = Inbox.objects.get()
    assert alert.acked_at is None and (inbox.reply_to, "原消息" in inbox.outcome) == ("C9:U1", True)


def test_a_stale_button_does_nothing_and_says_why(alert, ladder):
    row = sent(alert, ladder, "slack")
    rows.tell(ladder, clock="10:00", cause="other")
    Alert.objects.create(
        key="event:0:opened:1:L2", cause=alert.cause, kind="opened", level=2, title="x", text="x", raised_at=real_now()
    )
    from_slack(click(row))
    alert.refresh_from_db()
    assert alert.acked_at is None
    assert "已升级至第 2 级" in Inbox.objects.get().outcome and Inbox.objects.get().reply_to == "C1:U1"


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"type": "block_actions", "actions": [{"action_id": "ack"}]},
        {"type": "block_actions", "actions": [{"action_id": "ack", "value": 7, "action_ts": "1"}], "user": {"id": "U"}, "container": {"channel_id": "C", "message_ts": "1"}},
        {"type": "block_actions", "actions": None},
    ],
)  # fmt: skip
def test_a_malformed_click_is_refused_without_a_fall(ladder, payload):
    assert from_slack(payload).status_code in (400,)


def test_other_clicks_ask_for_nothing(ladder):
    other = {"type": "block_actions", "actions": [{"action_id": "open", "action_ts": "1"}], "user": {"id": "U"}}
    assert from_slack(other).status_code == 200 and from_slack({"type": "view_submission"}).status_code == 200


def test_a_callback_of_a_channel_that_is_off_is_refused(monkeypatch, ladder):
    views.policy().ladder = ladders.shipped()
    assert report(id="1", delivery="x", status="delivered").status_code == 401
    assert from_slack({}).status_code == 401


def test_a_receipt_raises_the_level_to_l3_once(alert, ladder):
    row = sent(alert, ladder, "webhook")
    said = {"id": "r1", "delivery": public_id(row.key), "status": "delivered"}
    assert [report(**said).status_code for _ in range(2)] == [200, 409]
    row.refresh_from_db()
    assert (row.state, row.receipt) == ("sent", "L3")


def test_a_receipt_never_lowers_what_a_person_has_said(alert, ladder):
    row = sent(alert, ladder, "webhook")
    Delivery.objects.filter(id=row.id).update(receipt="L4")
    report(id="r1", delivery=public_id(row.key), status="read")
    row.refresh_from_db()
    assert row.receipt == "L4"


def test_a_receipt_that_is_quicker_than_the_answer_is_kept(alert, ladder, server):
    row = alert.deliveries.get(channel="webhook")
    outlet = delivery.channel("webhook", ladder)
    claimed = delivery.claim(row, outlet, delivery.throttle.Rate(per_minute=1000, reserved=0))
    report(id="r1", delivery=public_id(row.key), status="delivered")
    delivery.settle(claimed, delivery.Sent(provider_id="x"), ladder, real_now())
    row.refresh_from_db()
    assert (row.state, row.receipt) == ("sent", "L3")


def test_a_receipt_ends_the_doubt_about_a_try_without_answer(alert, ladder, server):
    row = alert.deliveries.get(channel="webhook")
    server.answers.append(Answer(hang_up=True))
    delivery.send_one(ladder, "webhook", real_now())
    row.refresh_from_db()
    assert row.state == "unknown"
    report(id="r1", delivery=public_id(row.key), status="delivered")
    row.refresh_from_db()
    assert (row.state, row.receipt) == ("sent", "L3") and row.settled_at


def test_a_gateway_that_could_not_deliver_it_starts_the_replacement(alert, ladder):
    row = sent(alert, ladder, "webhook")
    assert report(id="r1", delivery=public_id(row.key), status="failed", code="UNREACHABLE").status_code == 200
    row.refresh_from_db()
    assert (row.state, row.reason) == ("failed", "网关回报未送达（UNREACHABLE）")
    assert Delivery.objects.get(instead_of=row).channel == "email"


@pytest.mark.parametrize(
    ("given", "fields", "status", "code"),
    [
        ({"secret": "another"}, {}, 401, "forged"),
        ({"stamp": str(int(time.time()) - 1000)}, {}, 401, "expired"),
        ({"stamp": "²"}, {}, 401, "forged"),
        ({"raw": b"\xff not json"}, {}, 400, "malformed"),
        ({"raw": b"[]"}, {}, 400, "malformed"),
        ({"raw": b"x" * 70_000}, {}, 400, "malformed"),
        ({}, {"id": ""}, 400, "malformed"),
        ({}, {"id": 7}, 400, "malformed"),
        ({}, {"status": "perhaps"}, 400, "malformed"),
        ({}, {"delivery": "event:9:opened:1:L1:webhook:elsewhere"}, 409, "foreign"),
        ({}, {"delivery": "event:0:opened:1:L1:slack:C1"}, 409, "foreign"),
    ],
)
def test_reports_that_are_forged_old_malformed_or_foreign_change_nothing_and_are_audited(alert, ladder, given, fields, status, code):
    row = sent(alert, ladder, "webhook")
    before = list(Delivery.objects.order_by("id").values())
    said = {"id": "r1", "delivery": public_id(row.key), "status": "delivered", **fields}
    response = report(**given, **said)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert list(Delivery.objects.order_by("id").values()) == before and not Inbox.objects.exists()
    assert AuditEntry.objects.filter(action="alert.answer_refused").count() == 1


def test_a_flood_of_forged_callbacks_fills_no_table(ladder):
    for n in range(70):
        report(secret="another", id=str(n), delivery="x", status="read")
    assert AuditEntry.objects.filter(action="alert.answer_refused").count() == 60


def test_neither_rows_nor_answers_hold_a_secret(alert, ladder, server):
    server.answers.append(Answer(status=500, body="very-secret"))
    row = sent(alert, ladder, "webhook")
    answers = [report(secret="x", id="1", delivery=row.key, status="read").content, from_slack({}, secret="x").content]
    kept = [str(list(model.objects.values())) for model in (Delivery, Inbox, AuditEntry, Alert)]
    kept += [str(list(row.tries.values())) for row in Delivery.objects.all()]
    assert not any("very-secret" in text for text in [*kept, *map(str, answers)])
