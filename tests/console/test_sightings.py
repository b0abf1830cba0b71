"""渠道所见 on the pages: one click on the event or the release, differences beside a reason, and what the ledger lacks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from archive.models import Post, Source
from flow import sightings
from sla.models import Release, Sighting
from tests.console import city
from tests.flow.city import POLICY

pytestmark = pytest.mark.django_db
TITLE = "关于灞桥区厂房火灾的情况通报"
BODY = "今晨2时许，灞桥区一厂房发生火灾，已造成11人死亡、6人受伤。公安、消防已到场处置，原因正在调查。后续情况将及时发布。"


@pytest.fixture
def outlet(scene) -> Source:
    made = city.source("西安公安微信")
    Source.objects.filter(pk=made.pk).update(outlet="own")
    made.refresh_from_db()
    return made


@pytest.fixture
def release(scene, now) -> Release:
    """Drafted by the duty officer and reviewed by the shift leader: the centre's head is the third person."""
    return city.release(
        scene["fire"], state="reviewed", at=now - timedelta(minutes=30), title=TITLE, body=BODY, review_no="审2026-1",
        people=(scene["duty_officer"], scene["shift_leader"]),
    )  # fmt: skip


def shown(outlet, now, *, title=TITLE, body=BODY, event=None, **more) -> Sighting:
    fields = {"site": outlet.name, "outlet": "own", "platform": "wechat", **more}
    made = city.post(event, title, body, now - timedelta(minutes=10), **fields)
    Post.objects.filter(pk=made.pk).update(source=outlet)
    sightings.run(POLICY, now, held=True)
    return Sighting.objects.get(post_id=made.pk)


def page(client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


def test_the_event_page_offers_one_click_to_the_third_person_alone(signed, scene, outlet, release, now):
    row = shown(outlet, now)
    path = f"/events/{scene['fire'].pk}/"
    button = f'hx-post="/sightings/{row.pk}/accept/"'
    html = page(signed("centre_head"), path)
    assert button in html and "可作 K1 的公开证据" in html and "与审定稿一致" in html
    for role in ("duty_officer", "shift_leader", "analyst"):
        assert button not in page(signed(role), path)
    answer = signed("centre_head").post(f"/sightings/{row.pk}/accept/", headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == path
    release.refresh_from_db()
    first = scene["fire"].obligations.get(duty="K1")
    assert release.published_by == scene["centre_head"] and first.release == release
    assert first.settled_at == row.post.published_at
    assert button not in page(signed("centre_head"), path)


def test_whoever_may_not_publish_is_refused(signed, scene, outlet, release, now):
    row = shown(outlet, now)
    assert signed("analyst").post(f"/sightings/{row.pk}/accept/").status_code == 403
    answer = signed("shift_leader").post(f"/sightings/{row.pk}/accept/", follow=True)
    assert "未认定：同一人不得兼任起草、审核、发布" in answer.content.decode()
    release.refresh_from_db()
    assert release.state == "reviewed"


def test_differences_are_marked_and_ask_for_a_reason(signed, scene, outlet, release, now):
    row = shown(outlet, now, body=BODY.replace("6人受伤", "9人受伤"))
    event = page(signed("centre_head"), f"/events/{scene['fire'].pk}/")
    assert "hx-post=\"/sightings/" not in event and f"/releases/{release.pk}/#seen-{row.pk}" in event
    html = page(signed("centre_head"), f"/releases/{release.pk}/")
    assert "<del>6</del><ins>9</ins>" in html and "与审定稿不一致" in html and 'name="reason"' in html
    answer = signed("centre_head").post(f"/sightings/{row.pk}/accept/", follow=True)
    assert "请核对差异并写明理由" in answer.content.decode()
    signed("centre_head").post(f"/sightings/{row.pk}/accept/", {"reason": "最新核实数字，已报局领导"})
    release.refresh_from_db()
    assert release.state == "published"
    assert "最新核实数字" in page(signed("duty_officer"), f"/releases/{release.pk}/")
    assert "与审定稿不一致" in page(signed("duty_officer"), "/ledger/")


def test_an_unreviewed_draft_seen_in_public_is_a_warning(signed, scene, outlet, now):
    draft = city.release(scene["fire"], at=now, title=TITLE, body=BODY, people=(scene["duty_officer"],))
    row = shown(outlet, now)
    assert row.release == draft
    html = page(signed("centre_head"), f"/events/{scene['fire'].pk}/")
    assert "此稿尚未经第二人审核" in html and "hx-post=\"/sightings/" not in html


def test_declining_moves_it_to_the_list_of_what_the_ledger_lacks(signed, outlet, release, now):
    row = shown(outlet, now)
    answer = signed("centre_head").post(f"/sightings/{row.pk}/decline/", follow=True)
    assert "已记为不是此稿" in answer.content.decode()
    html = page(signed("centre_head"), "/ledger/")
    assert "渠道已见、台账没有" in html and TITLE in html
    signed("centre_head").post(f"/sightings/{row.pk}/assign/", {"release": str(release.pk)})
    row.refresh_from_db()
    assert (row.state, row.release) == ("offered", release)


def test_what_the_ledger_lacks_can_be_drafted_or_dismissed(signed, scene, outlet, now):
    row = shown(outlet, now, title="灞桥火灾善后进展", body="截至今日18时，伤者均已送医，善后工作正在进行。", event=scene["fire"])
    html = page(signed("centre_head"), "/ledger/")
    link = f"/events/{scene['fire'].pk}/release/?seen={row.pk}"
    assert link in html
    assert "截至今日18时，伤者均已送医" in page(signed("duty_officer"), link)
    for value in ("", "x", "999999"):
        signed("centre_head").post(f"/sightings/{row.pk}/assign/", {"release": value})
    row.refresh_from_db()
    assert row.state == "unlisted"
    signed("centre_head").post(f"/sightings/{row.pk}/dismiss/")
    assert "善后进展" not in page(signed("centre_head"), "/ledger/")


def test_a_release_its_outlet_no_longer_shows_is_marked_everywhere(signed, scene, outlet, release, now):
    row = shown(outlet, now)
    signed("centre_head").post(f"/sightings/{row.pk}/accept/")
    Post.objects.filter(pk=row.post_id).update(withdrawn_at=now, body="")
    sightings.run(POLICY, now, held=True)
    assert "不再显示" in page(signed("duty_officer"), "/ledger/")
    assert "渠道已撤下原文" in page(signed("duty_officer"), f"/releases/{release.pk}/")
    assert "不再显示" in page(signed("duty_officer"), f"/events/{scene['fire'].pk}/")


def test_an_unchanged_offer_leaves_the_polled_page_alone(signed, scene, outlet, release, now):
    shown(outlet, now)
    client, path = signed("centre_head"), f"/events/{scene['fire'].pk}/live/"
    first = client.get(path)
    assert client.get(path, headers={"If-None-Match": first["ETag"]}).status_code == 304
