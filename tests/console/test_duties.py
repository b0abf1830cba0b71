"""其他时限: letters and units beside events, settled with a record."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from flow import subjects
from sla.models import Obligation
from tests.flow.city import POLICY

pytestmark = pytest.mark.django_db


@pytest.fixture
def letter(scene, now):
    return subjects.open_obligation("letter:12", "关于<路灯>的来信", "K5", now - timedelta(days=2), POLICY, now)


def test_what_is_owed_is_listed_and_a_record_settles_it(signed, letter):
    duty = signed("duty_officer")
    page = duty.get(reverse("duties")).content.decode()
    assert "告知受理" in page and "关于&lt;路灯&gt;的来信" in page and "信访工作条例" in page
    assert duty.post(reverse("duty_settle", args=[letter.pk]), {"note": "告知书〔2026〕1号"}).status_code == 302
    letter.refresh_from_db()
    assert letter.settled_note == "告知书〔2026〕1号"
    assert "告知书〔2026〕1号" in duty.get(reverse("duties")).content.decode()


def test_without_a_record_or_twice_it_is_refused(signed, letter):
    duty = signed("duty_officer")
    refused = duty.post(reverse("duty_settle", args=[letter.pk]), {"note": " "})
    assert refused.status_code == 400 and "请写明凭据" in refused.content.decode()
    assert Obligation.objects.get(pk=letter.pk).settled_at is None


def test_an_analyst_may_look_and_not_settle(signed, letter):
    analyst = signed("analyst")
    page = analyst.get(reverse("duties"))
    assert page.status_code == 200 and "登记办结" not in page.content.decode()
    assert analyst.post(reverse("duty_settle", args=[letter.pk]), {"note": "x"}).status_code == 403


def test_clocks_of_letters_are_not_on_the_wall_of_events(signed, letter):
    for name in ("wall", "desk", "events"):
        assert signed("duty_officer").get(reverse(name)).status_code == 200
