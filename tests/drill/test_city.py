"""The made-up city answers like real outlets do."""

from __future__ import annotations

from datetime import timedelta
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from crawlers import feeds
from drill import city, script


class Clock:
    """The drill's time, moved by hand."""

    def __init__(self, start):
        self.start, self.minute = start, 0.0

    def __call__(self):
        return self.start + timedelta(minutes=self.minute)


@pytest.fixture
def clock(at):
    return Clock(script.day_start(at("2026-11-23 15:30")))


@pytest.fixture
def outlets(clock):
    made = city.open_city(clock.start, clock)
    yield {outlet.feed.slug: outlet for outlet in made}
    for outlet in made:
        outlet.shutdown()
        outlet.server_close()


def titles(outlet) -> list[str]:
    with urlopen(f"{outlet.url}/feed") as answer:
        parsed = feeds.parse(answer.read(), url=outlet.url, content_type=answer.headers["Content-Type"])
    assert not parsed.error
    assert not parsed.refused
    return [item.title for item in parsed.items]


def test_the_drill_begins_at_nine_whatever_the_hour(clock, at):
    assert clock.start == at("2026-11-23 09:00")


@pytest.mark.parametrize("slug", [feed.slug for feed in script.FEEDS])
def test_our_own_reader_understands_every_outlet(outlets, clock, slug):
    clock.minute = 80
    assert len(titles(outlets[slug])) > 10


def test_an_item_appears_when_its_minute_has_come_and_not_before(outlets, clock):
    clock.minute = 17.9
    assert "西安灞桥区工厂火灾死亡人数上升至11人" not in titles(outlets["wanbao"])
    clock.minute = 18.1
    assert "西安灞桥区工厂火灾死亡人数上升至11人" in titles(outlets["wanbao"])


def test_an_unchanged_feed_is_answered_with_304(outlets, clock):
    clock.minute = 10
    address = outlets["rongmei"].url + "/feed"
    with urlopen(address) as answer:
        etag = answer.headers["ETag"]
    with pytest.raises(HTTPError) as unchanged:
        urlopen(Request(address, headers={"If-None-Match": etag}))
    assert unchanged.value.code == 304


def test_one_outlet_falls_silent_for_a_while(outlets, clock):
    clock.minute = 150
    with pytest.raises(HTTPError) as down:
        urlopen(outlets["zhongnan"].url + "/feed")
    assert down.value.code == 503
    clock.minute = 230
    assert titles(outlets["zhongnan"])


def test_every_scripted_item_belongs_to_an_outlet_and_none_calls_itself_a_drill(clock):
    slugs = {feed.slug for feed in script.FEEDS}
    for item in script.items(clock.start):
        assert item.feed in slugs
        assert "演练" not in item.title + item.body
