"""确认收到."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from alerts import acks, paging
from alerts.models import AckLink, Alert
from sla.models import Obligation
from tests.alerts import ladders, rows
from tests.alerts.ladders import at

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def ladder():
    return ladders.with_channels(ladders.webhook("http://127.0.0.1:9/"))


@pytest.fixture
def officer():
    return User.objects.create(username="zhang")


def token_in(alert: Alert) -> str:
    return rows.network(alert).body["ack_url"].split("/")[-2]


def refused(token, clock):
    with pytest.raises(acks.LinkRefused) as caught:
        acks.use(token, at(clock))
    return caught.value


def test_acknowledging_names_who_and_when_and_cancels_what_is_not_sent(ladder, officer):
    [alert] = rows.tell(ladder)
    paging.acknowledge(alert, officer, at("10:03"))
    assert (alert.acked_by, alert.acked_at) == (officer, at("10:03"))
    assert rows.network(alert).state == "cancelled"
    assert alert.deliveries.get(channel="console").state == "sent"


def test_acknowledging_one_step_acknowledges_the_whole_cause_and_no_other(ladder, officer):
    [first] = rows.tell(ladder)
    second = rows.escalate(first, ladder, "10:10")
    [other] = rows.tell(ladder, cause="event:0:opened:2")
    paging.acknowledge(second, officer, at("10:12"))
    first.refresh_from_db(), other.refresh_from_db()
    assert (first.acked_by, first.acked_at) == (officer, at("10:12"))
    assert other.acked_at is None


def test_the_first_name_stays_when_somebody_acknowledges_again(ladder, officer):
    [alert] = rows.tell(ladder)
    paging.acknowledge(alert, officer, at("10:03"))
    paging.acknowledge(alert, User.objects.create(username="li"), at("10:05"))
    assert (alert.acked_by, alert.acked_at) == (officer, at("10:03"))


def test_acknowledging_never_touches_the_clock(ladder, officer):
    event = rows.event()
    near = rows.milestone(rows.obligation(event))
    before = list(Obligation.objects.values())
    for alert in rows.tell(ladder, "12:00", kind="near", event_id=event.id, milestone_id=near.id):
        paging.acknowledge(alert, officer, at("12:01"))
    assert list(Obligation.objects.values()) == before


def test_a_link_acknowledges_once_and_without_a_log_in(ladder):
    [alert] = rows.tell(ladder)
    token = token_in(alert)
    assert acks.use(token, at("10:02")).acked_at == at("10:02")
    error = refused(token, "10:03")
    assert error.code == "used" and "10:02" in str(error)


def test_looking_at_a_link_uses_nothing_up(ladder):
    [alert] = rows.tell(ladder)
    token = token_in(alert)
    assert acks.look_up(token, at("10:01")).alert == alert == acks.look_up(token, at("10:02")).alert
    alert.refresh_from_db()
    assert alert.acked_at is None
    assert acks.use(token, at("10:02")).acked_at


def test_a_link_used_while_logged_in_names_the_person(ladder, officer):
    [alert] = rows.tell(ladder)
    assert acks.use(token_in(alert), at("10:02"), officer).acked_by == officer


def test_a_forged_link_and_one_of_another_installation_say_so(ladder):
    rows.tell(ladder)
    assert refused("nonsense", "10:02").code == "forged"
    AckLink.objects.all().delete()
    assert refused(acks.new_link(1, at("10:00"))[1].split("/")[-2], "10:02").code == "unknown"


def test_a_link_expires_after_a_day(ladder):
    [alert] = rows.tell(ladder)
    with pytest.raises(acks.LinkRefused) as caught:
        acks.use(token_in(alert), at("10:00", 24))
    assert caught.value.code == "expired"
    assert acks.use(token_in(alert), at("09:59", 24)).acked_at


def test_a_stale_link_has_no_effect_and_says_which_level_has_it_now(ladder):
    [first] = rows.tell(ladder)
    second = rows.escalate(first, ladder, "10:10")
    rows.escalate(second, ladder, "10:20")
    error = refused(token_in(first), "10:21")
    assert error.code == "stale" and "第 3 级" in str(error)
    first.refresh_from_db()
    assert first.acked_at is None and not AckLink.objects.filter(used_at__isnull=False).exists()


def test_the_newest_link_acknowledges_the_earlier_steps_too(ladder):
    [first] = rows.tell(ladder)
    second = rows.escalate(first, ladder, "10:10")
    acks.use(token_in(second), at("10:11"))
    first.refresh_from_db()
    assert first.acked_at == at("10:11")


def test_levels_told_at_the_same_moment_do_not_make_each_other_stale(ladder):
    first, second, third = rows.tell(ladder, "14:00", kind="missed")
    acks.use(token_in(first), at("14:01"))
    for alert in (second, third):
        alert.refresh_from_db()
        assert alert.acked_at == at("14:01")


def test_a_link_of_a_settled_matter_says_there_is_nothing_left_to_do(ladder):
    [alert] = rows.tell(ladder)
    Alert.objects.update(stood_down_at=at("11:00"))
    assert refused(token_in(alert), "11:01").code == "settled"


def test_whoever_answers_in_the_console_has_read_their_own_entry_and_no_message(ladder, officer):
    rows.shift("zhang", "duty_officer", at("08:00"))
    [alert] = rows.tell(ladder)
    acks.read_in_console(alert, officer)
    assert alert.deliveries.get(channel="console").receipt == "L4"
    assert rows.network(alert).receipt == "L0"


def test_a_link_raises_the_receipt_of_the_message_it_stood_in(ladder):
    [alert] = rows.tell(ladder)
    acks.use(token_in(alert), at("10:02"))
    assert rows.network(alert).receipt == "L4"
    assert alert.deliveries.get(channel="console").receipt == "L2"
