"""E-mail's contract: reply codes decide, and nothing of the server's words is kept."""

from __future__ import annotations

import email
import email.policy

import pytest

from tests.alerts.contract import closed_port, made, parcel, refused
from tests.alerts.stand_ins import SmtpStandIn, running


@pytest.fixture
def mail_server():
    server = SmtpStandIn()
    with running(server):
        yield server


@pytest.fixture
def mail(mail_server):
    return made("email", mail_server.port)



def test_mail_carries_the_chinese_words_and_an_id_of_its_own(mail, mail_server):
    sent = mail.send(parcel("email"))
    [raw] = mail_server.mails
    read = email.message_from_bytes(raw, policy=email.policy.default)
    assert read["Subject"] == "厂房火灾"
    assert read["To"] == "duty@example.cn" and read["From"] == "huiying@example.cn"
    assert read.get_content().startswith("等级：重大。")
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
    failure = refused(mail)
    assert (failure.permanent, failure.code) == (permanent, reply[:3])


def test_a_wrong_mail_password_is_not_shown_and_tried_seldom(mail_server):
    mail_server.replies["AUTH"] = "535 hunter-very-secret is wrong"
    outlet = made("email", mail_server.port, user="u", password="hunter-very-secret")
    failure = refused(outlet)
    assert (failure.setup, failure.permanent, failure.retry_after) == (True, False, 300)


def test_a_mail_server_without_encryption_is_refused_when_encryption_is_wanted(mail_server):
    outlet = made("email", mail_server.port, tls="starttls")
    assert refused(outlet).permanent
    assert mail_server.mails == []


def test_a_mail_server_hanging_up_after_the_data_leaves_it_open(mail, mail_server):
    mail_server.hang_up_after_data = True
    failure = refused(mail)
    assert (failure.unsure, failure.permanent) == (True, False)


def test_a_mail_server_not_reached_is_surely_not_sent():
    outlet = made("email", closed_port())
    failure = refused(outlet)
    assert (failure.unsure, failure.permanent) == (False, False)
