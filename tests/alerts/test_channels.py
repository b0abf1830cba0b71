"""Every channel against a real local server: what is sent, tried again, final, or perhaps a copy."""

from __future__ import annotations

import email
import email.policy
import hashlib
import hmac
import json
import logging
import socket

import pytest

from alerts.channels import channel
from alerts.channels.base import DeliveryFailed, Parcel
from alerts.channels.webhook import serialised
from tests.alerts import ladders
from tests.alerts.stand_ins import SLACK_OK, Answer, HttpStandIn, SmtpStandIn, running

BODIES = {
    "slack": {
        "text": "厂房火灾",
        "blocks": [{"type": "section", "text": {"type": "plain_text", "text": "重大"}}],
    },
    "webhook": {"title": "厂房火灾", "level": 1},
    "email": {"subject": "厂房火灾", "text": "等级：重大\n"},
}
ADDRESS = {"slack": "C1", "webhook": "127.0.0.1", "email": "duty@example.cn"}


def parcel(name, **changes):
    return Parcel(key=f"event:7:opened:1:L1:{name}:x", address=ADDRESS[name], body=BODIES[name], **changes)


def refused(outlet, name, **changes) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as caught:
        outlet.send(parcel(name, **changes))
    assert "very-secret" not in str(caught.value) + caught.value.code
    assert caught.value.__cause__ is None
    return caught.value


@pytest.fixture
def slack_server():
    server = HttpStandIn(SLACK_OK)
    with running(server):
        yield server


@pytest.fixture
def hook_server():
    server = HttpStandIn(Answer())
    with running(server):
        yield server


@pytest.fixture
def mail_server():
    server = SmtpStandIn()
    with running(server):
        yield server


@pytest.fixture
def slack(slack_server):
    return channel("slack", ladders.with_channels(ladders.slack(slack_server.url)))


@pytest.fixture
def hook(hook_server):
    return channel("webhook", ladders.with_channels(ladders.webhook(hook_server.url)))


@pytest.fixture
def mail(mail_server):
    return channel("email", ladders.with_channels(ladders.email(mail_server.port)))


@pytest.fixture
def impatient(monkeypatch):
    """Time-outs a test can wait for."""
    for module in ("slack", "webhook", "email"):
        monkeypatch.setattr(f"alerts.channels.{module}.TIMEOUT", 1.0 if module == "slack" else 0.3)


def closed_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


# Slack


def test_slack_takes_a_message_once_and_names_it(slack, slack_server):
    sent = slack.send(parcel("slack"))
    assert (sent.provider_id, sent.receipt) == ("C1:1700000000.000100", "L2")
    [seen] = slack_server.seen
    assert seen.path == "/chat.postMessage"
    assert seen.headers["Authorization"] == "Bearer xoxb-very-secret"
    assert seen.json() == {"channel": "C1", **BODIES["slack"]}


def test_slack_saying_no_with_http_200_is_a_failure(slack, slack_server):
    slack_server.answers.append(Answer(body='{"ok": false, "error": "channel_not_found"}'))
    failure = refused(slack, "slack")
    assert (failure.permanent, failure.http, failure.code) == (True, 200, "channel_not_found")


@pytest.mark.parametrize(
    ("answer", "permanent", "unsure"),
    [
        (Answer(body='{"ok": false, "error": "invalid_auth"}'), True, False),
        (Answer(body='{"ok": false, "error": "ratelimited"}'), False, False),
        (Answer(body='{"ok": false, "error": "fatal_error"}'), False, True),
        (Answer(status=503, body="<html>down</html>"), False, False),
        (Answer(status=504, body="gateway"), False, True),
        (Answer(status=403, body="proxy says no"), True, False),
        (Answer(body="<html>a captive portal</html>"), False, True),
        (Answer(body="[]"), False, True),
    ],
)
def test_slack_failures_are_final_or_passing_or_unsure(slack, slack_server, answer, permanent, unsure):
    slack_server.answers.append(answer)
    failure = refused(slack, "slack")
    assert (failure.permanent, failure.unsure) == (permanent, unsure)
    assert len(slack_server.seen) == 1


