"""From draft to settled clock through the pages: three people, evidence, and refusals beside their fields."""

from __future__ import annotations

import hashlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from config.clock import SHANGHAI
from sla.models import Release
from tests.console.city import HOUR

pytestmark = pytest.mark.django_db
PAGE = b"<html><h1>police bulletin</h1><script>alert(1)</script></html>"


def draft(client, event, **more):
    data = {"duties": ["K1"], "title": "警情通报", "body": "今晨灞桥区一厂房起火。", **more}
    return client.post(f"/events/{event.pk}/release/", data)


def publishing(now, **more):
    at = now.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M")
    page = SimpleUploadedFile("page.html", PAGE, "text/html")
    return {"channel": "portal", "url": "https://ga.example.cn/2.html", "published_at": at, "page": page, **more}


@pytest.fixture
def reviewed(scene, signed):
    """A K1 release of the fire, drafted by the duty officer and reviewed by the shift leader."""
    draft(signed("duty_officer"), scene["fire"])
    made = Release.objects.latest("id")
    signed("shift_leader").post(f"/releases/{made.pk}/review/")
    return made


def test_three_people_settle_one_clock(signed, scene, now):
    assert draft(signed("duty_officer"), scene["fire"]).status_code == 302
    made = Release.objects.latest("id")
    path = f"/releases/{made.pk}/"
    assert "审核通过" in signed("shift_leader").get(path).content.decode()
    signed("shift_leader").post(path + "review/")
    response = signed("centre_head").post(path + "publish/", publishing(now))
    assert response.url == f"/events/{scene['fire'].pk}/"
    first, second = scene["fire"].obligations.filter(duty__in=("K1", "K2")).order_by("duty")
    assert first.release == made and first.settled_at and second.settled_at is None
    html = signed("duty_officer").get(response.url).content.decode()
    assert "按时履行" in html and "《警情通报》" in html


def test_the_drafter_cannot_review_nor_the_maker_publish(signed, scene, reviewed, now):
    draft(signed("shift_leader"), scene["fire"], title="第二份")
    own = Release.objects.get(title="第二份")
    assert "审核通过" not in signed("shift_leader").get(f"/releases/{own.pk}/").content.decode()
    refused = signed("shift_leader").post(f"/releases/{own.pk}/review/")
    assert refused.status_code == 400 and "起草人不得审核自己的稿件" in refused.content.decode()
    for role in ("duty_officer", "shift_leader"):
        assert "起草人、审核人不得兼任发布人" in signed(role).get(f"/releases/{reviewed.pk}/").content.decode()
        assert signed(role).post(f"/releases/{reviewed.pk}/publish/", publishing(now)).status_code == 400
    reviewed.refresh_from_db()
    assert reviewed.state == "reviewed"


def test_a_draft_that_nobody_reviewed_cannot_be_published(signed, scene, now):
    draft(signed("duty_officer"), scene["fire"])
    made = Release.objects.latest("id")
    response = signed("centre_head").post(f"/releases/{made.pk}/publish/", publishing(now))
    assert response.status_code == 400 and "须经第二人审核" in response.content.decode()


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("page", "", "缺已发布页面文件"),
        ("url", "", "缺发布链接"),
        ("channel", "media", "须在本局官方渠道公开发布"),
        ("url", "javascript:alert(1)", "输入一个有效的 URL"),
    ],
)
def test_missing_evidence_is_named_beside_its_field(signed, reviewed, now, field, value, error):
    response = signed("centre_head").post(f"/releases/{reviewed.pk}/publish/", publishing(now, **{field: value}))
    assert response.status_code == 400
    assert error in "".join(response.context["form"].errors[field])
    assert reviewed.event.obligations.filter(settled_at=None).count() == 2


def test_a_publication_of_the_future_is_refused(signed, reviewed, now):
    response = signed("centre_head").post(f"/releases/{reviewed.pk}/publish/", publishing(now + HOUR))
    assert "发布时间晚于当前时间" in response.context["form"].errors["published_at"][0]


def test_a_bulletin_is_no_press_conference(signed, scene, now):
    draft(signed("duty_officer"), scene["fire"], duties=["K2"])
    made = Release.objects.latest("id")
    signed("shift_leader").post(f"/releases/{made.pk}/review/")
    path = f"/releases/{made.pk}/publish/"
    response = signed("centre_head").post(path, publishing(now))
    assert "通稿不能代替新闻发布会" in response.context["form"].errors["channel"][0]
    response = signed("centre_head").post(path, publishing(now, channel="conference"))
    assert "地点" in response.context["form"].errors["place"][0]
    held = publishing(now, channel="conference", place="市局新闻发布厅", speaker="张某", attendees=23)
    assert signed("centre_head").post(path, held).status_code == 302
    assert scene["fire"].obligations.get(duty="K2").settled_at
    assert scene["fire"].obligations.get(duty="K1").settled_at is None


