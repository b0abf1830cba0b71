"""Feishu's contract (alerting.md §6.4): seconds in the body, the secret in the HMAC's key, 20 KB in all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alerts.channels.feishu import sign
from tests.alerts import platforms
from tests.alerts.contract import LETTER, made, parcel, refused
from tests.alerts.platforms import said
from tests.alerts.stand_ins import Answer, HttpStandIn, running


@pytest.fixture
def server():
    server = HttpStandIn(Answer(), platforms.feishu("sign-very-secret"))
    with running(server):
        yield server


@pytest.fixture
def bot(server):
    return made("feishu", server.url)


def test_the_signature_hashes_nothing_with_time_and_secret_as_key():
    # openssl dgst -sha256 -mac HMAC over nothing, with the bytes of "1599360473\ndemo" as key
    assert sign("demo", 1599360473) == "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="


def test_a_platform_that_checks_time_and_signature_takes_it(bot, server):
    bot.send(parcel("feishu"))
    card = server.seen[0].json()["card"]
    assert card["header"]["title"]["content"] == "厂房火灾" and card["header"]["template"] == "orange"
    assert [b["url"] for b in card["elements"][1]["actions"]] == [LETTER.ack_url, LETTER.page_url]


def test_a_wrong_secret_is_told_of_and_tried_on(server):
    failure = refused(made("feishu", server.url, secret="another-very-secret"))
    assert (failure.setup, failure.permanent, failure.code) == (True, False, "19021")


@pytest.mark.parametrize(
    ("code", "permanent", "setup", "wait"),
    [(11232, False, False, 60), (9499, True, False, None), (19024, False, True, 30), (19022, False, True, 30), (5, True, False, None)],
)
def test_http_200_with_a_business_code_is_a_failure(bot, server, code, permanent, setup, wait):
    server.answers.append(said(code=code, msg="x"))
    failure = refused(bot)
    assert (failure.permanent, failure.setup, failure.retry_after) == (permanent, setup, wait)


def test_the_longest_text_of_the_worst_characters_stays_within_20_kb_even_marked(bot, server):
    letter = replace(LETTER, text='"\\\n😀' * 9000, title="题" * 200)
    bot.send(parcel("feishu", letter, maybe_twice=True))
    [seen] = server.seen
    assert 19_000 < len(seen.body) <= 20_000
    assert "可能重复" in str(seen.json()["card"]["elements"][0]) and LETTER.ack_url in seen.body.decode()
