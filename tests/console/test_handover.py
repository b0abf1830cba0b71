"""交接班: two people sign, what is open is put together by itself, and the desk says what is missing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.models import HandOver, Shift
from config.clock import SHANGHAI
from flow.models import AuditEntry
from tests.console import city

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def change(scene, now):
    """The duty officer left an hour ago, duty9 has come."""
    edge = (now - HOUR).replace(microsecond=0)
    scene["second"] = city.person("duty9", "duty_officer")
    Shift.objects.create(user=scene["duty_officer"], role="duty_officer", starts_at=edge - 12 * HOUR, ends_at=edge)
    Shift.objects.create(user=scene["second"], role="duty_officer", starts_at=edge, ends_at=edge + 12 * HOUR)
    return edge


@pytest.fixture
def clients(signed, scene, change):
    return signed("duty_officer"), signed("second")


def sign(client, act, change, **more):
    return client.post("/rota/handover/", {"act": act, "role": "duty_officer", "shift_at": change.isoformat(), **more})


def test_both_sign_and_what_is_open_is_attached(clients, scene, change):
    leaving, coming = clients
    assert "计时中" in leaving.get("/rota/handover/").content.decode()
    assert sign(leaving, "hand", change, summary="灞桥火灾已起草首发，等主任审核").status_code == 302
    record = HandOver.objects.get()
    kinds = {item["what"] for item in record.items}
    assert kinds >= {"计时中", "待确认告警", "等级暂按", "在办发布", "信源中断"}
    assert any(scene["fire"].title in item["text"] for item in record.items)
    assert "待接班签字" in coming.get("/rota/handover/").content.decode()
    sign(coming, "take", change, remark="已核对")
    record.refresh_from_db()
    assert (record.incoming, record.remark) == (scene["second"], "已核对") and record.taken_at
    assert AuditEntry.objects.filter(action__startswith="handover.").count() == 2


def test_the_desk_says_what_is_not_signed_until_both_have(clients, change):
    leaving, coming = clients
    when = change.astimezone(SHANGHAI).strftime("%m-%d %H:%M")
    assert f"{when} 值班员交接班尚未签字" in leaving.get("/").content.decode()
    sign(leaving, "hand", change, summary="无特别情况")
    assert "交班已签，接班未签" in coming.get("/desk/live/").content.decode()
    sign(coming, "take", change)
    assert "交接班" not in coming.get("/desk/live/").content.decode()


def test_nobody_signs_for_somebody_else(clients, signed, change):
    leaving, coming = clients
    assert sign(coming, "hand", change, summary="代签").status_code == 400
    assert sign(leaving, "take", change).status_code == 400
    assert sign(signed("analyst"), "hand", change, summary="代签").status_code == 400
    sign(leaving, "hand", change, summary="好")
    assert sign(leaving, "take", change).status_code == 400
    assert HandOver.objects.get().taken_at is None


def test_a_summary_is_needed_and_a_shift_is_handed_over_once(clients, change):
    leaving, _ = clients
    assert sign(leaving, "hand", change, summary="  ").status_code == 400
    sign(leaving, "hand", change, summary="好")
    again = sign(leaving, "hand", change, summary="再签")
    assert again.status_code == 400 and "已有人签过交班" in again.content.decode()
    assert HandOver.objects.get().summary == "好"


def test_a_change_that_the_rota_does_not_know_cannot_be_signed(clients, change):
    assert sign(clients[0], "hand", change + HOUR, summary="好").status_code == 400
    assert clients[0].post("/rota/handover/", {"act": "hand", "shift_at": "gestern"}).status_code == 400