@pytest.mark.parametrize("header", ["Retry-After", "retry-after"])
def test_slack_rate_limit_says_how_long_to_wait(slack, slack_server, header):
    slack_server.answers.append(
        Answer(status=429, body='{"ok":false,"error":"ratelimited"}', headers={header: "30"})
    )
    failure = refused(slack, "slack")
    assert (failure.retry_after, failure.permanent, failure.unsure) == (30, False, False)


def test_slack_hanging_up_after_taking_it_leaves_it_open_and_is_not_repeated_by_the_sdk(slack, slack_server):
    slack_server.answers.append(Answer(hang_up=True))
    failure = refused(slack, "slack")
    assert (failure.permanent, failure.unsure) == (False, True)
    assert len(slack_server.seen) == 1


def test_slack_answering_too_late_leaves_it_open(impatient, slack_server):
    slow = channel("slack", ladders.with_channels(ladders.slack(slack_server.url)))
    slack_server.answers.append(Answer(delay=1.3))
    assert refused(slow, "slack").unsure


def test_slack_not_reached_at_all_is_surely_not_sent():
    nowhere = channel("slack", ladders.with_channels(ladders.slack(f"http://127.0.0.1:{closed_port()}/")))
    failure = refused(nowhere, "slack")
    assert (failure.permanent, failure.unsure) == (False, False)


def test_slack_marks_a_possible_copy_and_changes_nothing_else(slack, slack_server):
    slack.send(parcel("slack", maybe_twice=True))
    body = slack_server.seen[0].json()
    assert body["text"] == "【可能重复】厂房火灾"
    note, *rest = body["blocks"]
    assert "可能重复" in str(note) and rest == BODIES["slack"]["blocks"]


# Webhook


def test_a_webhook_is_signed_over_time_and_body(hook, hook_server):
    hook.send(parcel("webhook"))
    [seen] = hook_server.seen
    stamp = seen.headers["X-Huiying-Timestamp"]
    expected = hmac.new(b"shared-very-secret", stamp.encode() + b"." + seen.body, hashlib.sha256).hexdigest()
    assert seen.headers["X-Huiying-Signature"] == f"sha256={expected}"
    assert seen.json() == BODIES["webhook"]


def test_a_webhook_sent_again_has_the_same_bytes_and_the_same_id(hook, hook_server):
    hook.send(parcel("webhook"))
    hook.send(parcel("webhook", maybe_twice=True))
    first, second = hook_server.seen
    assert first.body == second.body == serialised(BODIES["webhook"])
    assert (
        first.headers["X-Huiying-Delivery"] == second.headers["X-Huiying-Delivery"] == parcel("webhook").key
    )


@pytest.mark.parametrize(
    ("answer", "permanent", "code"),
    [
        (Answer(body='{"errcode": 45009, "errmsg": "freq"}'), False, "45009"),
        (Answer(body='{"ok": false, "error": "no_credit"}'), False, "no_credit"),
        (Answer(status=500), False, "500"),
        (Answer(status=429, headers={"Retry-After": "7"}), False, "429"),
        (Answer(status=404), True, "404"),
        (Answer(status=302, headers={"Location": "http://127.0.0.1/elsewhere"}), True, "302"),
    ],
)
def test_webhook_failures(hook, hook_server, answer, permanent, code):
    hook_server.answers.append(answer)
    failure = refused(hook, "webhook")
    assert (failure.permanent, failure.code, failure.http) == (permanent, code, answer.status)
    assert len(hook_server.seen) == 1


@pytest.mark.parametrize("name", ["slack", "webhook"])
def test_no_log_level_shows_a_secret(name, slack_server, caplog):
    caplog.set_level(logging.DEBUG)
    settings = {"slack": ladders.slack, "webhook": ladders.webhook}[name](slack_server.url)
    channel(name, ladders.with_channels(settings)).send(parcel(name))
    assert len(slack_server.seen) == 1
    assert "very-secret" not in caplog.text


