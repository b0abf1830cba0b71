"""An authorisation that ends is told of a week before, a day before and when it has ended; each once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.models import Alert
from archive.models import Source
from flow import authorisations
from tests.flow import city
from tests.sources import enabled

NOW = city.at("2026-11-23 12:00")


@pytest.fixture
def account(db) -> Source:
    return enabled(name="本局微博", kind="weibo", authorised_until=NOW + timedelta(days=30))


def titles(now) -> list[str]:
    authorisations.run(city.POLICY, now, held=False)
    authorisations.run(city.POLICY, now, held=False)  # twice is the same as once
    return list(Alert.objects.filter(stood_down_at=None, level=1).order_by("id").values_list("title", flat=True))


@pytest.mark.parametrize(
    ("left", "stage"),
    [(timedelta(days=8), ""), (timedelta(days=7), "week"), (timedelta(hours=25), "week"), (timedelta(days=1), "day"), (timedelta(), "over")],
)
def test_the_newest_reminder_is_the_one_that_is_due(left, stage):
    assert authorisations.stage(NOW + left, NOW) == stage


def test_three_reminders_and_the_next_authorisation_stands_them_down(account):
    assert titles(NOW) == []
    assert titles(NOW + timedelta(days=24)) == ["【授权将到期】本局微博 12月23日 12:00 到期"]
    assert len(titles(NOW + timedelta(days=29, hours=1))) == 2
    assert titles(NOW + timedelta(days=31))[-1] == "【授权已失效】本局微博 已停止读取"
    Source.objects.update(authorised_until=NOW + timedelta(days=61))
    assert titles(NOW + timedelta(days=31)) == []
    assert len(titles(NOW + timedelta(days=55))) == 1  # and it is reminded of in its turn


def test_a_source_that_is_switched_off_or_needs_none_is_left_alone(account):
    Source.objects.update(enabled=False)
    city.source("导入")
    assert titles(NOW + timedelta(days=40)) == []


def test_a_round_tells_it_to_whoever_is_on_duty(account):
    Source.objects.update(authorised_until=NOW, detail="授权已失效，请重新授权（21332）")
    city.play(NOW)
    alert = Alert.objects.get(kind="system", level=1)
    assert "21332" in alert.text and "重新授权" in alert.text
    assert {d.address for d in alert.deliveries.all()} == {"role:duty_officer"}
