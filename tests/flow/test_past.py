"""What a back-fill brings is read for search and reports; it opens no event, starts no clock, tells nobody."""

from __future__ import annotations

import pytest

from alerts.models import Alert
from analysis.models import Correction, Event, Reading
from archive.models import Change, Post
from flow import past, rereading
from flow.models import AuditEntry, Outcome
from sla.models import Obligation
from tests.flow import city
from tests.flow.city import FIRE, READERS, at, play, post

pytestmark = pytest.mark.django_db
NOW = at("2026-11-23 12:00")
EVER = at("2020-01-01 00:00")


def test_a_grave_post_of_the_past_is_read_and_raises_nothing():
    post(*FIRE, "2026-11-23 09:00", outlet="media", site="华商网", past=True)
    counts = play(NOW)
    assert (counts["kept"], counts["read"], counts["opened"], counts["alerts"]) == (1, 1, 0, 0)
    assert not Event.objects.exists() and not Alert.objects.exists() and not Obligation.objects.filter(event__isnull=False).exists()
    reading = Reading.objects.get()
    assert reading.tier != "none" and reading.type and reading.event_id is None
    assert Outcome.objects.get().kind == "kept" and not Post.objects.get().unread


def test_the_same_news_arriving_today_still_opens_its_event():
    post(*FIRE, "2026-11-20 09:00", outlet="media", site="华商网", past=True)
    play(NOW)
    post(*FIRE, "2026-11-23 09:00", outlet="media", site="华商报")
    assert play(at("2026-11-23 12:01"))["opened"] == 1


def test_what_happens_now_goes_first_and_the_past_comes_in_portions(monkeypatch):
    monkeypatch.setattr(past, "MOST", 2)
    for n in range(5):
        post(f"去年的第{n}条消息", when="2025-11-23 09:00", past=True)
    post(*FIRE, "2026-11-23 09:00", outlet="media", site="华商网")
    counts = play(NOW)
    assert counts["opened"] == 1 and counts["read"] == 3
    play(NOW)
    play(NOW)
    assert Outcome.objects.count() == 6


def test_a_post_of_the_past_that_cannot_be_read_is_set_aside(monkeypatch):
    post("坏的一条", past=True)
    with monkeypatch.context() as m:
        m.setattr(type(READERS.here), "read", lambda self, text: 1 / 0)
        assert past.run(READERS, NOW)["set_aside"] == 1
    assert "ZeroDivisionError" in Outcome.objects.get().error


# --- read again ---


def test_posts_are_read_again_without_touching_events_or_telling_anybody():
    post(*FIRE, "2026-11-23 09:00", outlet="media", site="华商网")
    post("今天天气晴朗适合出游", when="2026-11-23 09:10")
    play(NOW)
    Reading.objects.update(version="旧版", tier="none", type="")
    event, alerts = Event.objects.values().get(), Alert.objects.count()
    Change.objects.all().delete()
    counts = rereading.run(rereading.chosen(EVER, NOW), READERS, "wang", NOW)
    assert counts["read"] == counts["changed"] == 2 and counts["relevant"] == 1
    assert set(Reading.objects.values_list("version", flat=True)) != {"旧版"}
    assert Reading.objects.get(event__isnull=False).tier != "none"
    assert Event.objects.values().get() == event and Alert.objects.count() == alerts
    assert Change.objects.count() == 2  # search follows
    assert AuditEntry.objects.get(action="reading.again").data["changed"] == 2
    again = rereading.run(rereading.chosen(EVER, NOW), READERS, "wang", NOW)
    assert again["read"] == 2 and again["changed"] == 0


def test_a_trial_run_counts_and_writes_nothing():
    post(*FIRE, "2026-11-23 09:00")
    play(NOW)
    Reading.objects.update(version="旧版", tier="none")
    assert rereading.run(rereading.chosen(EVER, NOW), READERS, "wang", NOW, dry_run=True)["changed"] == 1
    assert Reading.objects.get().version == "旧版"
    assert not AuditEntry.objects.filter(action="reading.again").exists()


def test_what_a_person_corrected_what_is_withdrawn_and_what_is_an_excerpt_stay_as_they_are():
    made = [post(f"{FIRE[0]}{n}", FIRE[1], "2026-11-23 09:00") for n in range(4)]
    play(NOW)
    user = city.user("fen", "analyst")
    Correction.objects.create(post=made[0], by=user, at=NOW, tier="none", reason="不是", before={})
    Post.objects.filter(pk=made[1].pk).update(withdrawn_at=NOW)
    Post.objects.filter(pk=made[2].pk).update(excerpted_at=NOW)
    assert list(rereading.chosen(EVER, NOW)) == [made[3]]


def test_only_when_asked_does_what_is_relevant_now_go_through_the_intake_again():
    post(*FIRE, "2026-11-23 09:00", outlet="media", site="华商网", past=True)
    play(NOW)
    assert not Event.objects.exists()
    counts = rereading.run(rereading.chosen(EVER, NOW), READERS, "wang", NOW, alert=True)
    assert counts["again"] == 1
    assert play(at("2026-11-23 12:05"))["opened"] == 1
    assert Alert.objects.filter(kind="opened").exists() and Outcome.objects.get().kind == "opened"
