"""Every page for every role: it answers, loads nothing from elsewhere, and says when it is a drill."""

from __future__ import annotations

import re

import pytest
from django.test import Client, override_settings

from tests.console import city

pytestmark = pytest.mark.django_db
ROLES = ("duty_officer", "shift_leader", "centre_head", "bureau_leader", "analyst", "admin")
PAGES = ("/", "/wall/", "/events/", "/search/", "/ledger/", "/sources/", "/rota/", "/rota/contacts/", "/rota/handover/", "/password/")


@pytest.mark.parametrize("role", ROLES)
def test_every_role_reads_every_page(signed, scene, role):
    client = signed(role)
    for path in (*PAGES, f"/events/{scene['fire'].pk}/", f"/posts/{scene['first'].pk}/"):
        response = client.get(path)
        assert response.status_code == 200, path
        assert "<html lang=\"zh-Hans\">" in response.content.decode()


@pytest.mark.parametrize("path", [*PAGES, "/events/1/", "/releases/1/", "/events/new/", "/sources/new/"])
def test_a_stranger_is_sent_to_the_log_in(db, path):
    response = Client().get(path)
    assert response.status_code == 302
    assert response.url.startswith("/login/?next=")


def test_a_stranger_may_not_see_evidence_or_change_anything(db):
    for path in ("/alerts/ack/", "/events/1/grade/", "/releases/1/review/", "/sources/1/switch/"):
        assert Client().post(path).status_code == 302, path
    assert Client().get(f"/evidence/{'ab' * 32}/").status_code == 302


def test_pages_load_nothing_from_elsewhere_and_carry_no_inline_script_or_style(signed, scene):
    client = signed("shift_leader")
    for path in (*PAGES, f"/events/{scene['fire'].pk}/"):
        response = client.get(path)
        policy = response["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        html = response.content.decode()
        for tag in re.findall(r"<(?:script|link|img|iframe|source)\b[^>]*>", html):
            target = re.search(r'(?:src|href)="([^"]*)"', tag)
            assert target and target[1].startswith("/static/"), f"{path}: {tag}"
        assert "<style" not in html and not re.search(r"\s(?:style|on[a-z]+)=\"", html), path
        assert re.search(r"<script[^>]*></script>", html) and not re.search(r"<script[^>]*>[^<]", html), path


def test_every_static_file_a_page_names_is_served(signed):
    html = signed("duty_officer").get("/").content.decode()
    client = Client()
    for path in set(re.findall(r'"(/static/[^"#]+)', html)):
        assert client.get(path).status_code == 200, path


def test_every_icon_a_page_shows_is_in_the_sprite(signed, scene, settings):
    sprite = (settings.BASE_DIR / "console/static/console/icons.svg").read_text()
    drawn = set(re.findall(r'symbol id="([^"]+)"', sprite))
    client = signed("shift_leader")
    for path in (*PAGES, f"/events/{scene['fire'].pk}/", f"/events/{scene['done'].pk}/"):
        used = set(re.findall(r'icons\.svg#([^"]+)"', client.get(path).content.decode()))
        assert used <= drawn, path


def test_a_drill_is_named_on_every_page(signed, scene):
    paths = (*PAGES, f"/events/{scene['fire'].pk}/", f"/posts/{scene['first'].pk}/")
    client = signed("shift_leader")
    with override_settings(DRILL=True):
        assert all("演练" in client.get(path).content.decode() for path in (*paths, "/nothing-here/"))
        assert "演练" in Client().get("/login/").content.decode()
    assert 'class="drill"' not in client.get("/").content.decode()


def test_crawled_text_is_shown_as_text(signed, scene, now):
    evil = '<script>alert(1)</script><img src=x onerror="alert(2)">'
    event = city.event(evil, started=now)
    post = city.post(event, evil, evil, now, site=evil, url="javascript:alert(3)")
    city.graded(event, evil, evil, post)
    city.alert(event, "opened", now, title=evil, text=evil)
    client = signed("duty_officer")
    for path in ("/", "/wall/", "/events/", f"/events/{event.pk}/", f"/posts/{post.pk}/", f"/events/{event.pk}/folds/{post.fold.pk}/"):
        html = client.get(path).content.decode()
        assert "<script>alert" not in html and "<img src=x" not in html, path
        assert 'href="javascript:' not in html, path
        assert "&lt;script&gt;" in html or "/posts/" not in path, path


def test_an_unknown_page_says_so_in_chinese(signed):
    response = signed("analyst").get("/events/999999/")
    assert response.status_code == 404
    assert "没有这一页" in response.content.decode()
