"""The one-time link of a message: shown by GET, used by its button, once."""

from __future__ import annotations

import pytest
from django.test import Client

from alerts import acks
from alerts.models import AckLink
from flow.models import AuditEntry
from tests.console import city
from tests.console.city import HOUR

pytestmark = pytest.mark.django_db


@pytest.fixture
def linked(db, now):
    """(alert, path): an alert of a few minutes ago and the link sent with it."""
    alert = city.alert(city.event("灞桥起火", started=now - HOUR), "opened", now - HOUR / 10, cause="event:1:opened")
    link, address = acks.new_link(alert.id, alert.raised_at)
    link.save()
    return alert, "/ack/" + address.split("/ack/")[1]


def test_looking_at_a_link_changes_nothing(linked):
    alert, path = linked
    for _ in range(3):
        response = Client().get(path)
        assert response.status_code == 200 and "灞桥起火" in response.content.decode()
    alert.refresh_from_db()
    assert alert.acked_at is None and AckLink.objects.get().used_at is None


def test_its_button_acknowledges_without_a_log_in(linked):
    alert, path = linked
    response = Client().post(path)
    assert response.status_code == 200 and "已确认收到" in response.content.decode()
    alert.refresh_from_db()
    assert alert.acked_at and alert.acked_by is None
    assert AuditEntry.objects.get(action="alert.acknowledged").actor == "link"


def test_who_is_logged_in_acknowledges_by_name(linked):
    alert, path = linked
    user = city.person("li", "duty_officer")
    client = Client()
    client.force_login(user)
    client.post(path)
    alert.refresh_from_db()
    assert alert.acked_by == user


def test_a_used_link_says_so(linked):
    _, path = linked
    Client().post(path)
    for response in (Client().get(path), Client().post(path)):
        assert response.status_code == 409
        assert 'data-code="used"' in response.content.decode()


def test_an_expired_link_says_so_and_has_no_effect(linked, now):
    alert, path = linked
    AckLink.objects.update(expires_at=now - HOUR)
    response = Client().post(path)
    assert response.status_code == 401 and 'data-code="expired"' in response.content.decode()
    alert.refresh_from_db()
    assert alert.acked_at is None


def test_a_link_overtaken_by_the_next_level_says_so(linked, now):
    alert, path = linked
    city.alert(alert.event, "opened", now, level=2, cause=alert.cause)
    response = Client().post(path)
    assert response.status_code == 409 and 'data-code="stale"' in response.content.decode()
    alert.refresh_from_db()
    assert alert.acked_at is None


def test_a_made_up_link_is_not_found(db):
    response = Client().get("/ack/made-up-token/")
    assert response.status_code == 401 and 'data-code="forged"' in response.content.decode()


def test_its_form_is_protected_like_every_other(linked):
    _, path = linked
    client = Client(enforce_csrf_checks=True)
    assert client.post(path).status_code == 403
    token = client.get(path).context["csrf_token"]
    assert client.post(path, {"csrfmiddlewaretoken": str(token)}).status_code == 200


def test_links_that_are_refused_are_audited_without_their_token(linked, now):
    alert, path = linked
    Client().post(path)
    Client().post(path)
    Client().get("/ack/made-up-token/")
    AckLink.objects.update(used_at=None, expires_at=now - HOUR)
    Client().post(path)
    kept = list(AuditEntry.objects.filter(action="alert.answer_refused").order_by("id"))
    assert [(e.subject, e.data["code"]) for e in kept] == [
        (f"alert:{alert.key}", "used"), ("alert:-", "forged"), (f"alert:{alert.key}", "expired"),
    ]  # fmt: skip
    token = path.split("/")[2]
    assert not any(token in str(e.data) or "made-up" in str(e.data) for e in kept)


def test_a_link_signed_by_another_installation_is_foreign_here(linked, settings):
    alert, path = linked
    settings.SECRET_KEY = "the key of another installation"
    response = Client().post(path)
    assert response.status_code == 401 and 'data-code="forged"' in response.content.decode()
    alert.refresh_from_db()
    assert alert.acked_at is None
