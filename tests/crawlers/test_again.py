"""What is met a second time, whoever brings it: counters measured, edits kept, a deletion followed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from archive.models import Change, Measurement, Post, PostVersion, Source
from crawlers import again
from crawlers.posts import ParsedItem, id_key, save
from tests.flow import city

NOW = city.at("2026-11-23 10:00")
ITEM = ParsedItem(title="南门外路灯", body="南门外路灯不亮已经三天", external_id="42", platform="weibo", reposts=3, published_at=NOW)
pytestmark = pytest.mark.django_db


@pytest.fixture
def vendor() -> Source:
    return city.source("舆情报告")


@pytest.fixture
def stored(vendor: Source) -> Post:
    save([ITEM], vendor, NOW, live=False)
    Post.objects.update(unread=False)
    Change.objects.all().delete()
    return Post.objects.get()


def bring(source: Source, minutes: int, *, live: bool = False, **changed) -> Post:
    save([replace(ITEM, **changed)], source, NOW + timedelta(minutes=minutes), live=live)
    return Post.objects.get()


def test_a_second_hand_over_with_other_counters_is_a_reading_of_them(vendor, stored) -> None:
    assert bring(vendor, 60, reposts=50, likes=7).reposts == 50
    row = Measurement.objects.get()
    assert (row.before, row.reposts, row.comments, row.likes, row.warmed) == ([3, 0, 0, 0], 50, 0, 7, False)
    assert Change.objects.count() == 1  # search asks for reposts
    bring(vendor, 120, reposts=50, likes=7)
    assert Measurement.objects.count() == 1  # nothing moved


def test_a_source_that_does_not_count_changes_nothing_and_readings_keep_their_distance(vendor, stored) -> None:
    assert bring(vendor, 60, reposts=0).reposts == 3 and not Measurement.objects.exists()
    bring(vendor, 61, reposts=10)
    assert bring(vendor, 63, reposts=11).reposts == 10  # two minutes later: too soon
    assert bring(vendor, 67, reposts=12).reposts == 12


def test_an_edit_is_a_version_only_when_its_own_source_shows_it_live(vendor, stored) -> None:
    bring(vendor, 60, body="南门外路灯已修复")  # a file may be cut or old
    bring(city.source("别的来源"), 60, live=True, body="别人的说法")
    assert not PostVersion.objects.exists()
    for minutes in (60, 70):
        bring(vendor, minutes, live=True, body="南门外路灯已修复，电话 13912345678")
    assert PostVersion.objects.get().body == "南门外路灯已修复，电话 139****5678"
    bring(vendor, 80, live=True, body="南门外路灯不亮…")
    assert PostVersion.objects.count() == 1 and Post.objects.get().body == ITEM.body


def test_a_page_that_changes_at_every_reading_does_not_grow_for_ever(vendor, stored) -> None:
    for n in range(again.VERSIONS + 5):
        bring(vendor, n, live=True, body=f"在线人数 {n}")
    assert PostVersion.objects.count() == again.VERSIONS


def test_what_was_withdrawn_is_not_brought_back(vendor, stored) -> None:
    assert again.withdraw([id_key("weibo", "42"), id_key("weibo", "43")], NOW) == 1
    post = bring(vendor, 60, live=True, body="又出现了", reposts=99)
    assert post.withdrawn_at == NOW and post.reposts == 3
    assert not PostVersion.objects.exists() and not Measurement.objects.exists()