def test_publishing_twice_is_once(signed, reviewed, now):
    path = f"/releases/{reviewed.pk}/publish/"
    assert signed("centre_head").post(path, publishing(now)).status_code == 302
    again = signed("centre_head").post(path, publishing(now, url="https://ga.example.cn/other.html"))
    assert again.status_code == 400 and "已经发布" in again.content.decode()
    reviewed.refresh_from_db()
    assert reviewed.url == "https://ga.example.cn/2.html"


def test_a_later_bulletin_settles_nothing_and_needs_no_duty(signed, scene):
    assert draft(signed("duty_officer"), scene["fire"], duties=[]).status_code == 302
    assert Release.objects.latest("id").duties == []


def test_only_duties_that_run_can_be_named(signed, scene):
    response = draft(signed("duty_officer"), scene["card"], duties=["K1"])
    assert response.status_code == 400 and "duties" in response.context["form"].errors


@pytest.mark.parametrize(
    ("role", "step"),
    [
        ("bureau_leader", "draft"),
        ("admin", "draft"),
        ("duty_officer", "review"),
        ("analyst", "review"),
        ("analyst", "publish"),
        ("bureau_leader", "publish"),
    ],
)
def test_who_may_not_take_a_step_is_refused(signed, scene, reviewed, now, role, step):
    client = signed(role)
    if step == "draft":
        assert draft(client, scene["fire"]).status_code == 403
    elif step == "review":
        assert client.post(f"/releases/{reviewed.pk}/review/").status_code == 403
    else:
        assert client.post(f"/releases/{reviewed.pk}/publish/", publishing(now)).status_code == 403


def test_the_ledger_lists_and_filters_every_release(signed, scene):
    client = signed("analyst")
    html = client.get("/ledger/").content.decode()
    assert html.count('data-row="rel-') == 2 and "未央区一小区燃气闪爆" in html and "abababababab" in html
    assert client.get("/ledger/?state=published").content.decode().count('data-row="rel-') == 1
    assert client.get("/ledger/?channel=weibo").content.decode().count('data-row="rel-') == 0
    assert client.get("/ledger/?since=2030-01-01").content.decode().count('data-row="rel-') == 0
    assert client.get("/ledger/?since=not-a-date").status_code == 200


def test_the_evidence_is_a_download_and_never_a_page(signed, reviewed, now):
    signed("centre_head").post(f"/releases/{reviewed.pk}/publish/", publishing(now))
    digest = hashlib.sha256(PAGE).hexdigest()
    response = signed("analyst").get(f"/evidence/{digest}/")
    assert b"".join(response.streaming_content) == PAGE
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert signed("analyst").get("/evidence/secret-key/").status_code == 404


def test_another_agencys_release_is_marked_as_its_own_and_a_speaker_counts_for_the_unit(signed, scene, now):
    from sla.models import Appearance

    draft(signed("duty_officer"), scene["fire"], duties=["K1"])
    made = Release.objects.latest("id")
    signed("shift_leader").post(f"/releases/{made.pk}/review/", {"review_no": "保审〔2026〕7号"})
    path = f"/releases/{made.pk}/publish/"
    assert signed("centre_head").post(path, publishing(now, issuer="省反恐办")).status_code == 302
    page = signed("analyst").get(f"/releases/{made.pk}/").content.decode()
    assert "由省反恐办发布" in page and "保审〔2026〕7号" in page
    draft(signed("duty_officer"), scene["fire"], duties=["K2"])
    made = Release.objects.latest("id")
    signed("shift_leader").post(f"/releases/{made.pk}/review/")
    held = publishing(now, channel="conference", place="发布厅", speaker="张某", attendees=23, unit="西安市公安局")
    refused = signed("centre_head").post(f"/releases/{made.pk}/publish/", held)
    assert refused.status_code == 400 and "职务" in refused.context["form"].errors["post"][0]
    assert signed("centre_head").post(f"/releases/{made.pk}/publish/", held | {"page": "", "post": "head"}).status_code == 302
    assert Appearance.objects.get().name == "张某"
