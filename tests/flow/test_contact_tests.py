"""Everybody's own addresses are tried before the shift; what fails is told to 带班领导."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.models import Alert, Contact, Delivery, Shift
from config.clock import real_now
from console import inbox
from flow import contacts, delivery
from sla.engine import Unmet
from tests.alerts import ladders
from tests.alerts.stand_ins import Answer, HttpStandIn, running
from tests.console import city

pytestmark = pytest.mark.django_db
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def now():
    return real_now().replace(microsecond=0)


@pytest.fixture
def gateway():
    server = HttpStandIn(Answer(200, "{}"))
    with running(server):
        yield server


@pytest.fixture
def ladder(gateway):
    return ladders.with_channels(ladders.webhook(f"http://127.0.0.1:{gateway.server_address[1]}/"))


@pytest.fixture
def officer(now):
    """zhang begins in 40 minutes and has a telephone; li leads now."""
    zhang, li = city.person("zhang", "duty_officer"), city.person("li", "shift_leader")
    Shift.objects.create(user=zhang, role="duty_officer", starts_at=now + 40 * MINUTE, ends_at=now + 12 * HOUR)
    Shift.objects.create(user=li, role="shift_leader", starts_at=now - 3 * HOUR, ends_at=now + 12 * HOUR)
    Contact.objects.create(user=zhang, channel="webhook", address="13900000000")
    return zhang


def test_an_hour_before_the_shift_the_persons_own_address_is_tried_once(officer, ladder, gateway, now):
    for _ in range(3):
        contacts.run(ladder, now, held=False)
    [test] = Delivery.objects.all()
    assert (test.channel, test.address, test.user) == ("webhook", "13900000000", officer)
    delivery.send_all(ladder, now)
    [seen] = gateway.seen
    assert seen.json()["to"] == "13900000000" and "接班前测试" in seen.json()["title"]
    contact = Contact.objects.get()
    assert (contact.test_id, contact.test.state) == (test.pk, "sent")
    assert not Alert.objects.filter(level=2).exists(), "what works is told to nobody else"


def test_a_test_asks_nobody_to_acknowledge(officer, ladder, now):
    contacts.run(ladder, now, held=False)
    test = Alert.objects.get()
    assert test.escalates_at is None and not test.links.exists()
    assert inbox.count(officer) == 0


def test_too_early_nothing_is_tried_and_a_shift_that_goes_on_is_not_a_new_one(officer, ladder, now):
    contacts.run(ladder, now - 30 * MINUTE, held=False)
    assert not Delivery.objects.exists()
    Shift.objects.create(user=officer, role="duty_officer", starts_at=now - 11 * HOUR, ends_at=now + 40 * MINUTE)
    contacts.run(ladder, now, held=False)
    assert not Delivery.objects.exists()


def test_an_address_that_does_not_work_is_told_to_the_shift_leader_once(officer, ladder, gateway, now):
    gateway.usual = Answer(404, "{}")
    contacts.run(ladder, now, held=False)
    delivery.send_all(ladder, now)
    assert Delivery.objects.get(address="13900000000").state == "failed"
    for _ in range(2):
        contacts.run(ladder, now + MINUTE, held=False)
    [told] = Alert.objects.filter(cause__startswith="contact_test_failed:")
    assert told.level == 2 and "zhang的联系方式不通" in told.title and "13900000000：webhook" in told.text
    assert told.deliveries.filter(channel="console", address="user:li").exists() and told.escalates_at


def test_who_has_no_address_at_all_is_told_of_too(officer, ladder, now):
    qian = city.person("qian", "duty_officer")
    Shift.objects.create(user=qian, role="duty_officer", starts_at=now + 30 * MINUTE, ends_at=now + 12 * HOUR)
    contacts.run(ladder, now, held=False)
    told = Alert.objects.get(cause__startswith="contact_test_failed:")
    assert "qian" in told.title and "没有登记" in told.text


def test_where_nobody_uses_own_addresses_or_no_channel_is_on_nothing_is_said(officer, ladder, now):
    contacts.run(ladders.shipped(), now, held=False)
    contacts.run(replace(ladder, contact_test_before=timedelta(0)), now, held=False)
    Contact.objects.all().delete()
    contacts.run(ladder, now, held=False)
    assert not Alert.objects.exists()


def test_a_test_on_wish_goes_out_at_once_and_is_refused_where_the_channel_is_off(officer, ladder, gateway, now):
    contact = Contact.objects.get()
    contacts.test_now(contact, officer, ladder, now)
    delivery.send_all(ladder, now)
    contact.refresh_from_db()
    assert contact.test.state == "sent" and len(gateway.seen) == 1
    with pytest.raises(Unmet, match="未启用"):
        contacts.test_now(contact, officer, ladders.shipped(), now)


def test_the_standing_of_everybodys_addresses_is_known_without_asking(officer, ladder, gateway, now):
    li = city.person("li2", "duty_officer")
    both = [officer.pk, li.pk]
    assert contacts.standing(ladder, both) == {officer.pk: ("warn", "联系方式未测试"), li.pk: ("bad", "无本人联系方式")}
    contacts.run(ladder, now, held=False)
    assert contacts.standing(ladder, [officer.pk])[officer.pk] == ("warn", "联系方式未测完")
    delivery.send_all(ladder, now)
    assert contacts.standing(ladder, [officer.pk])[officer.pk] == ("good", "联系方式已测")
    Delivery.objects.update(state="failed")
    assert contacts.standing(ladder, [officer.pk])[officer.pk] == ("bad", "联系方式不通")
    assert contacts.standing(ladders.shipped(), both) == {}
