"""The alert's page, 送达记录 and 升级策略."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import transaction

from alerts import ladder, outbox
from alerts.escalation import first_steps
from alerts.messages import Message
from alerts.models import Alert, Attempt, Delivery, Escalation
from config.clock import real_now
from console.policy import policy
from flow.models import AuditEntry
from tests.console import city

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(scene, now):
    """The first alert of a 较大 event, told eight minutes ago, with its escalation."""
    event = city.event("碑林区一商户起火", "较大", started=now - city.HOUR, duties=())
    return tell(event, now - timedelta(minutes=8))


def tell(event, at, kind="opened"):
    files = policy().ladder
    plans = first_steps(
        f"event:{event.id}:{kind}:1", kind, Message(f"【{event.grade}】{event.title}", "等级：" + event.grade),
        grade=event.grade, at=at, ladder=files, on_duty={}, event_id=event.id,
    )  # fmt: skip
    with transaction.atomic():
        outbox.write(plans, at)
    return Alert.objects.filter(event=event, kind=kind).latest("id")


def html(response):
    return response.content.decode()


def act(client, alert, name, version=None, **fields):
    version = Escalation.objects.get(cause=alert.cause).version if version is None else version
    return client.post(f"/alerts/{alert.id}/act/", {"act": name, "version": version, **fields})


def test_the_page_says_why_and_what_comes_next_and_to_whom(signed, told):
    page = html(signed("duty_officer").get(f"/alerts/{told.id}/"))
    assert "值班表无此岗位人员，送岗位公共收件箱" in page
    assert "第 2 级 带班领导" in page and "无人确认即告知上一级" in page
    assert f'data-until="{int(told.escalates_at.timestamp() * 1000)}"' in page
    assert policy().ladder.edition in page


def test_its_buttons_act_and_are_named_in_the_history(signed, scene, told):
    client = signed("duty_officer")
    assert act(client, told, "refuse", reason="正在处置另一起").status_code == 302
    second = Alert.objects.get(cause=told.cause, level=2)
    assert act(client, second, "reassign", reason="请带班", to=scene["shift_leader"].pk).status_code == 302
    page = html(client.get(f"/alerts/{told.id}/"))
    assert "拒接" in page and "正在处置另一起" in page and "转交" in page and "待其接受" in page
    leader = signed("shift_leader")
    assert "接受" in html(leader.get(f"/alerts/{told.id}/"))
    assert act(leader, told, "acknowledge").status_code == 302
    assert Alert.objects.filter(cause=told.cause).latest("id").acked_by == scene["shift_leader"]


def test_a_stale_button_is_409_and_says_what_happened(signed, told):
    client = signed("duty_officer")
    seen = Escalation.objects.get(cause=told.cause).version
    act(client, told, "refuse", reason="忙")
    response = act(client, told, "acknowledge", version=seen)
    assert response.status_code == 409 and "已升级至第 2 级" in html(response)
    assert not Alert.objects.filter(cause=told.cause, acked_at__isnull=False).exists()


def test_the_desks_button_is_guarded_by_the_same_version(signed, told):
    client = signed("duty_officer")
    row = re.search(rf'value="{re.escape(told.key)}"><input type="hidden" name="version" value="(\d+)"', html(client.get("/")))
    act(client, told, "refuse", reason="忙")
    answer = client.post("/alerts/ack/", {"key": told.key, "version": row[1]}, headers={"HX-Request": "true"})
    assert "\\u5df2\\u5347\\u7ea7\\u81f3\\u7b2c 2 \\u7ea7" in answer["HX-Trigger"]
    assert not Alert.objects.filter(cause=told.cause, acked_at__isnull=False).exists()


@pytest.mark.parametrize("missing", ["refuse", "reassign", "snooze", "close"])
def test_what_an_act_lacks_is_said_and_nothing_changes(signed, told, missing):
    response = act(signed("shift_leader"), told, missing)
    assert response.status_code == 400 and 'role="alert"' in html(response)
    assert Alert.objects.filter(cause=told.cause).count() == 1


def test_closing_is_for_leaders_and_looking_for_everybody(signed, told):
    assert act(signed("duty_officer"), told, "close", reason="误报").status_code == 400
    assert signed("analyst").post(f"/alerts/{told.id}/act/", {"act": "acknowledge"}).status_code == 403
    assert "只查看" in html(signed("analyst").get(f"/alerts/{told.id}/"))
    assert act(signed("shift_leader"), told, "close", reason="误报").status_code == 302
    page = html(signed("duty_officer").get(f"/alerts/{told.id}/"))
    assert "已由领导关闭" in page and "误报" in page and "不再告知任何人" in page
    assert AuditEntry.objects.get(action="alert.closed").actor == "shift1"


def test_it_answers_why_somebody_was_not_told(signed, scene, told):
    name = scene["bureau_leader"].username
    page = html(signed("duty_officer").get(f"/alerts/{told.id}/?user={name}"))
    assert f"{name} 未被告知" in page and "尚未升级到第 4 级" in page
    page = html(signed("duty_officer").get(f"/alerts/{told.id}/?user={scene['analyst'].username}"))
    assert "不担任此类告警告知的岗位" in page


def test_the_live_part_is_304_while_nothing_changes(signed, told):
    client = signed("duty_officer")
    first = client.get(f"/alerts/{told.id}/live/")
    assert client.get(f"/alerts/{told.id}/live/", headers={"If-None-Match": first["ETag"]}).status_code == 304


def test_every_message_is_listed_with_its_history_and_filters_live_in_the_address(signed, scene, now):
    client = signed("duty_officer")
    page = client.get("/deliveries/")
    assert page.context["page"].paginator.count == Delivery.objects.count()
    assert "对方返回 500，五次未成" in html(page) and "HTTP 500" in html(page)
    failed = client.get("/deliveries/?state=failed")
    assert {d.state for d in failed.context["page"].object_list} == {"failed"}
    one = client.get(f"/deliveries/?event={scene['fire'].pk}&channel=slack&since={now:%Y-%m-%d}")
    assert {(d.alert.event_id, d.channel) for d in one.context["page"].object_list} <= {(scene["fire"].pk, "slack")}
    assert client.get("/deliveries/?state=nonsense").status_code == 400
    assert "没有符合条件的送达记录" in html(client.get("/deliveries/?q=nowhere-to-be-found"))


def test_a_long_log_has_pages_that_keep_the_filter(signed, told):
    row = told.deliveries.first()
    Delivery.objects.bulk_create(
        Delivery(
            key=f"k{n}", alert=told, channel="slack", address="C1", body={}, state="failed", reason="对方拒绝",
            next_try_at=row.created_at, created_at=row.created_at,
        )
        for n in range(60)
    )  # fmt: skip
    page = html(signed("duty_officer").get("/deliveries/?state=failed&channel=slack"))
    assert "state=failed&amp;channel=slack&amp;page=2" in page


def test_what_was_delayed_is_on_the_desk_and_leads_to_its_rows(signed, told, now):
    told.deliveries.create(
        key="late", channel="slack", address="C1", body={}, state="waiting", reason="夜间免打扰，11月24日 07:00 起发送",
        next_try_at=now, created_at=now,
    )  # fmt: skip
    client = signed("duty_officer")
    assert '/deliveries/?state=waiting">待发 1 条' in html(client.get("/"))
    assert "夜间免打扰" in html(client.get("/deliveries/?state=trouble"))


def test_an_attempt_without_an_end_is_shown_as_such(signed, told, now):
    row = told.deliveries.create(key="k", channel="slack", address="C1", body={}, state="unknown", next_try_at=now, created_at=now)
    Attempt.objects.create(delivery=row, n=1, started_at=now)
    assert "无结果" in html(signed("duty_officer").get("/deliveries/?state=unknown"))


def test_the_policy_page_shows_edition_levels_and_a_rehearsal(signed, scene):
    client = signed("analyst")
    page = html(client.get("/policy/escalation/?kind=opened&grade=重大"))
    assert policy().ladder.edition in page and scene["bureau_leader"].username in page
    rows = re.search(r'id="rehearsal".*?</table>', page, re.S)[0]
    assert [int(m) for m in re.findall(r"(\d+) 分钟后", rows)] == [10, 20, 35, 65, 95]
    assert "（再次）" in rows and "值班员（岗位）" in rows
    missed = html(client.get("/policy/escalation/?kind=missed&grade=重大"))
    assert re.search(r'id="rehearsal".*?</table>', missed, re.S)[0].count("立即") == 3
    assert "不要求确认，不升级" in html(client.get("/policy/escalation/?kind=met&grade="))
    assert client.get("/policy/escalation/?kind=nothing").status_code == 400


def test_a_level_told_many_times_is_one_row_on_the_desk(signed, told):
    rule = ladder.rule_for("opened", "较大", policy().ladder)
    assert rule.escalates
    for n in range(2, 40):
        Alert.objects.create(
            key=f"{told.cause}:L1.{n}", cause=told.cause, kind="opened", level=1, repeat=n, event=told.event, grade="较大",
            title=told.title, text="再次", raised_at=real_now(),
        )  # fmt: skip
    state = signed("duty_officer").get("/").content.decode()
    assert state.count("碑林区一商户起火") <= 4 and "第 39 次" in state
