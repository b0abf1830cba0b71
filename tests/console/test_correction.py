"""更正研读 on a post's page: the reading as shown and exported follows, events and clocks do not; one takes back one's own."""

from __future__ import annotations

import pytest

from analysis.models import Correction, Reading
from archive.models import Change
from flow.documents import documents
from flow.models import AuditEntry
from sla.models import Obligation
from tests.console import city

pytestmark = pytest.mark.django_db


def send(client, post, follow=False, **fields):
    data = {"tier": "incident", "type": "T13", "reason": "只是火灾", **fields}
    return client.post(f"/posts/{post.pk}/correct/", data, follow=follow)


def reading(post) -> Reading:
    return Reading.objects.get(post=post)


@pytest.mark.parametrize("role", ["duty_officer", "shift_leader", "centre_head", "analyst"])
def test_an_officer_corrects_what_was_read_and_page_and_documents_follow(signed, scene, role):
    client, post = signed(role), scene["first"]
    assert "归并 · 移动信息" in client.get(f"/posts/{post.pk}/").content.decode()
    Change.objects.all().delete()
    assert send(client, post).status_code == 302
    read = reading(post)
    who = scene[role].username
    assert (read.tier, read.type) == ("incident", "T13")
    assert read.reasons == [f"人工更正：{who}：只是火灾", "提到警方"]
    assert list(Change.objects.values_list("post_id", flat=True)) == [post.pk]
    assert documents([post.pk])[0].tier == "incident"
    html = client.get(f"/posts/{post.pk}/").content.decode()
    assert "本地案事件（人工更正）" in html and f"人工更正：{who}：只是火灾" in html and "由您更正" in html
    entry = AuditEntry.objects.get(action="reading.corrected")
    assert (entry.actor, entry.subject, entry.data["tier"]) == (who, f"post:{post.pk}", "incident")
    assert "只是火灾" not in str(entry.data)


def test_calling_a_post_irrelevant_only_marks_it(signed, scene):
    post, fire = scene["first"], scene["fire"]
    clocks = list(Obligation.objects.order_by("pk").values())
    assert send(signed("duty_officer"), post, tier="none", reason="外地旧闻").status_code == 302
    read = reading(post)
    assert (read.tier, read.type, read.event) == ("none", "", fire)  # the type of the form is dropped
    assert list(Obligation.objects.order_by("pk").values()) == clocks
    before = (fire.grade, fire.type, fire.posts)
    fire.refresh_from_db()
    assert (fire.grade, fire.type, fire.posts) == before


def test_ones_own_last_correction_is_taken_back_step_by_step(signed, scene):
    client, post = signed("duty_officer"), scene["first"]
    send(client, post)
    send(client, post, tier="none", reason="看错了")
    assert [line for line in reading(post).reasons if line.startswith("人工更正")] == [f"人工更正：{scene['duty_officer'].username}：看错了"]
    client.post(f"/posts/{post.pk}/correct/undo/")
    assert (reading(post).tier, reading(post).type) == ("incident", "T13")
    client.post(f"/posts/{post.pk}/correct/undo/")
    read = reading(post)
    assert (read.tier, read.type, read.reasons) == ("direct", "T04", ["提到警方"])
    assert "没有可撤销的更正" in client.post(f"/posts/{post.pk}/correct/undo/", follow=True).content.decode()
    assert Correction.objects.filter(undone_at=None).count() == 0 and Correction.objects.count() == 2


def test_another_persons_correction_is_not_taken_back_but_may_be_corrected(signed, scene):
    post, leader = scene["first"], signed("shift_leader")
    send(signed("duty_officer"), post)
    assert "由您更正" not in leader.get(f"/posts/{post.pk}/").content.decode()
    answer = leader.post(f"/posts/{post.pk}/correct/undo/", follow=True).content.decode()
    assert "只能由本人撤销" in answer and reading(post).tier == "incident"
    assert send(leader, post, tier="direct", type="T04", reason="民警在场").status_code == 302
    assert reading(post).tier == "direct"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"reason": "  "}, "这个字段是必填项"),
        ({"type": ""}, "请选择类型"),
        ({"type": "T99"}, "T99"),
        ({"tier": "maybe"}, "maybe"),
        ({"tier": "direct", "type": "T04"}, "与现在的研读相同"),
    ],
)
def test_what_is_refused_is_said_and_nothing_is_written(signed, scene, fields, said):
    answer = send(signed("duty_officer"), scene["first"], **fields)
    assert answer.status_code == 400 and said in answer.content.decode()
    assert not Correction.objects.exists() and reading(scene["first"]).tier == "direct"


def test_unread_and_withdrawn_posts_are_not_corrected(signed, scene, now):
    client, unread = signed("duty_officer"), city.post(None, "题", "文", now)
    assert "这条信息尚未研读，无可更正" in send(client, unread, follow=True).content.decode()
    gone = scene["first"]
    gone.withdrawn_at = now
    gone.save()
    assert "更正研读" not in client.get(f"/posts/{gone.pk}/").content.decode()
    assert "原文已撤回，不能更正" in send(client, gone, follow=True).content.decode()
    assert not Correction.objects.exists()


def test_an_administrator_sees_no_form_and_is_refused(signed, scene):
    client = signed("admin")
    assert "更正研读" not in client.get(f"/posts/{scene['first'].pk}/").content.decode()
    assert send(client, scene["first"]).status_code == 403
    assert client.post(f"/posts/{scene['first'].pk}/correct/undo/").status_code == 403
