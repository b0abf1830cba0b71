"""Counters that rise after a post was placed warm its event from when they were read."""

from __future__ import annotations

from datetime import timedelta

import pytest

from analysis.models import Event
from archive.models import Change, Measurement, Post
from crawlers import again
from crawlers.metrics import Counts
from flow import regroup, warmth
from flow.placing import Placer
from tests.flow import city

NOW = city.at("2026-11-23 10:00")
pytestmark = pytest.mark.django_db


@pytest.fixture
def placer():
    warmth.forget()
    return Placer(city.POLICY.edition, city.READERS.here)


@pytest.fixture
def fire(placer) -> Event:
    city.post(*city.FIRE, when="2026-11-23 09:30", reposts=3)
    city.play(NOW, placer)
    return Event.objects.get()


def counted(now, **counts) -> None:
    again.measure([(Post.objects.get(), Counts(**counts))], now)


def test_reposts_that_come_later_make_the_event_hotter_and_search_sees_them(fire, placer):
    Change.objects.all().delete()
    counted(NOW + timedelta(minutes=10), reposts=5000, likes=20)
    city.play(NOW + timedelta(minutes=11), placer)
    hot = Event.objects.get()
    assert hot.heat_index > fire.heat_index and hot.heat == "yellow" and "转发" in hot.heat_parts["reason"]
    assert hot.posts == fire.posts == 1 and Measurement.objects.get().warmed
    assert Change.objects.filter(post=Post.objects.get()).exists()


def test_the_same_reading_warms_once(fire, placer):
    counted(NOW + timedelta(minutes=10), reposts=500)
    city.play(NOW + timedelta(minutes=11), placer)
    warm = Event.objects.get().heat_index
    city.play(NOW + timedelta(minutes=12), placer)
    assert Event.objects.get().heat_index == warm


def test_growth_counts_from_when_it_was_read_and_a_loss_takes_nothing_back(fire, placer):
    later = NOW + timedelta(hours=20)
    counted(later, reposts=500)
    city.play(later + timedelta(minutes=1), placer)
    warm = Event.objects.get()
    hour = str(int(later.timestamp() // 3600))
    assert warm.heat_parts["hours"][hour] > 0
    counted(later + timedelta(minutes=2), reposts=10)
    city.play(later + timedelta(minutes=3), placer)
    assert Event.objects.get().heat_index == pytest.approx(warm.heat_index, rel=0.01)
    assert [(m.before[0], m.reposts) for m in Measurement.objects.order_by("id")] == [(3, 500), (500, 10)]


def test_a_post_that_is_still_unread_is_placed_with_its_newest_counters(placer):
    city.post(*city.FIRE, when="2026-11-23 09:30")
    counted(NOW, reposts=5000)
    city.play(NOW + timedelta(minutes=1), placer)
    event = Event.objects.get()
    assert event.heat_parts["reposts"] == pytest.approx(5000, rel=0.1) and Measurement.objects.get().warmed


def test_an_event_counted_anew_by_a_person_is_not_warmed_twice(fire, placer):
    counted(NOW + timedelta(minutes=10), reposts=5000)
    regroup._save(fire, regroup.Affair(fire, before=(fire.grade, fire.provisional)))
    assert Measurement.objects.get().warmed
