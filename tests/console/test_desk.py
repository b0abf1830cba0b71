"""The desk: what to do next, in time order, polled cheaply and acted on in place."""

from __future__ import annotations

import html as markup
import json
import re

import pytest
from django.test import Client, override_settings

from alerts.models import Alert, Shift
from config.clock import real_now
from flow.models import AuditEntry, Lease
from tests.console import city
from tests.console.city import HOUR

pytestmark = pytest.mark.django_db
QUERIES = 24  # one for each thing the desk shows (the rota's three tables and how far search is among them)
HTMX = {"HTTP_HX_REQUEST": "true"}


def live(client, **headers):
    return client.get("/desk/live/", **HTMX, **headers)


def rows(html: str, prefix: str) -> list[str]:
    return re.findall(rf'data-row="{prefix}-(\d+)"', html)


def test_an_unchanged_desk_is_304_and_a_change_is_sent(signed, scene, now):
    client = signed("duty_officer")
    first = live(client)
    again = live(client, HTTP_IF_NONE_MATCH=first["ETag"])
    assert first.status_code == 200 and again.status_code == 304 and not again.content
    assert again["X-Now"] and again["X-Speed"] == "1.0"
    city.alert(scene["card"], "near", now)
    changed = live(client, HTTP_IF_NONE_MATCH=first["ETag"])
    assert changed.status_code == 200 and changed["ETag"] != first["ETag"]


def test_the_page_itself_carries_the_version_it_shows(signed):
    client = signed("duty_officer")
    etag = markup.unescape(re.search(r"data-etag='([^']+)'", client.get("/").content.decode())[1])
    assert live(client, HTTP_IF_NONE_MATCH=etag).status_code == 304


def test_polling_writes_nothing(signed, scene, django_assert_max_num_queries):
    client = signed("duty_officer")
    with django_assert_max_num_queries(QUERIES) as asked:
        response = live(client)
    assert not [q["sql"] for q in asked.captured_queries if not q["sql"].startswith("SELECT")]
    assert "Set-Cookie" not in response


def test_the_number_of_queries_does_not_grow_with_the_city(signed, scene, now, django_assert_max_num_queries):
    for n in range(40):
        event = city.event(f"第 {n} 起事件", started=now - n * HOUR / 30)
        city.alert(event, "opened", now)
    client = signed("duty_officer")
    with django_assert_max_num_queries(QUERIES):
        assert live(client).status_code == 200


def test_events_stand_in_order_of_the_time_left(signed, scene):
    html = live(signed("duty_officer")).content.decode()
    crash, fire, card, done = (str(scene[name].pk) for name in ("crash", "fire", "card", "done"))
    assert rows(html, "event") == [crash, fire, card, done]
    assert "已超时" in html and "临近截止" in html and "进行中" in html and "按时履行" in html


def test_an_alert_is_acknowledged_in_place(signed, scene):
    client = signed("duty_officer")
    near = Alert.objects.get(kind="near")
    before = rows(live(client).content.decode(), "alert")
    response = client.post("/alerts/ack/", {"key": near.key}, **HTMX)
    assert response.status_code == 200
    assert str(near.pk) in before and str(near.pk) not in rows(response.content.decode(), "alert")
    near.refresh_from_db()
    assert near.acked_by == scene["duty_officer"]
    assert json.loads(response["HX-Trigger"])["say"]["text"].startswith("已确认收到")
    assert AuditEntry.objects.filter(action="alert.acknowledged", actor=scene["duty_officer"].username).exists()
    assert scene["fire"].obligations.filter(settled_at=None).count() == 2, "a clock never stops by acknowledging"


def test_acknowledging_ends_every_step_of_the_cause(signed, scene):
    signed("shift_leader").post("/alerts/ack/", {"key": "event:fire:opened:L2"}, **HTMX)
    assert Alert.objects.filter(cause="event:fire:opened", acked_at=None).count() == 0


def test_who_comes_second_is_told_who_was_first(signed, scene):
    signed("duty_officer").post("/alerts/ack/", {"key": "event:fire:opened:L1"}, **HTMX)
    response = signed("shift_leader").post("/alerts/ack/", {"key": "event:fire:opened:L2"}, **HTMX)
    assert scene["duty_officer"].username in json.loads(response["HX-Trigger"])["say"]["text"]
    assert Alert.objects.get(key="event:fire:opened:L2").acked_by == scene["duty_officer"]


def test_an_alert_that_is_gone_is_refused_in_words(signed):
    response = signed("duty_officer").post("/alerts/ack/", {"key": "no-such"}, **HTMX)
    said = json.loads(response["HX-Trigger"])["say"]
    assert said["mood"] == "bad" and "no-such" in said["text"]


