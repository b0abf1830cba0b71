"""DingTalk's contract (alerting.md §6.3): milliseconds and a signature in the address; HTTP 200 says little."""

from __future__ import annotations

import pytest

from alerts.channels.dingtalk import sign
from tests.alerts import platforms
from tests.alerts.contract import made, parcel, refused
from tests.alerts.platforms import said
from tests.alerts.stand_ins import Answer, HttpStandIn, running


@pytest.fixture
def server():
    server = HttpStandIn(Answer(), platforms.dingtalk("SEC-very-secret"))
    with running(server):
        yield server


@pytest.fixture
def robot(server):
    return made("dingtalk", server.url)


def test_the_signature_is_what_openssl_makes_of_the_documented_rule():
    # printf '1577262236757\nthis is secret' | openssl dgst -sha256 -hmac "this is secret" -binary | base64
    assert sign("this is secret", 1577262236757) == "hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM="


def test_a_platform_that_checks_time_and_signature_takes_it(robot, server):
    assert robot.send(parcel("dingtalk")).receipt == "L2"
    content = server.seen[0].json()["text"]["content"]
    assert "厂房火灾" in content and "http://h.example/ack/t0ken/" in content
    assert "access_token=very-secret&timestamp=" in server.seen[0].path


def test_a_robot_without_a_secret_signs_nothing(server):
    server.rules = None
    server.usual = said(errcode=0, errmsg="ok")
    made("dingtalk", server.url, secret=None).send(parcel("dingtalk"))
    assert server.seen[0].path.endswith("access_token=very-secret")


def test_a_wrong_secret_is_told_of_and_tried_on(server):
    failure = refused(made("dingtalk", server.url, secret="another-very-secret"))
    assert (failure.setup, failure.permanent, failure.code) == (True, False, "310000")


@pytest.mark.parametrize(
    ("code", "permanent", "wait"),
    [(130101, False, 600), (-1, False, 5), (400105, True, None), (777, True, None), ("x", True, None)],
)
def test_http_200_with_a_business_code_is_a_failure(robot, server, code, permanent, wait):
    server.answers.append(said(errcode=code, errmsg="send too fast, exceed 20 times per minute"))
    failure = refused(robot)
    assert (failure.permanent, failure.unsure, failure.retry_after) == (permanent, False, wait)


def test_a_possible_copy_is_marked(robot, server):
    robot.send(parcel("dingtalk", maybe_twice=True))
    assert server.seen[0].json()["text"]["content"].startswith("【可能重复】")
