"""Articles on our own outlets against the ledger: offered, seen, listed; a person decides, and only that settles."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.models import Alert
from analysis.models import Event
from archive.models import Post, PostVersion, Showing
from flow import release as releases
from flow import sighting_acts, sightings
from flow.models import AuditEntry
from sla.engine import Unmet
from sla.models import Obligation, Release, Sighting
from tests.flow.city import FIRE, POLICY, at, play, post, source, user

pytestmark = pytest.mark.django_db
BODY = "11月23日8时许，灞桥区某厂房发生火灾，已造成11人死亡、6人受伤。公安、消防已到场处置，事故原因正在调查。后续情况将及时发布。"
TITLE = "灞桥区厂房火灾情况通报"
State = Sighting.State


@pytest.fixture
def event() -> Event:
    """A 重大 fire with K1 and K2 running since 9."""
    post(*FIRE, when="2026-11-23 09:00")
    play("2026-11-23 09:05")
    return Event.objects.get()


def drafted(event, title=TITLE, body=BODY, when="2026-11-23 10:00", *, reviewed=True) -> Release:
    made = releases.draft(event.id, ["K1"], title, body, user("li"), at(when))
    if reviewed:
        releases.review(made.id, user("wang", "shift_leader"), at(when) + timedelta(minutes=5))
    return made


def article(title=TITLE, body=BODY, when="2026-11-23 10:20", **more) -> Post:
    own = source("西安公安微信", "own", home="西安")
    fields = {"outlet": "own", "site": own.name, "unread": False, **more}
    return post(title, body, when, **fields)


def look(when="2026-11-23 10:30"):
    return sightings.run(POLICY, at(when), held=True)


def clock(event, duty="K1") -> Obligation:
    return event.obligations.get(duty=duty, superseded_at=None)


def test_an_article_that_is_a_reviewed_release_is_offered_and_settles_nothing(event):
    release, seen = drafted(event), article()
    look()
    row = Sighting.objects.get()
    assert (row.state, row.release, row.how, row.verdict) == (State.OFFERED, release, "text", "same")
    release.refresh_from_db()
    assert release.state == "reviewed" and clock(event).settled_at is None
    entry = AuditEntry.objects.get(action="sighting.offered")
    assert entry.actor == "engine" and entry.data["post"] == seen.id
    look("2026-11-23 10:31")
    assert Sighting.objects.count() == 1 and AuditEntry.objects.filter(action="sighting.offered").count() == 1


def test_one_click_records_the_publication_at_the_articles_own_time(event, settings):
    release, seen = drafted(event), article()
    Post.objects.filter(id=seen.id).update(platform="wechat")
    look()
    sighting_acts.accept(Sighting.objects.get().id, user("zhao", "centre_head"), POLICY, at("2026-11-23 10:40"))
    release.refresh_from_db()
    assert (release.state, release.channel, release.url) == ("published", "wechat", seen.url)
    assert release.published_at == seen.published_at and release.published_by.username == "zhao"
    assert clock(event).settled_at == seen.published_at and clock(event).release == release
    assert clock(event, "K2").settled_at is None
    kept = (settings.DATA / "evidence" / release.page_hash).read_text()
    assert BODY in kept and seen.url in kept and "不是网页截图" in kept
    row = Sighting.objects.get()
    assert row.state == State.ACCEPTED and row.decided_by.username == "zhao"
    assert AuditEntry.objects.filter(action="sighting.accepted", actor="zhao", subject=f"release:{release.id}").exists()


def test_accepting_keeps_every_rule_of_publishing(event):
    drafted(event)
    article()
    look()
    row = Sighting.objects.get()
    with pytest.raises(Unmet, match="同一人不得兼任"):
        sighting_acts.accept(row.id, user("wang", "shift_leader"), POLICY, at("2026-11-23 10:40"))
    sighting_acts.accept(row.id, user("zhao", "centre_head"), POLICY, at("2026-11-23 10:40"))
    with pytest.raises(Unmet, match="已认定"):
        sighting_acts.accept(row.id, user("zhao", "centre_head"), POLICY, at("2026-11-23 10:41"))


def test_a_draft_nobody_reviewed_is_shown_but_not_accepted(event):
    drafted(event, reviewed=False)
    article()
    look()
    row = Sighting.objects.get()
    assert row.state == State.OFFERED
    with pytest.raises(Unmet, match="须经第二人审核"):
        sighting_acts.accept(row.id, user("zhao", "centre_head"), POLICY, at("2026-11-23 10:40"))
    row.refresh_from_db()
    assert row.state == State.OFFERED and clock(event).settled_at is None


def test_another_text_than_the_approved_one_needs_a_reason(event):
    drafted(event)
    article(body=BODY.replace("6人受伤", "9人受伤"))
    look()
    row = Sighting.objects.get()
    assert row.state == State.OFFERED and row.verdict == "differs"
    with pytest.raises(Unmet, match="与审定稿不一致") as refused:
        sighting_acts.accept(row.id, user("zhao", "centre_head"), POLICY, at("2026-11-23 10:40"))
    assert refused.value.field == "reason"
    sighting_acts.accept(row.id, user("zhao", "centre_head"), POLICY, at("2026-11-23 10:40"), reason="发布前经局领导同意更新伤者人数")
    row.refresh_from_db()
    assert row.reason.startswith("发布前") and clock(event).settled_at


def test_a_release_recorded_by_hand_is_found_on_its_outlet_and_marked_seen(event):
    release = drafted(event)
    page = article()
    releases.publish(
        release.id, channel="wechat", url=page.url + "?from=app", published_at=page.published_at, user=user("zhao", "centre_head"),
        page=b"page", policy=POLICY, now=at("2026-11-23 10:25"), held=True,
    )  # fmt: skip
    look()
    row = Sighting.objects.get()
    assert (row.state, row.how) == (State.SEEN, "url")
    assert not AuditEntry.objects.filter(action="sighting.offered").exists()


def test_an_offer_whose_release_is_recorded_by_hand_becomes_a_sighting(event):
    release = drafted(event)
    page = article()
    look()
    releases.publish(
        release.id, channel="wechat", url=page.url, published_at=page.published_at, user=user("zhao", "centre_head"),
        page=b"page", policy=POLICY, now=at("2026-11-23 10:35"), held=True,
    )  # fmt: skip
    look("2026-11-23 10:36")
    assert Sighting.objects.get().state == State.SEEN


def test_an_article_without_a_release_is_listed_until_one_is_drafted(event):
    article()
    look()
    row = Sighting.objects.get()
    assert row.state == State.UNLISTED and row.release is None
    release = drafted(event, when="2026-11-23 11:00")
    look("2026-11-23 11:01")
    row.refresh_from_db()
    assert row.state == State.OFFERED and row.release == release


def test_what_a_person_declined_is_not_offered_for_that_release_again(event):
    release = drafted(event)
    article()
    look()
    row = sighting_acts.decline(Sighting.objects.get().id, user("zhao", "centre_head"), at("2026-11-23 10:40"))
    assert row.state == State.UNLISTED and row.not_of == [release.id]
    drafted(event, title="另一份通报", body="内容完全不同的一份稿件，说的是善后工作进展。", when="2026-11-23 11:00")
    look("2026-11-23 11:01")
    row.refresh_from_db()
    assert row.state == State.UNLISTED
    back = sighting_acts.assign(row.id, release.id, user("zhao", "centre_head"), at("2026-11-23 11:05"))
    assert (back.state, back.how, back.verdict, back.not_of) == (State.OFFERED, "person", "same", [])


def test_an_everyday_article_is_dismissed_and_leaves_the_list(event):
    article("今日反诈提醒", "接到自称客服的电话要求转账的，都是诈骗。")
    look()
    row = sighting_acts.dismiss(Sighting.objects.get().id, user("li"), at("2026-11-23 10:40"))
    assert row.state == State.DISMISSED
    with pytest.raises(Unmet):
        sighting_acts.dismiss(row.id, user("li"), at("2026-11-23 10:41"))
    with pytest.raises(Unmet, match="没有编号"):
        sighting_acts.assign(row.id, 999, user("li"), at("2026-11-23 10:41"))


def test_only_what_our_outlets_say_themselves_counts(event):
    drafted(event)
    post(TITLE, BODY, "2026-11-23 10:20", site="华商网", outlet="media", unread=False)
    # A reader's comment under our article comes by our own source, and is not our word.
    own = source("西安公安微信", "own")
    post(TITLE, BODY, "2026-11-23 10:21", site=own.name, outlet="individual", unread=False)
    look()
    assert not Sighting.objects.exists()


def test_a_release_missing_from_three_readings_of_its_outlet_is_told(event):
    drafted(event)
    page = article()
    look()
    sighting_acts.accept(Sighting.objects.get().id, user("zhao", "centre_head"), POLICY, at("2026-11-23 10:40"))
    Showing.objects.create(post=page, missed=2, looked_at=at("2026-11-23 12:00"))
    assert look("2026-11-23 12:01")["alerts"] == 0
    Showing.objects.update(missed=3)
    assert look("2026-11-23 12:11")["alerts"] == 1
    Showing.objects.update(missed=0)
    look("2026-11-23 12:21")
    assert Alert.objects.get(kind="system").stood_down_at


def test_an_article_edited_at_its_outlet_is_compared_anew(event, settings):
    drafted(event)
    page = article()
    look()
    changed = BODY.replace("6人受伤", "9人受伤")
    PostVersion.objects.create(post=page, at=at("2026-11-23 10:35"), title=TITLE, body=changed, digest="1")
    look("2026-11-23 10:36")
    row = Sighting.objects.get()
    assert (row.state, row.verdict) == (State.OFFERED, "differs")
    with pytest.raises(Unmet, match="不一致"):
        sighting_acts.accept(row.id, user("zhao", "centre_head"), POLICY, at("2026-11-23 10:40"))
    release = sighting_acts.accept(row.id, user("zhao", "centre_head"), POLICY, at("2026-11-23 10:40"), reason="最新数字")
    assert changed in (settings.DATA / "evidence" / release.page_hash).read_text()
    PostVersion.objects.create(post=page, at=at("2026-11-23 11:00"), title=TITLE, body=BODY, digest="2")
    look("2026-11-23 11:01")
    row.refresh_from_db()
    assert (row.state, row.verdict) == (State.ACCEPTED, "same")
    assert AuditEntry.objects.filter(action="sighting.edited").count() == 2
    look("2026-11-23 11:02")
    assert AuditEntry.objects.filter(action="sighting.edited").count() == 2


def test_our_own_weibo_posts_that_come_with_comments_count_too(event):
    drafted(event)
    account = source("本局微博", "individual", kind="weibo")
    post("", f"【{TITLE}】{BODY}", "2026-11-23 10:20", site=account.name, outlet="own", unread=False)
    look()
    assert Sighting.objects.get().state == State.OFFERED


def test_our_own_outlets_never_owe_an_answer(event):
    asked = "市民投诉：灞桥分局办理身份证要排三小时队，请问什么时候能解决？"
    article("关于市民投诉办证排队的答复", asked, "2026-11-23 09:30", unread=True)
    play("2026-11-23 09:40")
    assert not Obligation.objects.filter(duty="K3").exists()


def test_a_published_release_that_its_outlet_took_down_is_told_once_and_stands_down_when_back(event):
    release, page = drafted(event), article()
    look()
    sighting_acts.accept(Sighting.objects.get().id, user("zhao", "centre_head"), POLICY, at("2026-11-23 10:40"))
    assert look("2026-11-23 12:00")["alerts"] == 0
    Post.objects.filter(id=page.id).update(withdrawn_at=at("2026-11-23 12:30"), body="")
    assert look("2026-11-23 12:31")["alerts"] == 1
    assert look("2026-11-23 12:32")["alerts"] == 0
    told = Alert.objects.get(kind="system")
    assert "发布已不见" in told.title and told.event == event and told.cause.startswith(f"release:{release.id}:gone:")
    assert clock(event).settled_at  # what was made public was made public
    Post.objects.filter(id=page.id).update(withdrawn_at=None)
    look("2026-11-23 13:00")
    told.refresh_from_db()
    assert told.stood_down_at and Sighting.objects.get().gone_at is None
