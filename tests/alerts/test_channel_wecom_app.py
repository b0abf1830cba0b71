"""The WeCom app's contract (alerting.md §6.2): tokens run out, success may be partial, a copy is delivered once."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from alerts.channels import wecom_app
from tests.alerts import platforms
from tests.alerts.contract import made, parcel, refused
from tests.alerts.platforms import said
from tests.alerts.stand_ins import Answer, HttpStandIn, running


@pytest.fixture
def platform():
    wecom_app._tokens.clear()
    return platforms.WecomApp()


@pytest.fixture
def server(platform):
    server = HttpStandIn(Answer(), platform)
    with running(server):
        yield server


@pytest.fixture
def app(server):
    return made("wecom_app", server.url)


def test_one_token_serves_many_messages_and_many_senders(app, server, platform):
    assert app.send(parcel("wecom_app")).provider_id == "msg-1"
    made("wecom_app", server.url).send(parcel("wecom_app"))
    assert platform.given == 1
    body = server.seen[1].json()
    assert (body["touser"], body["agentid"], body["msgtype"]) == ("zhang", 1000002, "text")
    assert (body["enable_duplicate_check"], body["duplicate_check_interval"]) == (1, 14400)


def test_a_token_that_ran_out_early_is_renewed_within_the_same_try(app, server, platform):
    app.send(parcel("wecom_app"))
    platform.token = "token-2-very-secret"
    app.send(parcel("wecom_app"))
    assert platform.given == 2 and len(server.seen) == 5


def test_a_token_that_never_works_ends_in_one_failure_and_not_in_circles(app, server):
    server.answers.extend([said(errcode=0, access_token="a", expires_in=7200), said(errcode=42001)] * 2)
    assert not refused(app).unsure
    assert len(server.seen) == 4


def test_a_resend_is_the_same_json_and_the_platform_delivers_it_once(app, platform):
    app.send(parcel("wecom_app"))
    app.send(parcel("wecom_app", maybe_twice=True))
    assert len(platform.delivered) == 1 and app.recognises_copies


def test_members_who_were_not_reached_are_named_though_the_code_is_0(app):
    sent = app.send(replace(parcel("wecom_app"), address="zhang|Nobody"))
    assert sent.missed == "未送到成员：nobody"


def test_all_members_invalid_is_final(app):
    with pytest.raises(wecom_app.DeliveryFailed) as caught:
        app.send(replace(parcel("wecom_app"), address="nobody"))
    assert (caught.value.permanent, caught.value.code) == (True, "81013")


def test_a_wrong_secret_is_told_of_and_tried_on_and_nowhere_shown(server, caplog):
    caplog.set_level(logging.DEBUG)
    failure = refused(made("wecom_app", server.url, secret="wrong-very-secret"))
    assert (failure.setup, failure.permanent, failure.code) == (True, False, "40001")
    assert "very-secret" not in caplog.text


def test_a_token_that_cannot_be_fetched_leaves_nothing_open(app, server):
    server.answers.append(Answer(hang_up=True))
    assert not refused(app).unsure, "no message was handed over"


@pytest.mark.parametrize(("code", "permanent", "wait"), [(45009, False, 60), (-1, False, 5), (40035, True, None)])
def test_http_200_with_a_business_code_is_a_failure(app, server, code, permanent, wait):
    app.send(parcel("wecom_app"))
    server.answers.append(said(errcode=code, errmsg="ok"))
    failure = refused(app)
    assert (failure.permanent, failure.retry_after) == (permanent, wait)
