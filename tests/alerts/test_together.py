"""Several alerts of one event at one moment are one message on each network address; none of them is lost."""

from __future__ import annotations

import pytest

from alerts import outbox, paging
from alerts.escalation import first_steps
from alerts.messages import Message
from alerts.models import Alert, Delivery
from config.clock import real_now
from tests.alerts import ladders, rows
from tests.alerts.ladders import at

pytestmark = pytest.mark.django_db
LADDER = ladders.with_channels(ladders.slack("http://127.0.0.1:9/"))


def plans(event, kind, grade="重大", clock="10:00"):
    return first_steps(
        f"event:{event.id}:{kind}:1", kind, Message(f"【{kind}】某厂房火灾", "等级：重大。"), grade=grade, at=at(clock),
        ladder=LADDER, on_duty={}, event_id=event.id,
    )[:-1]  # fmt: skip


def by_slack(**about):
    return Delivery.objects.filter(channel="slack", **about)


@pytest.fixture
def both():
    """`opened` and `confirm_grade` of one event, written together."""
    event = rows.event()
    rows.write([*plans(event, "opened"), *plans(event, "confirm_grade")])
    return [Alert.objects.get(kind=kind) for kind in ("opened", "confirm_grade")]


def test_one_message_speaks_for_all_and_the_others_say_where_they_went(both):
    carrier, other = (by_slack(alert=a).get() for a in both)
    assert (carrier.state, other.state) == ("waiting", "cancelled")
    assert other.carried_by == carrier and both[0].key in other.reason
    assert "同时告知（请在系统内另行确认）：【confirm_grade】某厂房火灾" in str(carrier.body)
    assert all(a.deliveries.get(channel="console").state == "sent" for a in both)


def test_levels_told_at_once_are_one_message_to_all_of_them():
    event = rows.event()
    rows.write(plans(event, "missed"))
    carrier = by_slack(state="waiting").get()
    assert carrier.alert.level == 3 and "值班员、带班领导、新闻中心主任" in str(carrier.body)
    assert by_slack(state="cancelled", carried_by=carrier).count() == 2


def test_two_events_of_one_moment_stay_two_messages():
    rows.write([p for event in (rows.event(), rows.event()) for p in plans(event, "opened")])
    assert by_slack(state="waiting").count() == 2


def test_acknowledging_the_one_that_spoke_lets_the_other_speak_for_itself(both):
    paging.acknowledge(both[0], None, at("10:01"))
    carrier, other = (by_slack(alert=a).get() for a in both)
    assert (carrier.state, other.state, other.carried_by) == ("cancelled", "waiting", None)


def test_when_the_event_is_over_neither_is_sent(both):
    outbox.stand_down_event(both[0].event_id, at("10:01"))
    assert set(by_slack().values_list("state", flat=True)) == {"cancelled"}


def test_who_read_the_message_has_heard_of_all_it_carried(both):
    by_slack(alert=both[0]).update(state="sent", attempts=1)
    assert ("slack", "C1") in [(r.channel, r.address) for r in outbox.heard(event=both[0].event_id)]


def test_a_replay_holds_each_as_before():
    event = rows.event()
    rows.write(plans(event, "missed"), replay=True)
    assert {(d.state, d.reason) for d in by_slack()} == {("held", "replay")}


def test_a_low_kind_at_night_waits_for_morning_with_the_reason_on_its_row():
    rows.tell(LADDER, "23:00", cause="source:3:silent:1", kind="source_silent", grade=None)
    row = by_slack().get(alert__kind="source_silent")
    assert row.state == "waiting" and row.reason == "夜间免打扰，11月24日 07:00 起发送"
    assert 7.9 < (row.next_try_at - real_now()).total_seconds() / 3600 <= 8
    rows.tell(LADDER, "23:00", cause="event:9:opened:1", grade="重大")
    assert by_slack(alert__kind="opened").get().reason == ""
