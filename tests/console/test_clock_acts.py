"""The form for clocks: what it will do is shown first, and only the same request again does it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from analysis.models import Event
from config.clock import SHANGHAI
from flow.models import AuditEntry
from sla.models import Obligation

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(scene):
    found = Event.objects.filter(obligations__duty="K1", obligations__settled_at=None, closed_at=None).first()
    found.obligations.update(start_basis="t_event")
    return found


def sent(client, event, **data):
    return client.post(reverse("event_clock", args=[event.pk]), {"act": "", "duty": "", "at": "", "basis": "", "reason": "", **data})


def sure_of(answer) -> str:
    return answer.context["asked"]


def test_exempting_shows_what_will_happen_then_does_it(signed, event):
    head = signed("centre_head")
    given = {"act": "exempt", "duty": "K2", "basis": "保守国家秘密法第三十五条", "reason": "涉密"}
    shown = sent(head, event, **given)
    page = shown.content.decode()
    assert "办理后" in page and "免予履行" in page and "确认办理" in page
    assert not Obligation.objects.filter(event=event).exclude(exempt_reason="").exists()
    done = sent(head, event, **given, sure=sure_of(shown))
    assert done.status_code == 302
    assert Obligation.objects.get(event=event, duty="K2", superseded_at=None).exempt_reason == "涉密"
    assert AuditEntry.objects.filter(action="clock.exempted", subject=f"event:{event.pk}").exists()
    assert "保守国家秘密法第三十五条" in head.get(reverse("event", args=[event.pk])).content.decode()


def test_what_was_shown_for_one_request_does_not_confirm_another(signed, event):
    head = signed("centre_head")
    shown = sent(head, event, act="exempt", duty="K2", basis="法", reason="涉密")
    again = sent(head, event, act="exempt", duty="K1", basis="法", reason="涉密", sure=sure_of(shown))
    assert again.status_code == 200 and not Obligation.objects.exclude(exempt_reason="").exists()


def test_a_corrected_start_is_a_new_revision(signed, event, now):
    duty = signed("duty_officer")
    at = (now - timedelta(hours=9)).astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M")
    shown = sent(duty, event, act="start", at=at, reason="监控显示")
    assert sent(duty, event, act="start", at=at, reason="监控显示", sure=sure_of(shown)).status_code == 302
    assert Obligation.objects.get(event=event, duty="K1", superseded_at=None).start_basis == "manual"


@pytest.mark.parametrize(
    ("role", "given", "text"),
    [
        ("duty_officer", {"act": "exempt", "duty": "K2", "basis": "法", "reason": "涉密"}, "act"),
        ("duty_officer", {"act": "start", "reason": "核实"}, "at"),
        ("centre_head", {"act": "exempt", "duty": "K2", "reason": "涉密"}, "basis"),
        ("centre_head", {"act": "pause", "duty": "K1", "reason": "待核"}, "duty"),
        ("centre_head", {"act": "close"}, "reason"),
    ],
)
def test_a_refusal_stands_beside_its_field(signed, event, role, given, text):
    answer = sent(signed(role), event, **given)
    assert answer.status_code == 400 and text in answer.context["form"].errors


def test_who_has_no_such_right_gets_no_form(signed, event):
    assert signed("analyst").get(reverse("event_clock", args=[event.pk])).status_code == 403
