"""归并 on the event page."""

from __future__ import annotations

import pytest

from analysis.models import Event, Reading
from flow.models import MergeProposal, Regroup
from tests.console import city
from tests.console.city import HOUR

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(scene, now):
    made = city.event("另一事件", started=now - HOUR)
    city.post(made, "另一事件的信息", "另一事件的正文", now - HOUR)
    return made


def send(client, event, **fields):
    return client.post(f"/events/{event.pk}/regroup/", {"reason": "同一件事", "posts": "", "title": "", **fields})


def test_a_shift_leader_merges_two_events_and_takes_it_back(signed, scene, other):
    client, fire = signed("shift_leader"), scene["fire"]
    assert send(client, fire, what="merge", other=other.pk).status_code == 302
    other.refresh_from_db()
    assert other.merged_into == fire
    html = client.get(f"/events/{fire.pk}/").content.decode()
    assert "合并" in html and "撤销</button>" in html
    client.post(f"/regroups/{Regroup.objects.get().pk}/undo/")
    other.refresh_from_db()
    assert other.merged_into is None
    assert "已撤销" in client.get(f"/events/{fire.pk}/").content.decode()


def test_posts_are_split_off_by_their_numbers(signed, scene):
    fire = scene["fire"]
    chosen = Reading.objects.filter(event=fire).exclude(fold=scene["first"].fold).first()
    assert send(signed("shift_leader"), fire, what="split", posts=f" {chosen.post_id}，", title="另立").status_code == 302
    chosen.refresh_from_db()
    assert chosen.event.title == "另立" and chosen.event != fire


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"what": "merge"}, "请填写另一事件的编号"),
        ({"what": "merge", "other": 99999}, "没有编号为 99999 的事件"),
        ({"what": "split", "posts": ""}, "请选择要移出的信息"),
        ({"what": "split", "posts": "甲"}, "信息编号只能是数字"),
        ({"what": "split", "posts": "99999"}, "信息 99999 不在事件"),
    ],
)
def test_what_is_refused_is_said_beside_its_field(signed, scene, fields, said):
    answer = send(signed("shift_leader"), scene["fire"], **fields)
    assert answer.status_code == 400 and said in answer.content.decode()
    assert not Regroup.objects.exists()


def test_an_analyst_may_not_regroup(signed, scene, other):
    assert send(signed("analyst"), scene["fire"], what="merge", other=other.pk).status_code == 403


@pytest.mark.parametrize(("answer", "state"), [("merge", "accepted"), ("decline", "declined")])
def test_a_proposal_is_answered_with_one_click(signed, scene, other, now, answer, state):
    made = MergeProposal.objects.create(into=scene["fire"], gone=other, at=now, score=0.7, reasons=["共有词：火灾"])
    client = signed("shift_leader")
    assert "是，合并" in client.get(f"/events/{scene['fire'].pk}/").content.decode()
    client.post(f"/proposals/{made.pk}/", {"answer": answer})
    made.refresh_from_db()
    assert made.state == state
    assert (Event.objects.get(pk=other.pk).merged_into == scene["fire"]) is (answer == "merge")
