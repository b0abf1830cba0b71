"""/healthz: alive means that somebody watches the deadlines."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from config.clock import real_now
from flow.models import Lease
from tests.console import city

pytestmark = pytest.mark.django_db


def test_a_ticking_engine_is_healthy():
    city.engine_running()
    response = Client().get("/healthz")
    assert response.status_code == 200 and response.json()["state"] == "ok"


def test_an_engine_that_never_ticked_is_not():
    response = Client().get("/healthz")
    assert response.status_code == 503
    assert response.json() == {
        "state": "never_ticked", "tick_age_s": None, "audit_age_s": None, "violations": {},
    }  # fmt: skip


def test_an_engine_that_stopped_is_not():
    city.engine_running()
    Lease.objects.update(ticked_at=real_now() - timedelta(seconds=30))
    response = Client().get("/healthz")
    assert response.status_code == 503 and response.json()["state"] == "stale"
    assert 29 < response.json()["tick_age_s"] < 40


def test_what_the_last_audit_found_is_counted_by_name_and_no_row_is_named():
    city.engine_running()
    found = [{"code": "milestone_late", "subject": f"milestone:{n}", "text": "已过 12 秒未告知"} for n in (1, 2)]
    Lease.objects.create(name="auditor", holder="x:1", pid=1, until=real_now(), ticked_at=real_now(), found=found)
    response = Client().get("/healthz")
    assert response.status_code == 200
    assert response.json()["violations"] == {"milestone_late": 2} and response.json()["audit_age_s"] < 5
    assert "milestone:1" not in response.content.decode()