@pytest.mark.parametrize("body", ["", "ok", "[]", '{"errcode": 0}', '{"ok": true}'])
def test_a_webhook_that_takes_it_may_answer_anything_else(hook, hook_server, body):
    hook_server.answers.append(Answer(body=body))
    assert hook.send(parcel("webhook")).http == 200


def test_a_webhook_timing_out_after_taking_it_leaves_it_open(impatient, hook_server):
    slow = channel("webhook", ladders.with_channels(ladders.webhook(hook_server.url)))
    hook_server.answers.append(Answer(delay=0.8))
    failure = refused(slow, "webhook")
    assert (failure.unsure, failure.permanent) == (True, False)
    assert len(hook_server.seen) == 1


def test_a_webhook_not_reached_is_surely_not_sent():
    nowhere = channel("webhook", ladders.with_channels(ladders.webhook(f"http://127.0.0.1:{closed_port()}/")))
    assert not refused(nowhere, "webhook").unsure


def test_an_endless_answer_is_not_read_to_its_end(hook, hook_server):
    hook_server.answers.append(Answer(body=json.dumps({"said": "x" * 5_000_000})))
    assert hook.send(parcel("webhook")).http == 200


# E-mail


def test_mail_carries_the_chinese_words_and_an_id_of_its_own(mail, mail_server):
    sent = mail.send(parcel("email"))
    [raw] = mail_server.mails
    read = email.message_from_bytes(raw, policy=email.policy.default)
    assert read["Subject"] == "厂房火灾"
    assert read["To"] == "duty@example.cn" and read["From"] == "huiying@example.cn"
    assert read.get_content().strip() == "等级：重大"
    assert read["Message-ID"] == sent.provider_id


def test_a_mail_sent_again_has_the_same_id_and_says_so(mail, mail_server):
    first = mail.send(parcel("email"))
    second = mail.send(parcel("email", maybe_twice=True))
    assert first.provider_id == second.provider_id
    read = email.message_from_bytes(mail_server.mails[1], policy=email.policy.default)
    assert read["Subject"] == "【可能重复】厂房火灾"


@pytest.mark.parametrize(
    ("verb", "reply", "permanent"),
    [
        ("RCPT", "550 no such user duty", True),
        ("RCPT", "450 greylisted, come back", False),
        ("MAIL", "553 sender not allowed", True),
        ("AFTER", "552 mailbox full", True),
        ("AFTER", "451 try later", False),
        ("DATA", "554 no", True),
    ],
)
def test_mail_failures_follow_the_reply_code(mail, mail_server, verb, reply, permanent):
    mail_server.replies[verb] = reply
    failure = refused(mail, "email")
    assert (failure.permanent, failure.code) == (permanent, reply[:3])


def test_a_wrong_mail_password_is_final_and_not_shown(mail_server):
    mail_server.replies["AUTH"] = "535 hunter-very-secret is wrong"
    options = dict(ladders.email(mail_server.port).options) | {"user": "u", "password": "hunter-very-secret"}
    outlet = channel("email", ladders.with_channels(ladders.email(mail_server.port, options=options)))
    assert refused(outlet, "email").permanent


def test_a_mail_server_without_encryption_is_refused_when_encryption_is_wanted(mail_server):
    options = dict(ladders.email(mail_server.port).options) | {"tls": "starttls"}
    outlet = channel("email", ladders.with_channels(ladders.email(mail_server.port, options=options)))
    assert refused(outlet, "email").permanent
    assert mail_server.mails == []


def test_a_mail_server_hanging_up_after_the_data_leaves_it_open(mail, mail_server):
    mail_server.hang_up_after_data = True
    failure = refused(mail, "email")
    assert (failure.unsure, failure.permanent) == (True, False)


def test_a_mail_server_not_reached_is_surely_not_sent():
    outlet = channel("email", ladders.with_channels(ladders.email(closed_port())))
    failure = refused(outlet, "email")
    assert (failure.unsure, failure.permanent) == (False, False)
