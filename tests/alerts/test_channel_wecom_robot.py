"""The WeCom group robot's contract (alerting.md §6.2): judged by errcode alone, 2048 bytes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.alerts import platforms
from tests.alerts.contract import LETTER, made, parcel, refused
from tests.alerts.platforms import said
from tests.alerts.stand_ins import Answer, HttpStandIn, running


@pytest.fixture
def server():
    server = HttpStandIn(Answer(), platforms.wecom_robot)
    with running(server):
        yield server


@pytest.fixture
def robot(server):
    return made("wecom_robot", server.url)


def test_it_takes_a_message_and_never_claims_more_than_l2(robot, server):
    assert robot.send(parcel("wecom_robot")).receipt == "L2"
    assert server.seen[0].path == "/cgi-bin/webhook/send?key=very-secret"
    assert set(server.seen[0].json()["text"]) == {"content"}, "nobody is mentioned"


@pytest.mark.parametrize(
    ("code", "permanent", "setup", "wait"),
    [(45009, False, False, 60), (45033, False, False, 5), (-1, False, False, 5), (40008, True, False, None), (93000, False, True, 30), (12345, True, False, None)],
)
def test_http_200_with_a_business_code_is_a_failure(robot, server, code, permanent, setup, wait):
    server.answers.append(said(errcode=code, errmsg="ok"))
    failure = refused(robot)
    assert (failure.permanent, failure.setup, failure.retry_after) == (permanent, setup, wait)


def test_a_long_text_is_shortened_and_keeps_its_links_even_marked(robot, server):
    robot.send(parcel("wecom_robot", replace(LETTER, text="火情通报😀" * 500), maybe_twice=True))
    content = server.seen[0].json()["text"]["content"]
    assert content.startswith("【可能重复】") and LETTER.ack_url in content and LETTER.page_url in content
    assert 1900 < len(content.encode()) <= 2048


def test_nothing_quoted_from_a_post_calls_a_member(robot, server):
    robot.send(parcel("wecom_robot", replace(LETTER, title="<@all>", text="<@zhang> 起火")))
    assert "<" not in server.seen[0].json()["text"]["content"]
