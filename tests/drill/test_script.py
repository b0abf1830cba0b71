"""What the service makes of the drill's city when it is played to its noon: the story a stranger is shown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings

from analysis.models import Event, Reading
from archive.models import Source
from config.management.serving import readers
from crawlers.importing import import_file
from crawlers.posts import ParsedItem, save
from drill import script, vendor
from flow import rounds
from flow.models import Outcome
from flow.policy import load_policy
from sla.models import Obligation

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def start(at):
    return script.day_start(at("2026-11-23 09:00"))


@pytest.fixture
def played(start, tmp_path):
    """Everything said until 12:20, placed in one replayed round; the vendor's file came at its minute."""
    for feed in script.FEEDS:
        source = Source.objects.create(name=feed.name, kind="feed", outlet=feed.outlet, home="西安", url=f"http://127.0.0.1/{feed.slug}")
        said = [i for i in script.items(start) if i.feed == feed.slug] + script.noise(feed, 200)
        items = [
            ParsedItem(title=i.title, body=i.body, external_id=str(n), published_at=i.published(start))
            for n, i in enumerate(said)
        ]
        save(items, source, start + timedelta(minutes=200), live=False)
    handed_over = start + timedelta(minutes=script.VENDOR_FILE_AT)
    vendor.write(tmp_path / "export.xlsx", handed_over)
    import_file(tmp_path / "export.xlsx", handed_over)
    policy = load_policy(settings.POLICY)
    return rounds.play(policy, readers(policy), start + timedelta(minutes=200), replay=True, send=False)


def event_of(title: str) -> Event:
    return Reading.objects.get(post__title=title).event


def test_the_fire_is_one_grave_event_with_both_clocks_from_the_time_it_broke_out(played, at):
    (fire,) = Event.objects.filter(grade__in=["重大", "特别重大"])
    assert fire == event_of("西安灞桥区工厂火灾死亡人数上升至11人")
    assert (fire.grade, fire.type, fire.jurisdiction) == ("重大", "T13", "ours")
    due = dict(Obligation.objects.filter(event=fire, superseded_at=None).values_list("duty", "due_at"))
    assert due == {"K1": at("2026-11-23 13:40"), "K2": at("2026-11-24 08:40")}


def test_first_reports_and_the_rising_toll_are_in_the_same_event(played):
    told = ["灞桥区一塑料制品厂发生火灾 消防正在扑救", "西安灞桥区工厂火灾已致4人死亡", "西安灞桥区工厂火灾已致11人遇难"]
    assert {event_of(title) for title in told} == {event_of("西安灞桥区工厂火灾死亡人数上升至11人")}


def test_the_accident_elsewhere_owes_nothing(played):
    event = event_of("甘肃天水一高速路段多车相撞 已致3人死亡")
    assert event.jurisdiction == "elsewhere"
    assert not event.obligations.exists()


def test_the_rumour_owes_an_answer_and_is_not_grave(played):
    event = event_of("网传高新区一小学门口有人持刀抢孩子，大家接娃注意")
    assert event.grade in (None, "一般")
    assert [o.duty for o in event.obligations.filter(superseded_at=None)] == ["K3"]


def test_praise_owes_nothing(played):
    assert not event_of("点赞！雁塔民警跳入冰冷护城河救起落水老人").obligations.exists()


def test_ordinary_news_opens_no_event(played, start):
    ordinary = {item.title for feed in script.FEEDS for item in script.noise(feed, 200)}
    assert not Outcome.objects.filter(post__title__in=ordinary).exclude(kind="not_relevant").exists()


def test_nothing_of_the_city_is_set_aside(played):
    assert played["set_aside"] == 0
    assert played["read"] == Outcome.objects.count()