def test_the_button_works_without_script_too(signed, scene):
    near = Alert.objects.get(kind="near")
    response = signed("duty_officer").post("/alerts/ack/", {"key": near.key}, follow=True)
    assert response.redirect_chain == [("/", 302)]
    assert "已确认收到" in response.content.decode()


@pytest.mark.parametrize("role", ["analyst", "admin"])
def test_who_may_not_acknowledge_has_no_button_and_is_refused(signed, scene, role):
    client = signed(role)
    assert "data-ack" not in client.get("/").content.decode()
    near = Alert.objects.get(kind="near")
    assert client.post("/alerts/ack/", {"key": near.key}, **HTMX).status_code == 403
    near.refresh_from_db()
    assert near.acked_at is None


def test_a_leader_sees_what_came_to_the_leader(signed, scene):
    html = live(signed("shift_leader")).content.decode()
    second = Alert.objects.get(key="event:fire:opened:L2")
    assert rows(html, "alert") == [str(second.pk)]
    assert "没有等您确认的告警" in live(signed("bureau_leader")).content.decode()


def test_what_was_addressed_to_the_last_shift_is_still_the_next_ones(scene, signed, now):
    left = city.person("gone", "duty_officer")
    Shift.objects.create(user=left, role="duty_officer", starts_at=now - 12 * HOUR, ends_at=now - HOUR)
    alert = city.alert(scene["card"], "opened", now - 2 * HOUR)
    alert.deliveries.filter(channel="console").update(address="user:gone")
    assert str(alert.pk) in rows(live(signed("duty_officer")).content.decode(), "alert")


def test_a_notice_addressed_to_a_leader_by_name_reaches_only_that_leader(scene, signed, now):
    notice = city.alert(scene["done"], "met", now, level=4)
    notice.deliveries.filter(channel="console").update(address=f"user:{scene['shift_leader'].username}")
    assert str(notice.pk) in rows(live(signed("shift_leader")).content.decode(), "alert")
    assert str(notice.pk) not in rows(live(signed("centre_head")).content.decode(), "alert")


def test_the_administrator_of_the_first_start_is_told_to_make_people(db):
    client = Client()
    client.force_login(city.person("admin", "admin"))
    assert "huiying createuser" in client.get("/").content.decode()
    city.person("li", "duty_officer")
    html = client.get("/").content.decode()
    assert "huiying createuser" not in html and "只查看，不处置告警" in html


def test_a_flood_of_small_alerts_does_not_hide_a_grave_one(signed, scene, now):
    for n in range(60):
        city.alert(scene["card"], "near", now + n * HOUR / 3600)
    html = live(signed("duty_officer")).content.decode()
    near = Alert.objects.get(kind="near", event=scene["fire"])
    assert str(near.pk) in rows(html, "alert")[:3]
    assert 'data-calling="63"' in html and "只列出最重的这些" in html


def test_the_badge_counts_affairs_not_steps(signed, scene):
    html = signed("duty_officer").get("/").content.decode()
    assert 'id="inbox-badge">3<' in html.replace(" hidden", "")


def test_silence_says_what_it_is_worth(db, now):
    client = Client()
    client.force_login(city.person("lone", "duty_officer"))
    html = client.get("/").content.decode()
    assert "没有等您确认的告警" in html and "引擎未运行" in html and "没有启用的信源" in html


def test_sources_that_fail_are_named(signed, scene):
    html = live(signed("duty_officer")).content.decode()
    assert "故障 1：三秦都市报" in html and "正常 2" in html


def test_the_desk_says_when_the_engine_has_stopped(signed, scene):
    client = signed("duty_officer")
    before = live(client)
    Lease.objects.update(ticked_at=real_now() - HOUR)
    after = live(client, HTTP_IF_NONE_MATCH=before["ETag"])
    assert "引擎未运行" in after.content.decode()


def test_proposals_and_releases_wait_where_they_can_be_handled(signed, scene):
    leader = live(signed("shift_leader")).content.decode()
    assert rows(leader, "prop") == [str(scene["fire"].pk)]
    assert len(rows(leader, "rel")) == 1
    assert rows(live(signed("duty_officer")).content.decode(), "rel") == [], "the drafter cannot review"


def test_a_poll_after_the_log_in_ended_is_401_not_a_log_in_page(scene):
    response = live(Client())
    assert response.status_code == 401 and "登录已失效" in response.content.decode()


def test_a_poll_in_a_drill_carries_its_clock(signed, monkeypatch, now):
    monkeypatch.setenv("HUIYING_DRILL_CLOCK", f"{now.timestamp()},{(now - 100 * HOUR).timestamp()},60")
    with override_settings(DRILL=True):
        response = live(signed("duty_officer"))
    assert response["X-Speed"] == "60.0"
    assert abs(int(response["X-Now"]) / 1000 - (now - 100 * HOUR).timestamp()) < 3600
