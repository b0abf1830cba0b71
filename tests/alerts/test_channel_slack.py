"""Slack's contract (alerting.md §6.1): HTTP 200 may say no, and no request is ever repeated by the SDK."""

from __future__ import annotations

import pytest

from tests.alerts.contract import made, parcel, refused
from tests.alerts.stand_ins import SLACK_OK, Answer, HttpStandIn, running


@pytest.fixture
def server():
    server = HttpStandIn(SLACK_OK)
    with running(server):
        yield server


@pytest.fixture
def slack(server):
    return made("slack", server.url)



def test_slack_takes_a_message_once_and_names_it(slack, server):
    sent = slack.send(parcel("slack"))
    assert (sent.provider_id, sent.receipt) == ("C1:1700000000.000100", "L2")
    [seen] = server.seen
    assert seen.path == "/chat.postMessage"
    assert seen.headers["Authorization"] == "Bearer xoxb-very-secret"
    key = parcel("slack").key
    metadata = {"event_type": "huiying_delivery", "event_payload": {"key": key}}
    assert seen.json() == {"channel": "C1", **parcel("slack").body, "metadata": metadata}


def test_slack_saying_no_with_http_200_is_a_failure(slack, server):
    server.answers.append(Answer(body='{"ok": false, "error": "channel_not_found"}'))
    failure = refused(slack)
    assert (failure.permanent, failure.http, failure.code) == (True, 200, "channel_not_found")


@pytest.mark.parametrize(
    ("answer", "permanent", "unsure"),
    [
        (Answer(body='{"ok": false, "error": "not_in_channel"}'), True, False),
        (Answer(body='{"ok": false, "error": "ratelimited"}'), False, False),
        (Answer(body='{"ok": false, "error": "fatal_error"}'), False, True),
        (Answer(status=503, body="<html>down</html>"), False, False),
        (Answer(status=504, body="gateway"), False, True),
        (Answer(status=403, body="proxy says no"), True, False),
        (Answer(body="<html>a captive portal</html>"), False, True),
        (Answer(body="[]"), False, True),
    ],
)
def test_slack_failures_are_final_or_passing_or_unsure(slack, server, answer, permanent, unsure):
    server.answers.append(answer)
    failure = refused(slack)
    assert (failure.permanent, failure.unsure) == (permanent, unsure)
    assert len(server.seen) == 1


@pytest.mark.parametrize("header", ["Retry-After", "retry-after"])
def test_slack_rate_limit_says_how_long_to_wait(slack, server, header):
    server.answers.append(
        Answer(status=429, body='{"ok":false,"error":"ratelimited"}', headers={header: "30"})
    )
    failure = refused(slack)
    assert (failure.retry_after, failure.permanent, failure.unsure) == (30, False, False)


def test_slack_hanging_up_after_taking_it_leaves_it_open_and_is_not_repeated_by_the_sdk(slack, server):
    server.answers.append(Answer(hang_up=True))
    failure = refused(slack)
    assert (failure.permanent, failure.unsure) == (False, True)
    assert len(server.seen) == 1


def test_slack_marks_a_possible_copy_and_changes_nothing_else(slack, server):
    slack.send(parcel("slack", maybe_twice=True))
    body = server.seen[0].json()
    assert body["text"] == "【可能重复】厂房火灾"
    note, *rest = body["blocks"]
    assert "可能重复" in str(note) and rest == parcel("slack").body["blocks"]


@pytest.mark.parametrize("error", ["invalid_auth", "token_revoked", "missing_scope"])
def test_a_refused_token_is_told_of_at_once_and_tried_on(slack, server, error):
    server.answers.append(Answer(body=f'{{"ok": false, "error": "{error}"}}'))
    failure = refused(slack)
    assert (failure.setup, failure.permanent, failure.unsure, failure.retry_after) == (True, False, False, 30)


def test_its_button_opens_the_link_where_no_click_comes_back(slack, server):
    slack.send(parcel("slack"))
    [ack, _] = server.seen[0].json()["blocks"][-1]["elements"]
    assert (ack["url"], ack["value"], ack["action_id"]) == ("http://h.example/ack/t0ken/", "t0ken", "ack")


@pytest.mark.parametrize("heard", [{"app_token": "xapp-very-secret"}, {"signing_secret": "very-secret"}])
def test_its_button_acknowledges_at_once_where_clicks_come_back(server, heard):
    made("slack", server.url, **heard).send(parcel("slack"))
    [ack, look] = server.seen[0].json()["blocks"][-1]["elements"]
    assert "url" not in ack and ack["value"] == "t0ken"
    assert look["url"] == "http://h.example/events/7/"


def test_a_message_is_drawn_anew_where_it_stands(slack, server):
    slack.redraw("C1:1700000000.000100", {"text": "已确认", "blocks": []})
    [seen] = server.seen
    assert seen.path == "/chat.update"
    assert (seen.json()["channel"], seen.json()["ts"], seen.json()["text"]) == ("C1", "1700000000.000100", "已确认")
