"""The signed webhook's contract, for SMS gateways: a receiver can check who sent it, and drop what it knows."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from alerts.channels.base import Parcel
from alerts.channels.http import serialised
from alerts.channels.webhook import key_of
from tests.alerts.contract import made, parcel, refused
from tests.alerts.stand_ins import Answer, HttpStandIn, running


@pytest.fixture
def server():
    server = HttpStandIn(Answer())
    with running(server):
        yield server


@pytest.fixture
def hook(server):
    return made("webhook", server.url)



def test_a_webhook_is_signed_over_time_and_body(hook, server):
    hook.send(parcel("webhook"))
    [seen] = server.seen
    stamp = seen.headers["X-Huiying-Timestamp"]
    expected = hmac.new(b"shared-very-secret", stamp.encode() + b"." + seen.body, hashlib.sha256).hexdigest()
    assert seen.headers["X-Huiying-Signature"] == f"sha256={expected}"
    assert seen.json() == parcel("webhook").body


def test_a_webhook_sent_again_has_the_same_bytes_and_the_same_id(hook, server):
    hook.send(parcel("webhook"))
    hook.send(parcel("webhook", maybe_twice=True))
    first, second = server.seen
    assert first.body == second.body == serialised(parcel("webhook").body)
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
def test_webhook_failures(hook, server, answer, permanent, code):
    server.answers.append(answer)
    failure = refused(hook)
    assert (failure.permanent, failure.code, failure.http) == (permanent, code, answer.status)
    assert len(server.seen) == 1


@pytest.mark.parametrize("body", ["", "ok", "[]", '{"errcode": 0}', '{"ok": true}'])
def test_a_webhook_that_takes_it_may_answer_anything_else(hook, server, body):
    server.answers.append(Answer(body=body))
    assert hook.send(parcel("webhook")).http == 200


def test_an_endless_answer_is_not_read_to_its_end(hook, server):
    server.answers.append(Answer(body=json.dumps({"said": "x" * 5_000_000})))
    assert hook.send(parcel("webhook")).http == 200


def test_the_id_a_receiver_reports_by_carries_chinese_and_leads_back_to_the_key(hook, server):
    key = "saved:起火:1:L1:webhook:127.0.0.1"
    hook.send(Parcel(key=key, address="127.0.0.1", body={"title": "x"}))
    [seen] = server.seen
    assert seen.headers["Idempotency-Key"] == seen.headers["X-Huiying-Delivery"]
    assert key_of(seen.headers["Idempotency-Key"]) == key


def test_a_refused_signature_is_tried_on_for_the_secret_may_just_be_changing(hook, server):
    server.answers.append(Answer(status=401))
    failure = refused(hook)
    assert (failure.setup, failure.permanent) == (True, False)
