"""Alerts and deliveries as rows: written once, whoever writes and however often."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.db import transaction
from django.urls import resolve

from alerts import outbox
from alerts.escalation import first_steps
from alerts.models import AckLink, Alert, Delivery, Shift
from alerts.roster import on_duty
from tests.alerts import ladders, rows
from tests.alerts.ladders import at

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def ladder():
    return ladders.with_channels(ladders.slack("http://127.0.0.1:9/"), ladders.webhook("http://127.0.0.1:9/"))


def plans(ladder, grade="重大"):
    return first_steps(
        "event:0:opened:1",
        "opened",
        rows.WORDS,
        grade=grade,
        at=at("10:00"),
        ladder=ladder,
        on_duty=on_duty(at("10:00")),
    )


def test_an_alert_is_written_with_all_its_deliveries(ladder):
    rows.shift("zhang", "duty_officer", at("08:00"))
    assert rows.write(plans(ladder)) == (1, 3)
    [alert] = Alert.objects.all()
    assert (alert.key, alert.level, alert.escalates_at) == ("event:0:opened:1:L1", 1, at("10:10"))
    assert list(
        alert.deliveries.values_list("channel", "address", "state", "receipt", "attempts").order_by("id")
    ) == [
        ("console", "user:zhang", "sent", "L2", 1),
        ("slack", "C1", "waiting", "L0", 0),
        ("webhook", "127.0.0.1", "waiting", "L0", 0),
    ]


def test_writing_twice_is_the_same_as_once(ladder):
    rows.write(plans(ladder))
    before = list(Delivery.objects.values_list("id", "key", "body"))
    assert rows.write(plans(ladder)) == (0, 0)
    assert list(Delivery.objects.values_list("id", "key", "body")) == before
    assert AckLink.objects.count() == 2


def test_nobody_on_duty_is_raised_once_per_shift_however_many_alerts(ladder):
    assert rows.write(plans(ladder)) == (2, 4)
    rows.tell(ladder, "11:00", cause="event:1:opened:1")
    assert Alert.objects.filter(kind="nobody_on_duty").count() == 1
    rows.tell(ladder, "20:30", cause="event:2:opened:1")
    assert Alert.objects.filter(kind="nobody_on_duty").count() == 2


def test_an_alert_rolled_back_with_its_cause_leaves_nothing(ladder):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        outbox.write(plans(ladder), at("10:00"))
        raise ZeroDivisionError
    assert not Alert.objects.exists() and not Delivery.objects.exists()


def test_a_replay_holds_what_would_leave_the_house(ladder):
    [alert] = rows.tell(ladder, replay=True)
    states = dict(alert.deliveries.values_list("channel", "state"))
    assert states == {"console": "sent", "slack": "held", "webhook": "held"}
    assert set(alert.deliveries.exclude(channel="console").values_list("reason", flat=True)) == {"replay"}


def test_a_body_holds_its_own_link_to_acknowledge_and_the_table_only_its_hash(ladder, settings):
    settings.PUBLIC_URL = "https://huiying.example.cn/"
    [alert] = rows.tell(ladder)
    url = alert.deliveries.get(channel="webhook").body["ack_url"]
    assert url.startswith("https://huiying.example.cn/ack/") and url.endswith("/")
    token = url.split("/")[-2]
    assert not AckLink.objects.filter(token_hash=token).exists()
    assert {link.expires_at for link in alert.links.all()} == {at("10:00", 24)}


def test_the_links_in_a_message_lead_to_pages_that_exist(ladder):
    event = rows.event()
    [alert] = rows.tell(ladder, event_id=event.id)
    body = alert.deliveries.get(channel="webhook").body
    page, ack = (resolve(urlsplit(body[name]).path) for name in ("page_url", "ack_url"))
    assert (page.url_name, page.kwargs) == ("event", {"event_id": event.id})
    assert ack.url_name == "ack"


def test_a_drill_is_marked_in_what_is_sent(ladder, settings):
    settings.DRILL = True
    [alert] = rows.tell(ladder)
    assert alert.deliveries.get(channel="webhook").body["title"].startswith("【演练】")


def test_the_longest_log_in_name_still_fits_its_key(ladder):
    rows.shift("张" * 150, "duty_officer", at("08:00"))
    rows.shift("张" * 149 + "三", "duty_officer", at("08:00"))
    [alert] = rows.tell(ladder, cause="e" * 100)
    keys = list(alert.deliveries.filter(channel="console").values_list("key", flat=True))
    assert len(set(keys)) == 2 and max(map(len, keys)) <= 200


def test_on_duty_is_whoever_has_the_shift_at_that_moment():
    rows.shift("zhang", "duty_officer", at("08:00"))
    rows.shift("li", "duty_officer", at("20:00"))
    gone = rows.shift("wang", "duty_officer", at("08:00"))
    gone.is_active = False
    gone.save()
    Shift.objects.create(
        user=Shift.objects.first().user, role="shift_leader", starts_at=at("08:00"), ends_at=at("09:00")
    )

    def names(clock, role="duty_officer"):
        return [p.name for p in on_duty(at(clock)).get(role, [])]

    assert (names("07:59"), names("08:00"), names("19:59"), names("20:00")) == (
        [],
        ["zhang"],
        ["zhang"],
        ["li"],
    )
    assert (names("08:30", "shift_leader"), names("09:00", "shift_leader")) == (["zhang"], [])


def test_a_settled_obligation_stands_its_alerts_down_and_leaves_other_clocks_alone(ladder):
    event = rows.event()
    k1, k2 = rows.obligation(event), rows.obligation(event, "K2")
    [opened] = rows.tell(ladder, event_id=event.id)
    near_k1 = rows.tell(
        ladder, "12:00", cause="o:1", kind="near", event_id=event.id, milestone_id=rows.milestone(k1).id
    )
    near_k2 = rows.tell(
        ladder, "12:00", cause="o:2", kind="near", event_id=event.id, milestone_id=rows.milestone(k2).id
    )
    assert outbox.stand_down_obligations([k1.id], at("13:00")) == len(near_k1) == 2
    for alert in (*near_k1, *near_k2, opened):
        alert.refresh_from_db()
    assert [a.stood_down_at for a in near_k1] == [at("13:00")] * 2
    assert opened.stood_down_at is None and near_k2[0].stood_down_at is None
    states = Delivery.objects.filter(alert__in=near_k1).values_list("channel", "state").distinct()
    assert set(states) == {("console", "sent"), ("slack", "cancelled"), ("webhook", "cancelled")}
    assert near_k2[1].deliveries.get(channel="slack").state == "waiting"


def test_a_closed_event_stands_everything_down_but_not_the_notice_that_says_so(ladder):
    event = rows.event()
    [opened] = rows.tell(ladder, event_id=event.id)
    [met] = rows.tell(ladder, "13:00", cause="obligation:1:met", kind="met", event_id=event.id)
    assert outbox.stand_down_event(event.id, at("13:00")) == 1
    opened.refresh_from_db(), met.refresh_from_db()
    assert opened.stood_down_at and met.stood_down_at is None
    assert met.deliveries.get(channel="slack").state == "waiting"


def test_a_source_that_speaks_again_stands_its_silence_down(ladder):
    rows.tell(ladder, cause="source:3:silent:1", kind="source_silent", grade=None)
    assert outbox.stand_down_cause("source:3:silent:", at("13:00")) == 1
    assert outbox.stand_down_cause("source:3:silent:", at("13:00")) == 0


def test_those_who_heard_are_those_whose_message_left_or_may_have_left(ladder):
    event = rows.event()
    near = rows.milestone(rows.obligation(event))
    rows.shift("zhang", "duty_officer", at("08:00"))
    rows.tell(ladder, event_id=event.id)
    alerts = rows.tell(
        ladder, "12:00", cause="o:1", kind="near", grade=None, event_id=event.id, milestone_id=near.id
    )
    assert [(r.channel, r.address) for r in outbox.heard([near.obligation_id], event.id)] == [
        ("console", "user:zhang")
    ]
    alerts[0].deliveries.filter(channel="slack").update(state="unknown", attempts=1)
    outbox.stand_down_obligations([near.obligation_id], at("13:00"))
    heard = outbox.heard([near.obligation_id], event.id)
    assert [(r.channel, r.address) for r in heard] == [("console", "user:zhang"), ("slack", "C1")]
