"""Claim, send, settle: against real local servers, with the outcomes a night brings."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from alerts import outbox, paging
from alerts.channels.base import Secret
from alerts.models import Alert, Attempt, Delivery
from config.clock import real_now
from flow import delivery
from tests.alerts import ladders, rows
from tests.alerts.ladders import at
from tests.alerts.stand_ins import SLACK_OK, Answer

pytestmark = pytest.mark.django_db
NOW = at("10:00")


def told(ladder, **about) -> Delivery:
    return rows.network(rows.tell(ladder, **about)[0])


def make_due() -> None:
    """Let the waits pass."""
    Delivery.objects.filter(state__in=Delivery.UNSENT).update(next_try_at=real_now())


def wait_of(row: Delivery) -> int:
    row.refresh_from_db()
    return round((row.next_try_at - real_now()).total_seconds())


def test_a_waiting_delivery_is_sent_once_and_its_try_is_kept(ladder, server):
    row = told(ladder)
    assert delivery.send_all(ladder, NOW) == 1
    row.refresh_from_db()
    assert (row.state, row.receipt, row.provider_id, row.settled_at) == (
        "sent",
        "L2",
        "C1:1700000000.000100",
        NOW,
    )
    assert (row.lease_token, row.lease_until, row.attempts) == ("", None, 1)
    [attempt] = row.tries.all()
    assert (attempt.n, attempt.http, attempt.error) == (1, 200, "") and attempt.ended_at >= attempt.started_at
    assert delivery.send_all(ladder, NOW) == 0
    assert len(server.seen) == 1


def test_what_is_sent_is_the_body_written_with_the_alert(ladder, server):
    row = told(ladder)
    Alert.objects.update(title="changed since", text="changed since")
    delivery.send_all(ladder, NOW)
    said = server.seen[0].json()
    assert said.pop("metadata")["event_payload"] == {"key": row.key}
    assert said == {"channel": "C1", **row.body}


def test_a_passing_failure_is_tried_again_at_growing_waits(ladder, server):
    row = told(ladder)
    server.answers.extend([Answer(status=503)] * 6)
    waits = []
    for _ in range(6):
        make_due()
        assert delivery.send_one(ladder, "slack", NOW)
        waits.append(wait_of(row))
    assert waits == [1, 5, 15, 60, 300, 300]
    assert (row.state, row.reason, row.attempts) == ("waiting", "slack: HTTP 503", 6)
    make_due()
    delivery.send_all(ladder, NOW)
    row.refresh_from_db()
    assert (row.state, row.tries.count()) == ("sent", 7)


def test_a_provider_that_names_a_wait_is_given_it(ladder, server):
    row = told(ladder)
    server.answers.append(Answer(status=429, headers={"Retry-After": "40"}))
    delivery.send_all(ladder, NOW)
    assert wait_of(row) == 40


def test_a_final_failure_is_not_tried_again_and_people_are_told_by_the_console(ladder, server):
    row = told(ladder)
    server.answers.append(Answer(body='{"ok": false, "error": "channel_not_found"}'))
    delivery.send_one(ladder, "slack", NOW)
    row.refresh_from_db()
    assert (row.state, row.reason) == ("failed", "slack: channel_not_found")
    notice = Alert.objects.get(kind="system")
    assert "slack" in notice.title and "channel_not_found" in notice.text
    assert notice.deliveries.get(channel="console").address == "role:duty_officer"


def test_a_channel_that_refuses_everything_is_told_of_once_a_shift_and_not_in_circles(ladder, server):
    server.usual = Answer(body='{"ok": false, "error": "is_archived"}')
    for n in range(3):
        rows.tell(ladder, cause=f"event:{n}:opened:1")
    # Three alerts and the notice itself, which also goes to the broken channel.
    assert delivery.send_all(ladder, NOW) == 4
    assert Alert.objects.filter(kind="system").count() == 1
    assert set(Delivery.objects.filter(channel="slack").values_list("state", flat=True)) == {"failed"}


def test_a_channel_down_for_long_is_told_of_while_it_is_tried_on(ladder, server):
    told(ladder)
    server.usual = Answer(status=503)
    for tries in range(1, delivery.TROUBLE_AFTER + 1):
        assert not Alert.objects.filter(kind="system").exists(), tries
        make_due()
        delivery.send_one(ladder, "slack", NOW)
    assert Alert.objects.filter(kind="system").count() == 1


def test_it_gives_up_only_after_a_day_and_says_so(ladder, server):
    row = told(ladder)
    server.usual = Answer(status=503)
    delivery.send_one(ladder, "slack", NOW)
    Attempt.objects.update(started_at=real_now() - timedelta(hours=23, minutes=59))
    make_due()
    delivery.send_one(ladder, "slack", NOW)
    row.refresh_from_db()
    assert row.state == "waiting"
    Attempt.objects.filter(n=1).update(started_at=real_now() - timedelta(hours=24))
    make_due()
    delivery.send_one(ladder, "slack", NOW)
    row.refresh_from_db()
    assert row.state == "failed" and row.reason.startswith("24小时内未能送出")


def test_a_provider_that_took_it_without_answering_gets_it_again_marked_as_a_possible_copy(ladder, server):
    row = told(ladder)
    server.answers.append(Answer(hang_up=True))
    delivery.send_one(ladder, "slack", NOW)
    row.refresh_from_db()
    assert row.state == "unknown"
    make_due()
    delivery.send_one(ladder, "slack", NOW)
    row.refresh_from_db()
    assert row.state == "sent"
    first, second = (seen.json() for seen in server.seen)
    assert second["text"] == "【可能重复】" + first["text"] and second["blocks"][1:] == first["blocks"]


def test_the_mark_stays_when_a_plain_failure_comes_between(ladder, server):
    row = told(ladder)
    server.answers.extend([Answer(hang_up=True), Answer(status=503)])
    for _ in range(3):
        make_due()
        delivery.send_one(ladder, "slack", NOW)
    row.refresh_from_db()
    assert row.state == "sent"
    assert [seen.json()["text"].startswith("【可能重复】") for seen in server.seen] == [False, True, True]


def test_a_receiver_that_knows_copies_gets_the_same_bytes_under_the_same_id(server):
    ladder = ladders.with_channels(ladders.webhook(server.url))
    row = told(ladder)
    server.answers.append(Answer(hang_up=True))
    for _ in range(2):
        make_due()
        delivery.send_one(ladder, "webhook", NOW)
    row.refresh_from_db()
    assert row.state == "sent"
    first, second = server.seen
    assert first.body == second.body
    assert first.headers["X-Huiying-Delivery"] == second.headers["X-Huiying-Delivery"] == row.key


def test_acknowledged_before_it_was_sent_it_is_not_sent(ladder, server):
    row = told(ladder)
    paging.acknowledge(row.alert, None, NOW)
    assert delivery.send_all(ladder, NOW) == 0
    row.refresh_from_db()
    assert row.state == "cancelled" and server.seen == []


def test_acknowledged_while_a_try_fails_it_is_not_tried_again(ladder, server):
    row = told(ladder)
    server.answers.append(Answer(status=503))
    delivery.send_one(ladder, "slack", NOW)
    claimed = take(row)
    paging.acknowledge(row.alert, None, NOW)
    delivery.settle(claimed, delivery.DeliveryFailed("slack: HTTP 503"), ladder, NOW)
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("cancelled", 2)


def test_stood_down_while_its_sender_died_it_is_not_sent_again(ladder, server):
    event = rows.event()
    near = rows.milestone(rows.obligation(event))
    row = told(ladder, clock="12:00", kind="near", event_id=event.id, milestone_id=near.id)
    take(row)
    outbox.stand_down_obligations([near.obligation_id], NOW)
    assert delivery.take_back_expired(real_now() + timedelta(minutes=1)) == 1
    row.refresh_from_db()
    assert row.state == "cancelled" and "不再重发" in row.reason


def test_the_gravest_goes_first(ladder, server):
    told(ladder, cause="a", grade="一般")
    told(ladder, cause="b", grade="较大")
    told(ladder, cause="c", grade="重大")
    delivery.send_all(ladder, NOW)
    sent = Delivery.objects.filter(channel="slack", state="sent").order_by("tries__id")
    assert list(sent.values_list("alert__cause", flat=True)) == ["c", "b", "a"]


def test_over_its_rate_a_channel_queues_with_the_reason_and_keeps_its_share_for_the_gravest(server):
    ladder = ladders.with_channels(ladders.slack(server.url, per_minute=3, reserved=1))
    for n in range(5):
        told(ladder, cause=f"small:{n}", grade="一般")
    assert delivery.send_all(ladder, NOW) == 2
    queued = Delivery.objects.filter(channel="slack", state="waiting")
    assert queued.count() == 3
    assert {row.reason for row in queued} == {"限速：该渠道每分钟 2 条，已排队，未丢弃"}
    assert all(50 < wait_of(row) <= 60 for row in queued)
    told(ladder, cause="grave")
    assert delivery.send_all(ladder, NOW) == 1
    assert Delivery.objects.get(channel="slack", alert__cause="grave").state == "sent"


def test_queueing_the_small_does_not_delay_a_grave_one_that_waits_for_its_next_try(server):
    ladder = ladders.with_channels(ladders.slack(server.url, per_minute=3, reserved=2))
    grave = told(ladder, cause="grave")
    server.answers.append(Answer(status=503))
    delivery.send_one(ladder, "slack", NOW)
    told(ladder, cause="small", grade="一般")
    assert delivery.send_all(ladder, NOW) == 0
    assert wait_of(grave) <= 1 and wait_of(Delivery.objects.get(channel="slack", alert__cause="small")) > 50


def test_a_restarted_sender_remembers_what_was_sent_this_minute(server):
    told(ladders.with_channels(ladders.slack(server.url)), cause="a", grade="一般")
    delivery.send_all(ladders.with_channels(ladders.slack(server.url)), NOW)
    told(ladders.with_channels(ladders.slack(server.url)), cause="b", grade="一般")
    assert delivery.send_all(ladders.with_channels(ladders.slack(server.url, per_minute=1)), NOW) == 0


def test_a_mistake_inside_a_channel_neither_stops_the_queue_nor_shows_its_text(ladder, server):
    row = told(ladder)
    Delivery.objects.filter(id=row.id).update(body="not a body: very-secret")
    told(ladder, cause="b")
    assert delivery.send_all(ladder, NOW) == 2
    row.refresh_from_db()
    assert (row.state, row.reason) == ("unknown", "slack: 内部错误（TypeError）")
    assert Delivery.objects.get(channel="slack", alert__cause="b").state == "sent"


def test_an_idle_sender_looks_at_an_index_and_not_at_every_delivery_ever_sent():
    plan = delivery._due("slack").order_by("priority", "next_try_at", "id")[:1].explain()
    if connection.vendor == "sqlite":
        assert "USING INDEX delivery_due" in plan and "SCAN" not in plan


def test_what_waits_for_a_channel_that_was_switched_off_is_set_aside_with_the_reason(ladder):
    row = told(ladder)
    assert delivery.hold_switched_off(["webhook"]) == 1
    row.refresh_from_db()
    assert (row.state, row.reason) == ("held", "渠道未启用或缺少设置")
    assert Delivery.objects.filter(channel="console", state="sent").exists()


def take(row: Delivery) -> delivery.Claim:
    """Claim `row` as a sender would."""
    make_due()
    row.refresh_from_db()
    outlet = delivery.channel("slack", ladders.with_channels(ladders.slack("http://127.0.0.1:9/")))
    claimed = delivery.claim(row, outlet, delivery.throttle.Rate(per_minute=1000, reserved=0))
    assert claimed
    return claimed


def test_a_token_rotated_while_messages_wait_sends_them_with_the_new_one(server, monkeypatch, tmp_path):
    path = tmp_path / "token"
    path.write_text("xoxb-old-very-secret")
    monkeypatch.setenv("HUIYING_TEST_TOKEN_FILE", str(path))
    options = {**ladders.slack(server.url).options, "token": Secret("HUIYING_TEST_TOKEN")}
    ladder = ladders.with_channels(ladders.slack(server.url, options=options))
    row = told(ladder)
    server.rules = lambda seen: (
        SLACK_OK if seen.headers["Authorization"].endswith("new-very-secret") else Answer(body='{"ok":false,"error":"token_revoked"}')
    )
    delivery.send_one(ladder, "slack", NOW)
    row.refresh_from_db()
    assert (row.state, row.reason) == ("waiting", "slack: token_revoked")
    path.write_text("xoxb-new-very-secret")
    make_due()
    delivery.send_one(ladder, "slack", NOW)
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("sent", 2)
    kept = [*Delivery.objects.values(), *Attempt.objects.values(), *Alert.objects.values()]
    assert "very-secret" not in str(kept)
