"""Many posts and several alerts of one event in one tick are one message; nothing of it is lost from sight."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alerts.models import Alert, Delivery
from flow import intake, watch
from flow.placing import Placer
from tests.alerts import ladders
from tests.flow.city import FIRE, POLICY, READERS, at, post

pytestmark = pytest.mark.django_db
LADDER = ladders.with_channels(ladders.slack("http://127.0.0.1:9/"))
WITH_SLACK = replace(POLICY, ladder=LADDER)


def tick(now):
    intake.run(Placer(POLICY.edition, READERS.here), READERS, WITH_SLACK, at(now), replay=True, held=False)
    watch.run(WITH_SLACK, at(now), held=False)


def waiting():
    return Delivery.objects.filter(channel="slack", state="waiting").exclude(alert__kind="nobody_on_duty")


def test_many_posts_of_one_event_in_a_tick_make_one_message():
    for n in range(8):
        post(FIRE[0], FIRE[1], f"2026-11-23 09:0{n}", outlet="media", site=f"媒体{n}")
    tick("2026-11-23 09:08")
    assert Alert.objects.get(kind="opened").event.posts == 8
    assert [d.alert.kind for d in waiting()] == ["opened"]


def test_two_questions_about_one_event_in_a_tick_make_one_message_and_two_rows():
    title, body = FIRE[0].replace("灞桥区", ""), FIRE[1].replace("西安市灞桥区", "")
    post(title, body, "2026-11-23 09:00", outlet="media", site="华商网")
    tick("2026-11-23 09:05")
    assert set(Alert.objects.exclude(kind="nobody_on_duty").values_list("kind", flat=True)) == {"opened", "confirm_grade"}
    carrier = waiting().get()
    assert "同时告知" in str(carrier.body)
    other = Delivery.objects.get(channel="slack", carried_by=carrier)
    assert other.state == "cancelled" and "已并入一条消息" in other.reason


def test_a_deadline_told_to_three_levels_at_once_is_one_message_to_their_common_group():
    post(*FIRE, "2026-11-23 09:00", outlet="media", site="华商网")
    tick("2026-11-23 09:05")
    Delivery.objects.filter(channel="slack").update(state="sent")
    tick("2026-11-23 13:00")
    missed = Alert.objects.filter(kind="missed", milestone__obligation__duty="K1")
    assert sorted(missed.values_list("level", flat=True)) == [1, 2, 3]
    assert waiting().filter(alert__in=missed).count() == 1
