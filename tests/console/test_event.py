"""The event page: why this grade, what runs, who was told, and what people do about it."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from analysis.models import Event
from console import brief, clocks, dossier
from tests.console import city
from tests.console.city import HOUR

pytestmark = pytest.mark.django_db


def grade(client, event, grade, reason="交警支队核实", **more):
    return client.post(f"/events/{event.pk}/grade/", {"grade": grade, "reason": reason, **more})


def test_it_says_why_this_grade_and_links_the_evidence(signed, scene):
    html = signed("duty_officer").get(f"/events/{scene['fire'].pk}/").content.decode()
    assert "暂按" in html and "493号令第三条 重大：死亡 10 人以上" in html
    assert f'<q>已造成11人死亡</q> <a href="/posts/{scene["first"].pk}/">' in html


def test_it_shows_clocks_facts_folds_alerts_and_timeline(signed, scene):
    html = signed("duty_officer").get(f"/events/{scene['fire'].pk}/").content.decode()
    assert "K1 发布权威信息" in html and "K2 召开新闻发布会" in html and "按首发信息" in html
    assert "11 人" in html and "6 至 9 人（说法不一）" in html and "3000 万元以上" in html
    assert "同文 6 条" in html and html.count('class="post"') == 2
    assert "值班员（岗位）" in html and "第 1 次：HTTP 500" in html and "无人确认，已上报" in html
    assert "首条信息发布" in html


def test_a_figure_that_was_corrected_stays_visible(signed, scene):
    Event.objects.filter(pk=scene["fire"].pk).update(facts={**scene["fire"].facts, "superseded": ["4人死亡"]})
    html = signed("duty_officer").get(f"/events/{scene['fire'].pk}/").content.decode()
    assert "已被更正" in html and "<q>4人死亡</q>" in html


def test_the_copies_of_a_fold_open_on_demand(signed, scene):
    path = f"/events/{scene['fire'].pk}/folds/{scene['first'].fold.pk}/"
    assert signed("duty_officer").get(path).content.decode().count("<li>") == 6


def test_an_unchanged_event_is_304(signed, scene):
    client = signed("duty_officer")
    path = f"/events/{scene['fire'].pk}/live/"
    first = client.get(path, HTTP_HX_REQUEST="true")
    assert client.get(path, HTTP_HX_REQUEST="true", HTTP_IF_NONE_MATCH=first["ETag"]).status_code == 304
    assert 'hx-swap-oob="innerHTML"' in first.content.decode()


def test_a_large_event_costs_no_more_queries(signed, scene, now, django_assert_max_num_queries):
    for n in range(60):
        city.post(scene["fire"], f"第 {n} 条", f"正文 {n}", now - HOUR)
        city.alert(scene["fire"], "near", now)
    client = signed("duty_officer")
    with django_assert_max_num_queries(32):
        html = client.get(f"/events/{scene['fire'].pk}/").content.decode()
    assert "第 1 页，共 4 页" in html


def test_confirming_a_grade_ends_the_provisional(signed, scene):
    response = grade(signed("duty_officer"), scene["fire"], "重大")
    assert response.status_code == 302
    fire = Event.objects.get(pk=scene["fire"].pk)
    assert fire.grade == "重大" and not fire.provisional
    assert fire.gradings.latest("at").kind == "confirmed"


def test_a_grade_needs_a_reason(signed, scene):
    response = grade(signed("duty_officer"), scene["fire"], "重大", reason="")
    assert response.status_code == 400 and "这个字段是必填项" in response.content.decode()
    assert Event.objects.get(pk=scene["fire"].pk).provisional


def test_a_downgrade_alone_is_refused_beside_the_field(signed, scene):
    response = grade(signed("duty_officer"), scene["fire"], "较大", reason="核实为 4 人")
    html = response.content.decode()
    assert response.status_code == 400 and "须第二人确认" in html and "核实为 4 人" in html
    assert Event.objects.get(pk=scene["fire"].pk).grade == "重大"


@pytest.mark.parametrize(
    ("who", "password", "error"),
    [
        ("shift_leader", "wrong", "第二人的登录名或密码不对"),
        ("analyst", city.PASSWORD, "第二人须是带班领导"),
        ("nobody", city.PASSWORD, "第二人的登录名或密码不对"),
    ],
)
def test_a_second_person_must_be_one_and_sign(signed, scene, who, password, error):
    name = scene[who].username if who in scene else who
    response = grade(signed("duty_officer"), scene["fire"], "较大", second=name, second_password=password)
    assert response.status_code == 400 and error in response.content.decode()
    assert city.PASSWORD not in response.content.decode()
    assert Event.objects.get(pk=scene["fire"].pk).grade == "重大"


def test_nobody_is_their_own_second_person(signed, scene):
    leader = scene["shift_leader"].username
    response = grade(signed("shift_leader"), scene["fire"], "较大", second=leader, second_password=city.PASSWORD)
    assert response.status_code == 400 and "第二人须是另一个人" in response.content.decode()


def test_a_downgrade_by_two_takes_the_duties_back(signed, scene):
    leader = scene["shift_leader"]
    response = grade(
        signed("duty_officer"), scene["fire"], "较大", second=leader.username, second_password=city.PASSWORD
    )
    assert response.status_code == 302
    fire = Event.objects.get(pk=scene["fire"].pk)
    assert fire.grade == "较大" and fire.gradings.latest("at").second == leader
    assert not fire.obligations.filter(superseded_at=None, settled_at=None).exists()


@pytest.mark.parametrize("role", ["analyst", "bureau_leader", "admin"])
def test_who_may_not_grade_is_refused(signed, scene, role):
    client = signed(role)
    assert "提交等级" not in client.get(f"/events/{scene['fire'].pk}/").content.decode()
    response = grade(client, scene["fire"], "特别重大")
    assert response.status_code == 403 and "不能确认或改定等级" in response.content.decode()
    assert Event.objects.get(pk=scene["fire"].pk).grade == "重大"


def opening(now, **more):
    at = (now - HOUR).astimezone(city.SHANGHAI).strftime("%Y-%m-%dT%H:%M")
    return {"title": "高陵区一仓库爆炸", "at": at, "type": "T04", "grade": "重大", "knowledge": "110 电话通报", **more}


def test_an_event_is_opened_by_hand_and_its_clocks_run_from_when_it_happened(signed, scene, now):
    response = signed("duty_officer").post("/events/new/", opening(now))
    opened = Event.objects.get(title="高陵区一仓库爆炸")
    assert response.url == f"/events/{opened.pk}/"
    first = opened.obligations.get(duty="K1")
    assert first.start_basis == "t_event" and abs(first.starts_at - (now - HOUR)).total_seconds() < 61
    assert opened.alerts.filter(kind="opened").exists()


def test_an_event_of_the_future_is_refused_beside_its_time(signed, scene, now):
    at = (now + HOUR).astimezone(city.SHANGHAI).strftime("%Y-%m-%dT%H:%M")
    response = signed("duty_officer").post("/events/new/", opening(now, at=at))
    assert response.status_code == 400
    assert "发生时间晚于当前时间" in response.context["form"].errors["at"][0]
    assert not Event.objects.filter(title="高陵区一仓库爆炸").exists()


def test_an_analyst_may_not_open_events(signed, now):
    assert signed("analyst").post("/events/new/", opening(now)).status_code == 403
    assert 'href="/events/new/"' not in signed("analyst").get("/").content.decode()


@pytest.mark.parametrize("length", brief.LENGTHS)
def test_a_brief_keeps_to_its_length_and_says_what_is_due(scene, now, length):
    text = dict(dossier.briefs(scene["fire"], now))[length]
    assert len(text) <= length
    assert text.startswith("【重大·暂按】") and "还剩" in text


def test_a_brief_of_a_very_long_title_still_says_what_is_due(scene, now):
    event = city.event("很长的标题" * 40, "特别重大", started=now - 6 * HOUR)
    running = clocks.clocks_of(event.obligations.order_by("due_at"), now)
    text = brief.write(event, running, now, 60)
    assert len(text) <= 60 and "…" in text and text.endswith("已超1时00分")


def names(response) -> list[str]:
    return re.findall(r'data-row="event-(\d+)"', response.content.decode())


def test_the_list_is_filtered_by_what_the_address_says(signed, scene, now):
    client = signed("analyst")
    elsewhere = city.event("外地火灾", "重大", started=now, duties=(), jurisdiction="elsewhere")
    fire, crash, card, done = (str(scene[n].pk) for n in ("fire", "crash", "card", "done"))
    assert str(elsewhere.pk) not in names(client.get("/events/"))
    assert names(client.get("/events/?place=elsewhere")) == [str(elsewhere.pk)]
    assert names(client.get("/events/?sort=due")) == [crash, fire, card]
    assert names(client.get("/events/?clock=missed")) == [crash]
    assert names(client.get("/events/?clock=met")) == [done]
    assert names(client.get("/events/?grade=一般")) == [card]
    assert set(names(client.get("/events/?provisional=on&grade=重大"))) == {fire}
    assert names(client.get("/events/?q=燃气")) == [done]
    assert set(names(client.get("/events/?clock=running"))) == {fire, crash, card}


def test_an_empty_list_says_what_it_is_worth(signed):
    html = signed("analyst").get("/events/?q=没有这样的").content.decode()
    assert "没有信息不等于没有事件" in html and "三秦都市报" in html


def test_a_filter_that_means_nothing_shows_why(signed):
    response = signed("analyst").get("/events/?grade=nonsense&page=zzz")
    assert response.status_code == 200 and "error" in response.content.decode()


def test_an_event_with_nothing_known_has_a_page(db, now):
    event = city.event("只有名字", None, started=now, duties=(), reasons=[], owes_reason="", t_first_post=None)
    client = Client()
    client.force_login(city.person("li", "duty_officer"))
    html = client.get(f"/events/{event.pk}/").content.decode()
    assert "未定级" in html and "没有应办事项" in html and "尚无定级意见" in html
