"""What holds for every channel that speaks HTTP, against a real local server that misbehaves."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from alerts.channels import outlet, wecom_app
from alerts.channels.base import SPARE, DeliveryFailed, Secret, Sent, attempt
from tests.alerts import ladders
from tests.alerts.contract import HTTP_CHANNELS, made, nowhere, parcel, refused
from tests.alerts.stand_ins import Answer, HttpStandIn, running

# One answer that each of them takes for a success.
YES = '{"ok": true, "channel": "C1", "ts": "1.2", "errcode": 0, "code": 0, "access_token": "t", "expires_in": 7200}'


@pytest.fixture
def server():
    wecom_app._tokens.clear()
    server = HttpStandIn(Answer(body=YES))
    with running(server):
        yield server


@pytest.fixture(params=HTTP_CHANNELS)
def ready(request, server):
    """A channel that has sent before, so that a token it needs is there."""
    channel = made(request.param, server.url)
    channel.send(parcel(channel.name))
    server.seen.clear()
    return channel


@pytest.fixture
def impatient(monkeypatch):
    """Time-outs a test can wait for."""
    for name in (*HTTP_CHANNELS, "email"):
        monkeypatch.setattr(f"alerts.channels.{name}.TIMEOUT", 1.0 if name == "slack" else 0.3)


def test_one_message_is_one_request(ready, server):
    assert ready.send(parcel(ready.name)).receipt == "L2"
    assert len(server.seen) == 1


@pytest.mark.parametrize("name", HTTP_CHANNELS)
def test_not_reached_at_all_it_is_surely_not_sent(name):
    failure = refused(made(name, nowhere()))
    assert (failure.permanent, failure.unsure) == (False, False)


def test_hanging_up_after_taking_it_leaves_it_open_and_nothing_is_repeated_unasked(ready, server):
    server.answers.append(Answer(hang_up=True))
    failure = refused(ready)
    assert (failure.permanent, failure.unsure) == (False, True)
    assert len(server.seen) == 1


def test_answering_too_late_leaves_it_open(impatient, ready, server):
    server.answers.append(Answer(delay=1.4, body=YES))
    assert refused(ready).unsure


def test_an_answer_that_trickles_from_its_first_byte_is_given_up_in_time(ready, server, monkeypatch):
    monkeypatch.setattr(type(ready), "lease_s", SPARE + 0.6)
    server.answers.append(Answer(trickle=0.2, body=YES))
    failure = attempt(ready, parcel(ready.name))
    assert isinstance(failure, DeliveryFailed) and failure.unsure and not failure.permanent


@pytest.mark.parametrize(
    ("answer", "permanent", "unsure"),
    [
        (Answer(status=503), False, False),
        (Answer(status=504), False, True),
        (Answer(status=404), True, False),
        (Answer(status=413), True, False),
    ],
)
def test_http_statuses_are_final_or_passing_or_unsure(ready, server, answer, permanent, unsure):
    server.answers.append(answer)
    failure = refused(ready)
    assert (failure.permanent, failure.unsure, failure.http) == (permanent, unsure, answer.status)


def test_too_many_requests_says_how_long_to_wait(ready, server):
    server.answers.append(Answer(status=429, headers={"Retry-After": "40"}))
    assert refused(ready).retry_after == 40


def test_a_redirect_is_not_followed(ready, server):
    server.answers.append(Answer(status=307, headers={"Location": server.url + "elsewhere"}))
    with pytest.raises(DeliveryFailed):
        ready.send(parcel(ready.name))
    assert len(server.seen) == 1


def test_a_portal_that_answers_in_the_place_of_the_platform_leaves_it_open(ready, server):
    if ready.name == "webhook":
        return  # it made no promise of JSON
    server.answers.append(Answer(body="<html>please log in</html>"))
    failure = refused(ready)
    assert (failure.unsure, failure.permanent) == (True, False)


def test_no_log_level_and_no_error_shows_a_secret(ready, server, caplog):
    caplog.set_level(logging.DEBUG)
    for answer in (Answer(body=YES), Answer(status=500), Answer(hang_up=True), Answer(body='{"ok":false,"errcode":1,"code":1}')):
        server.answers.append(answer)
        outcome = attempt(ready, parcel(ready.name))
        assert "very-secret" not in repr(outcome) + str(outcome)
    assert "very-secret" not in caplog.text


@pytest.mark.parametrize(
    ("name", "option"),
    [("slack", "token"), ("webhook", "secret"), ("wecom_robot", "url"), ("wecom_app", "secret"), ("dingtalk", "secret"), ("feishu", "secret")],
)
def test_a_secret_rotated_in_its_file_holds_from_the_next_try(server, monkeypatch, tmp_path, name, option):
    settings = getattr(ladders, name)(server.url)
    path = tmp_path / "secret"
    monkeypatch.setenv("HUIYING_TEST_FILE", str(path))
    channel = outlet(replace(settings, options={**settings.options, option: Secret("HUIYING_TEST")}))
    first, second = ("xoxb-one", "xoxb-two") if option != "url" else (server.url + "one", server.url + "two")
    path.write_text(first + "\n")
    channel.send(parcel(name))
    before = proof(server)
    path.write_text("")
    failure = attempt(channel, parcel(name))
    assert isinstance(failure, DeliveryFailed) and failure.setup and not failure.permanent, "half way through"
    path.unlink()
    failure = attempt(channel, parcel(name))
    assert isinstance(failure, DeliveryFailed) and failure.setup and str(tmp_path) not in str(failure)
    path.write_text(second)
    server.seen.clear()
    assert isinstance(attempt(channel, parcel(name)), Sent)
    assert proof(server) != before


def proof(server) -> tuple:
    """What of the first request depends on the secret."""
    seen = server.seen[0]
    names = ("Authorization", "X-Huiying-Signature")
    sign = seen.json().get("sign") if b'"sign"' in seen.body else None
    return seen.path, [seen.headers.get(name) for name in names], sign


def test_a_mistake_inside_a_channel_is_no_more_than_a_failed_try(server):
    channel = made("slack", server.url)
    outcome = attempt(channel, replace(parcel("slack"), body="not a body: very-secret"))
    assert (str(outcome), outcome.unsure) == ("slack: 内部错误（TypeError）", True)
