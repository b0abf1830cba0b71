"""The sources page: what is read, how it goes, and a feed added with its approval."""

from __future__ import annotations

import re

import pytest
from django.test import override_settings

from archive.models import Source
from flow.models import AuditEntry
from tests.console import city

pytestmark = pytest.mark.django_db
FEED = {
    "name": "西安日报", "url": "https://news.example.cn/rss.xml", "outlet": "media", "home": "西安", "interval_min": 15,
    "purpose": "涉警舆情监测", "legal_basis": "政务公开实施方案", "approved_by": "王主任",
}  # fmt: skip


def add(client, **more):
    return client.post("/sources/new/", {**FEED, **more})


def test_what_fails_stands_first_with_its_reason(signed, scene):
    html = signed("analyst").get("/sources/").content.decode()
    names = re.findall(r"<strong>([^<]+)</strong><br>", html)
    assert names[:2] == ["三秦都市报", "长安论坛"]
    assert "连接超时（10 秒）（连续 6 次）" in html and "旧站" in html


def test_a_feed_is_added_with_its_approval_and_read_at_once(signed, now):
    assert add(signed("admin")).url == "/sources/"
    made = Source.objects.get(name="西安日报")
    assert made.enabled and made.kind == "feed" and made.interval_s == 900 and made.approved_by == "王主任"
    assert (made.next_run_at - now).total_seconds() < 60
    assert AuditEntry.objects.filter(action="source.added", subject=f"source:{made.pk}").exists()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/rss", "http://localhost:8000/", "http://10.1.2.3/feed", "http://[::1]/a", "http://169.254.169.254/x"]
)
def test_addresses_of_this_machine_and_the_office_are_refused(signed, url):
    with override_settings(ALLOW_PRIVATE_SOURCES=False):
        response = add(signed("admin"), url=url)
    assert response.status_code == 400 and "本机或内网" in response.context["form"].errors["url"][0]
    assert not Source.objects.filter(url=url).exists()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://news.example.cn/a", "https://user:pass@news.example.cn/rss", "no"])
def test_addresses_that_are_no_feeds_are_refused(signed, url):
    response = add(signed("admin"), url=url)
    assert response.status_code == 400 and response.context["form"].errors["url"]


def test_a_feed_without_approval_is_refused(signed):
    response = add(signed("admin"), approved_by="")
    assert response.status_code == 400 and response.context["form"].errors["approved_by"]


def test_the_same_address_or_name_twice_is_refused(signed):
    client = signed("admin")
    add(client)
    assert add(client, name="别名").context["form"].errors["url"] == ["已有信源使用此地址"]
    assert "name" in add(client, url="https://news.example.cn/other.xml").context["form"].errors


def test_a_source_is_switched_off_and_on_again(signed, scene):
    client, source = signed("admin"), Source.objects.get(name="西安发布")
    for _ in range(2):
        client.post(f"/sources/{source.pk}/switch/", {"on": "0"})
    source.refresh_from_db()
    assert not source.enabled and source.state == "off"
    assert AuditEntry.objects.filter(action="source.off").count() == 1, "pressing twice is the same as once"
    client.post(f"/sources/{source.pk}/switch/", {"on": "1"})
    source.refresh_from_db()
    assert source.enabled and source.state == "quiet" and source.next_run_at


def test_a_source_nobody_approved_stays_off(signed, scene):
    source = city.source("未批准", "off", approved_by="")
    html = signed("admin").post(f"/sources/{source.pk}/switch/", {"on": "1"}, follow=True).content.decode()
    assert "尚无批准人" in html
    assert not Source.objects.get(pk=source.pk).enabled


@pytest.mark.parametrize("role", ["duty_officer", "shift_leader", "bureau_leader", "analyst"])
def test_who_may_not_manage_sources_is_refused(signed, scene, role):
    client, source = signed(role), Source.objects.get(name="西安发布")
    html = client.get("/sources/").content.decode()
    assert "停用</button>" not in html and "/sources/new/" not in html
    assert client.post(f"/sources/{source.pk}/switch/", {"on": "0"}).status_code == 403
    assert add(client).status_code == 403
    assert Source.objects.get(pk=source.pk).enabled
