"""The replacement channel: started once, in time, and never where it had been addressed already."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from alerts import paging, replacing
from alerts.models import AckLink, Contact, Delivery
from config.clock import real_now
from flow import delivery
from tests.alerts import ladders, rows
from tests.alerts.ladders import at
from tests.alerts.stand_ins import Answer

pytestmark = pytest.mark.django_db
NOW = at("10:00")


@pytest.fixture
def ladder(server):
    """Slack is told first; the webhook stands in for it, e-mail for the webhook. Neither is in the levels."""
    ladder = ladders.with_channels(
        ladders.slack(server.url, fallback="webhook"), ladders.webhook(server.url, fallback="email"), ladders.email(9)
    )
    levels = tuple(replace(level, channels=("console", "slack")) for level in ladder.levels)
    return replace(ladder, levels=levels)


def one(ladder) -> Delivery:
    return rows.network(rows.tell(ladder)[0])


def stand_ins(row: Delivery) -> list[Delivery]:
    return list(Delivery.objects.filter(instead_of=row).order_by("id"))


def test_a_final_failure_starts_the_replacement_with_its_reason_on_the_row(ladder, server):
    row = one(ladder)
    server.answers.append(Answer(body='{"ok": false, "error": "channel_not_found"}'))
    delivery.send_one(ladder, "slack", NOW)
    [instead] = stand_ins(row)
    assert (instead.channel, instead.state, instead.alert_id, instead.priority) == ("webhook", "waiting", row.alert_id, row.priority)
    assert instead.instead_why == "Slack C1 未确认送达：slack: channel_not_found"
    assert instead.body["title"] == row.alert.title
    delivery.send_one(ladder, "webhook", NOW)
    instead.refresh_from_db()
    assert instead.state == "sent" and "channel_not_found" in instead.instead_why
    assert AckLink.objects.filter(delivery_key=instead.key).count() == 1


def test_an_unknown_outcome_starts_it_once_while_the_first_is_tried_on(ladder, server):
    row = one(ladder)
    server.answers.extend([Answer(hang_up=True), Answer(hang_up=True)])
    for _ in range(2):
        delivery.send_one(ladder, "slack", NOW)
        Delivery.objects.filter(id=row.id).update(next_try_at=real_now())
    row.refresh_from_db()
    assert row.state == "unknown" and [d.channel for d in stand_ins(row)] == ["webhook"]


def test_a_passing_failure_starts_nothing_until_it_has_failed_often(ladder, server):
    row = one(ladder)
    server.usual = Answer(status=503)
    for tries in range(1, delivery.TROUBLE_AFTER + 1):
        assert stand_ins(row) == [], tries
        Delivery.objects.filter(id=row.id).update(next_try_at=real_now())
        delivery.send_one(ladder, "slack", NOW)
    assert len(stand_ins(row)) == 1


@pytest.mark.parametrize(
    "answer", [Answer(body='{"ok": false, "error": "invalid_auth"}'), Answer(status=429, headers={"Retry-After": "600"})]
)
def test_a_refused_token_or_a_long_wait_starts_it_at_once_and_the_first_is_tried_on(ladder, server, answer):
    row = one(ladder)
    server.answers.append(answer)
    delivery.send_one(ladder, "slack", NOW)
    row.refresh_from_db()
    assert row.state == "waiting" and len(stand_ins(row)) == 1


def test_a_refused_token_is_told_of_at_once(ladder, server):
    row = one(ladder)
    server.answers.append(Answer(body='{"ok": false, "error": "token_revoked"}'))
    delivery.send_one(ladder, "slack", NOW)
    assert Delivery.objects.filter(alert__kind="system", channel="console").exists()
    row.refresh_from_db()
    assert 25 < (row.next_try_at - real_now()).total_seconds() <= 30


def test_where_the_other_channel_was_told_already_nobody_is_told_twice(ladder, server):
    both = replace(ladder, levels=tuple(replace(v, channels=("console", "slack", "webhook")) for v in ladder.levels))
    row = rows.tell(both)[0].deliveries.get(channel="slack")
    server.answers.append(Answer(body='{"ok": false, "error": "channel_not_found"}'))
    delivery.send_one(both, "slack", NOW)
    row.refresh_from_db()
    assert stand_ins(row) == [] and row.replaced_at == NOW
    assert Delivery.objects.filter(alert=row.alert, channel="webhook").count() == 1


def test_the_replacement_of_a_replacement_goes_on_and_never_back(ladder, server):
    row = one(ladder)
    server.answers.append(Answer(body='{"ok": false, "error": "channel_not_found"}'))
    server.answers.append(Answer(status=404))
    delivery.send_one(ladder, "slack", NOW)
    delivery.send_one(ladder, "webhook", NOW)
    [webhook] = stand_ins(row)
    [mail] = stand_ins(webhook)
    assert mail.channel == "email"
    assert replacing.start(mail.id, "x", ladder, NOW) == 0 and stand_ins(mail) == []


def test_without_a_named_one_the_levels_other_channels_take_over_in_their_order(server):
    ladder = ladders.with_channels(ladders.slack(server.url), ladders.email(9))
    row = one(replace(ladder, levels=tuple(replace(v, channels=("console", "slack")) for v in ladder.levels)))
    later = replace(ladder, levels=tuple(replace(v, channels=("console", "slack", "dingtalk", "email")) for v in ladder.levels))
    assert replacing.start(row.id, "x", later, NOW) == 1
    assert [d.channel for d in stand_ins(row)] == ["email"]


def test_a_sender_that_died_leaves_an_unknown_outcome_that_is_replaced_too(ladder):
    row = one(ladder)
    outlet = delivery.channel("slack", ladder)
    assert delivery.claim(row, outlet, delivery.throttle.Rate(per_minute=1000, reserved=0))
    delivery.take_back_expired(real_now() + timedelta(minutes=1))
    assert replacing.sweep(ladder, NOW) == 1 and replacing.sweep(ladder, NOW) == 0
    assert [d.channel for d in stand_ins(row)] == ["webhook"]


def test_what_was_acknowledged_is_not_replaced(ladder):
    row = one(ladder)
    paging.acknowledge(row.alert, None, NOW)
    assert replacing.start(row.id, "x", ladder, NOW) == 0


def test_a_person_is_told_at_their_own_address_on_the_other_channel(ladder):
    zhang = User.objects.create(username="zhang")
    Contact.objects.create(user=zhang, channel="webhook", address="13800000000")
    row = one(ladder)
    Delivery.objects.filter(id=row.id).update(user=zhang)
    assert replacing.start(row.id, "x", ladder, NOW) == 1
    [instead] = stand_ins(row)
    assert (instead.address, instead.user, instead.body["to"]) == ("13800000000", zhang, "13800000000")


def test_members_who_were_missed_though_the_code_said_success_are_told_otherwise(server):
    from alerts.channels import wecom_app
    from tests.alerts.platforms import WecomApp

    wecom_app._tokens.clear()
    server.rules = WecomApp()
    app = ladders.wecom_app(server.url, addresses=("zhang|gone",), fallback="email")
    ladder = ladders.with_channels(app, ladders.email(9))
    row = rows.tell(replace(ladder, levels=tuple(replace(v, channels=("console", "wecom_app")) for v in ladder.levels)))[0]
    row = row.deliveries.get(channel="wecom_app")
    delivery.send_one(ladder, "wecom_app", NOW)
    row.refresh_from_db()
    assert (row.state, row.reason, row.provider_id) == ("sent", "未送到成员：gone", "msg-1")
    assert [d.channel for d in stand_ins(row)] == ["email"]


def test_the_test_of_a_persons_address_is_not_replaced_by_another(ladder):
    row = rows.network(rows.tell(ladder, cause="contact_test:7:now", kind="system")[0])
    assert replacing.start(row.id, "x", ladder, NOW) == 0


def test_what_waited_on_a_channel_that_was_switched_off_is_told_by_another(ladder):
    row = one(ladder)
    levels = tuple(replace(v, channels=("console", "slack", "email")) for v in ladder.levels)
    left = replace(ladder, levels=levels, channels={n: c for n, c in ladder.channels.items() if n != "slack"})
    assert delivery.hold_switched_off(left.channels) == 1
    assert replacing.switched_off(left, NOW) == 1 and replacing.switched_off(left, NOW) == 0
    row.refresh_from_db()
    assert row.state == "held" and [d.channel for d in stand_ins(row)] == ["email"]


def test_an_affair_whose_words_rode_along_is_told_by_the_replacement_too(ladder):
    from alerts.models import Alert

    row = one(ladder)
    other = rows.tell(ladder, cause="event:0:near:1", kind="near")[0]
    carried = rows.network(other)
    Delivery.objects.filter(id=carried.id).update(carried_by=row, state="cancelled")
    assert replacing.start(row.id, "x", ladder, NOW) == 2
    told = Alert.objects.filter(deliveries__instead_of__isnull=False)
    assert {a.id for a in told} == {row.alert_id, other.id}


def test_a_channel_that_asks_to_wait_is_left_alone_by_its_other_messages_and_they_are_told_otherwise(ladder, server):
    first, second = one(ladder), rows.network(rows.tell(ladder, cause="event:0:opened:2")[0])
    server.answers.append(Answer(status=429, headers={"Retry-After": "600"}))
    delivery.send_one(ladder, "slack", NOW)
    assert not delivery.send_one(ladder, "slack", NOW) and len(server.seen) == 1
    second.refresh_from_db()
    assert second.reason == "渠道暂停使用：slack: HTTP 429" and (second.next_try_at - real_now()).total_seconds() > 590
    assert len(stand_ins(first)) == 1 and stand_ins(second) == []
    assert replacing.sweep(ladder, NOW) == 1
    assert [d.channel for d in stand_ins(second)] == ["webhook"]


def test_a_short_wait_rests_the_channel_and_replaces_nothing(ladder, server):
    one(ladder)
    second = rows.network(rows.tell(ladder, cause="event:0:opened:2")[0])
    server.answers.append(Answer(status=429, headers={"Retry-After": "7"}))
    delivery.send_one(ladder, "slack", NOW)
    second.refresh_from_db()
    assert second.reason == "渠道要求稍候：slack: HTTP 429" and replacing.sweep(ladder, NOW) == 0
    assert 5 < (second.next_try_at - real_now()).total_seconds() <= 7
