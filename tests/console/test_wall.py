"""The wall: every running clock, most urgent first, and an honest nothing."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tests.console import city
from tests.console.city import HOUR

pytestmark = pytest.mark.django_db


def wall(client, **headers):
    return client.get("/wall/live/", HTTP_HX_REQUEST="true", **headers)


def shown(response) -> list[str]:
    return re.findall(r'data-clock="(\d+-K\d)"', response.content.decode())


def test_the_most_urgent_clock_stands_first(signed, scene):
    fire, crash, card = (scene[n].pk for n in ("fire", "crash", "card"))
    response = wall(signed("bureau_leader"))
    assert shown(response) == [f"{crash}-K1", f"{fire}-K1", f"{crash}-K2", f"{fire}-K2", f"{card}-K3"]


def test_a_state_is_told_in_word_and_shape(signed, scene):
    html = wall(signed("bureau_leader")).content.decode()
    for word, shape in (("已超时", "square"), ("临近截止", "triangle"), ("进行中", "ring")):
        assert re.search(rf'icons\.svg#{shape}"/></svg><span class="clock-word">{word}', html), word


def test_a_clock_that_was_met_is_seen_to_have_been_met(signed, scene):
    html = wall(signed("bureau_leader")).content.decode()
    assert "按时履行：发布权威信息" in html and "未央区一小区燃气闪爆" in html


def test_an_unchanged_wall_is_304_and_writes_nothing(signed, scene, django_assert_max_num_queries):
    client = signed("bureau_leader")
    first = wall(client)
    with django_assert_max_num_queries(12) as asked:
        again = wall(client, HTTP_IF_NONE_MATCH=first["ETag"])
    assert again.status_code == 304 and again["X-Now"]
    assert all(q["sql"].startswith("SELECT") for q in asked.captured_queries)


def test_more_than_fit_are_counted_and_urgent_ones_stay(signed, scene, now):
    for n in range(20):
        city.event(f"第 {n} 起", "重大", started=now)
    response = wall(signed("bureau_leader"))
    html = response.content.decode()
    assert shown(response)[0] == f"{scene['crash'].pk}-K1" and len(shown(response)) == 5
    assert html.count("<li") == 17 and "另有 28 项计时" in html


def test_nothing_running_states_what_that_is_worth(db):
    client = Client()
    client.force_login(city.person("leader", "bureau_leader"))
    html = wall(client).content.decode()
    assert "没有计时，但监测不完整" in html and "引擎未运行" in html
    city.engine_running()
    city.source("西安发布")
    html = wall(client).content.decode()
    assert "目前没有计时中的事项" in html and "正常 1" in html


def test_the_page_carries_the_servers_time(signed, now):
    html = signed("bureau_leader").get("/wall/").content.decode()
    given = int(re.search(r'data-now="(\d+)"', html)[1]) / 1000
    assert abs(given - now.timestamp()) < 60 and 'data-speed="1.0"' in html


def test_an_exempt_or_superseded_clock_is_not_on_the_wall(signed, scene, now):
    scene["crash"].obligations.filter(duty="K1").update(exempt_reason="依法不予公开，局领导批准")
    scene["fire"].obligations.filter(duty="K1").update(superseded_at=now - HOUR)
    keys = shown(wall(signed("bureau_leader")))
    assert f"{scene['crash'].pk}-K1" not in keys and f"{scene['fire'].pk}-K1" not in keys
