"""The sources page: what is read, how it goes, and a feed added with its approval."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import override_settings
from openpyxl import load_workbook

from archive import approval
from archive.approval import Robots
from archive.models import Source, Spell
from config.clock import SHANGHAI, real_now
from crawlers.models import Rejection, SourceRun
from flow.models import AuditEntry
from tests.console import city

pytestmark = pytest.mark.django_db
FEED = {
    "name": "西安日报", "url": "https://news.example.cn/rss.xml", "outlet": "media", "home": "西安", "interval_min": 15,
    "purpose": "涉警舆情监测", "legal_basis": "政务公开实施方案",
}  # fmt: skip


def add(client, **more):
    return client.post("/sources/new/feed/", {**FEED, **more})


def test_what_fails_stands_first_with_its_reason(signed, scene):
    html = signed("analyst").get("/sources/").content.decode()
    names = re.findall(r"<strong>([^<]+)</strong></a> <span", html)
    assert names[:2] == ["三秦都市报", "长安论坛"]
    assert "连接超时（10 秒）" in html and "旧站" in html


def test_a_feed_is_added_and_waits_for_another_person_to_approve_it(signed, now):
    answer = add(signed("admin"))
    made = Source.objects.get(name="西安日报")
    assert answer.url == f"/sources/{made.pk}/"
    assert (made.enabled, made.kind, made.interval_s, made.state, made.code) == (False, "feed", 900, "off", "unapproved")
    assert AuditEntry.objects.filter(action="source.added", subject=f"source:{made.pk}").exists()
    refused = signed("admin").post(f"/sources/{made.pk}/decide/", {"decision": "yes"})
    assert refused.status_code == 403
    head = signed("centre_head")
    assert "批准并启用" in head.get(f"/sources/{made.pk}/").content.decode()
    assert head.post(f"/sources/{made.pk}/decide/", {"decision": "yes", "note": "同意"}).status_code == 302
    made.refresh_from_db()
    assert made.enabled and made.approved_by == scene_name("centre_head") and (made.next_run_at - now).total_seconds() < 60
    assert made.approvals.get().state == "given"


def scene_name(role):
    return User.objects.get(groups__name=role).username


def test_nobody_approves_what_he_asked_for(signed):
    head = signed("centre_head")
    add(head)
    made = Source.objects.get(name="西安日报")
    assert "批准并启用" not in head.get(f"/sources/{made.pk}/").content.decode()
    answer = head.post(f"/sources/{made.pk}/decide/", {"decision": "yes"})
    assert answer.status_code == 400 and "提出人不能批准自己的申请" in answer.content.decode()
    assert not Source.objects.get(pk=made.pk).enabled


def test_a_refusal_needs_a_reason_and_stands_on_the_page(signed):
    add(signed("admin"))
    made, leader = Source.objects.get(name="西安日报"), signed("bureau_leader")
    assert "须写明理由" in leader.post(f"/sources/{made.pk}/decide/", {"decision": "no"}).content.decode()
    html = leader.post(f"/sources/{made.pk}/decide/", {"decision": "no", "note": "用途不清"}, follow=True).content.decode()
    assert "不批准：用途不清" in html
    made.refresh_from_db()
    assert made.code == "refused" and not made.enabled
    admin = signed("admin")
    assert "已重新提出" in admin.post(f"/sources/{made.pk}/ask/", follow=True).content.decode()
    assert made.approvals.filter(state="waiting").count() == 1


def test_a_change_of_what_was_approved_stops_the_source_until_it_is_approved_again(signed, scene):
    source = Source.objects.get(name="西安发布")
    same = {**FEED, "name": "西安发布微博", "url": source.url, "interval_min": source.interval_s // 60}
    Source.objects.filter(pk=source.pk).update(purpose=FEED["purpose"], legal_basis=FEED["legal_basis"])
    admin = signed("admin")
    admin.post(f"/sources/{source.pk}/edit/", same)
    source.refresh_from_db()
    assert source.enabled and source.name == "西安发布微博", "a name is no matter of approval"
    html = admin.post(f"/sources/{source.pk}/edit/", {**same, "url": "https://other.example.cn/rss"}, follow=True).content.decode()
    source.refresh_from_db()
    assert not source.enabled and source.code == "unapproved" and "须重新批准" in html
    assert "地址由 news.example.cn" in source.detail and not source.approved_by
    assert "不能启用" in admin.post(f"/sources/{source.pk}/switch/", {"on": "1"}, follow=True).content.decode()
    entry = AuditEntry.objects.filter(action="source.changed").last()
    assert entry.data["changes"]["url"][1] == "https://other.example.cn/rss"


@pytest.mark.parametrize("how", ["save", "update", "create"])
def test_the_table_itself_refuses_a_source_that_is_enabled_without_approval(db, how):
    if how == "create":
        with pytest.raises(IntegrityError), transaction.atomic():
            Source.objects.create(name="甲", kind="feed", url="https://a.example.cn/", enabled=True)
        return
    source = Source.objects.create(name="甲", kind="feed", url="https://a.example.cn/")
    with pytest.raises(IntegrityError), transaction.atomic():
        if how == "update":
            Source.objects.update(enabled=True)
        source.enabled = True
        source.save()


def test_filters_live_in_the_address(signed, scene):
    html = signed("analyst").get("/sources/?state=failing").content.decode()
    assert "三秦都市报</strong>" in html and "西安发布</strong>" not in html
    assert "没有符合条件的信源" in signed("analyst").get("/sources/?q=nothing").content.decode()
    assert signed("analyst").get("/sources/?state=wrong").status_code == 400


def test_one_source_tells_everything_of_itself(signed, scene, now):
    source = Source.objects.get(name="三秦都市报")
    for n in range(3):
        run = SourceRun.objects.create(
            source=source, started_at=now - timedelta(hours=n), ended_at=now, state="failing", error=f"HTTP 50{n}", http=500
        )
    Rejection.objects.create(run=run, row=7, field="title", reason="没有标题")
    html = signed("analyst").get(f"/sources/{source.pk}/").content.decode()
    assert '<td class="num">3</td><td class="wrap">HTTP 500</td>' in html, "errors that differ in numbers are one kind"
    assert "没有标题" in html and "连接超时" in html and "信息还太少" in html


def test_a_person_reads_a_source_now(signed, scene):
    source = Source.objects.get(name="西安发布")
    signed("admin").post(f"/sources/{source.pk}/read/", {"next": "/sources/?state=alive"})
    assert Source.objects.get(pk=source.pk).next_run_at <= real_now()
    assert AuditEntry.objects.filter(action="source.read").exists()
    answer = signed("admin").post(f"/sources/{source.pk}/read/", {"next": "https://evil.example/sources/"})
    assert answer.url == f"/sources/{source.pk}/"


def test_the_processing_record_lists_every_source_and_every_approval(signed, scene):
    Source.objects.create(name="=cmd()", kind="feed", url="https://a.example.cn/")
    add(signed("admin"))
    made = Source.objects.get(name="西安日报")
    robots = Robots(body="User-agent: *\nDisallow: /admin\n", at=real_now())
    with transaction.atomic():
        approval.give(made.approvals.get(), "王主任", real_now(), robots)
    assert signed("analyst").get("/sources/record.xlsx").status_code == 403
    book = load_workbook(BytesIO(signed("centre_head").get("/sources/record.xlsx").content))
    rows = list(book["信源"].iter_rows(values_only=True))
    assert {row[1] for row in rows[2:]} == set(Source.objects.exclude(name="=cmd()").values_list("name", flat=True)) | {"'=cmd()"}
    row = next(r for r in rows if r[1] == "西安日报")
    assert FEED["purpose"] in row and robots.sha in row and "王主任" in row
    assert [r[3] for r in book["批准记录"].iter_rows(min_row=3, values_only=True)] == ["已批准"]
    assert AuditEntry.objects.filter(action="source.record").exists()


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


def test_a_feed_without_an_assessment_is_refused(signed):
    response = add(signed("admin"), legal_basis=" ")
    assert response.status_code == 400 and response.context["form"].errors["legal_basis"]


def test_the_same_address_or_name_twice_is_refused(signed):
    client = signed("admin")
    add(client)
    assert add(client, name="别名").context["form"].errors["url"] == ["已有信源使用此地址"]
    assert "name" in add(client, url="https://news.example.cn/other.xml").context["form"].errors


def test_a_source_is_switched_off_and_on_again(signed, scene):
    client, source = signed("admin"), Source.objects.get(name="西安发布")
    assert "理由" in client.post(f"/sources/{source.pk}/switch/", {"on": "0"}, follow=True).content.decode()
    for _ in range(2):
        client.post(f"/sources/{source.pk}/switch/", {"on": "0", "reason": "改版"})
    source.refresh_from_db()
    assert not source.enabled and (source.state, source.code) == ("off", "paused_by_owner") and "改版" in source.detail
    assert source.approved_by, "a pause is no matter of approval"
    assert AuditEntry.objects.filter(action="source.off").count() == 1, "pressing twice is the same as once"
    client.post(f"/sources/{source.pk}/switch/", {"on": "1"})
    source.refresh_from_db()
    assert source.enabled and source.state == "quiet" and source.next_run_at


def test_a_source_nobody_approved_stays_off(signed, scene):
    source = city.source("未批准", "off", approved_by="")
    html = signed("admin").post(f"/sources/{source.pk}/switch/", {"on": "1"}, follow=True).content.decode()
    assert "尚未批准，不能启用" in html
    assert not Source.objects.get(pk=source.pk).enabled


@pytest.mark.parametrize("role", ["duty_officer", "shift_leader", "bureau_leader", "analyst"])
def test_who_may_not_manage_sources_is_refused(signed, scene, role):
    client, source = signed(role), Source.objects.get(name="西安发布")
    html = client.get("/sources/").content.decode()
    assert "立即读取</button>" not in html and "/sources/new/" not in html
    assert client.post(f"/sources/{source.pk}/switch/", {"on": "0"}).status_code == 403
    assert add(client).status_code == 403
    assert Source.objects.get(pk=source.pk).enabled


def test_the_coverage_statement_names_states_and_hours(signed, scene, now):
    source = Source.objects.get(name="三秦都市报")
    Spell.objects.create(source=source, state="failing", code="", starts_at=now - timedelta(hours=5))
    ask = signed("analyst")
    start = (now - timedelta(hours=2)).astimezone(SHANGHAI)
    told = ask.get("/sources/coverage.json", {"from": start.isoformat(), "to": f"{now.astimezone(SHANGHAI):%Y-%m-%dT%H:%M:%S}"}).json()
    assert told["hours"]["三秦都市报"]["failing"] == pytest.approx(2, abs=0.01) and "三秦都市报" in told["sentence"]
    assert told["spells"][0]["state"] == "failing" and told["spells"][0]["from"].endswith("+08:00")


@pytest.mark.parametrize("query", ["from=soon", "from=2026-01-02&to=2026-01-01", "from=2001-01-01"])
def test_a_window_that_is_none_is_refused(signed, scene, query):
    answer = signed("analyst").get(f"/sources/coverage.json?{query}")
    assert answer.status_code == 400 and answer.json()["error"]
