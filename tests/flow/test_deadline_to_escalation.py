"""A deadline nears and passes; nobody answers; each level above is told; evidence stops it and stands everybody down."""

import pytest

from alerts.models import Alert, Delivery
from analysis.models import Event
from flow import acts, audit, handling, release
from flow.models import AuditEntry
from sla.engine import Unmet
from sla.models import Milestone, Obligation, Release
from tests.flow.city import FIRE, POLICY, at, play, post, user

pytestmark = pytest.mark.django_db


@pytest.fixture
def fire():
    """A 重大 fire that happened at 08:00 and was read at 09:05: K1 is due at 13:00, K2 at 08:00 next day."""
    post(*FIRE, "2026-11-23 09:00", outlet="media", site="华商网")
    play("2026-11-23 09:05")
    return Event.objects.get()


def k1(event):
    return event.obligations.get(duty="K1", superseded_at=None)


def alerts(kind, **more):
    return Alert.objects.filter(kind=kind, **more).order_by("raised_at", "level")


def publish(event, now="2026-11-23 12:30", duties=("K1",), page=b"<html>bulletin</html>", **changes):
    people = {"drafted_by": user("zhang"), "reviewed_by": user("li"), "published_by": user("wang")}
    given = dict(
        duties=list(duties), title="关于灞桥区一厂房火灾的情况通报", body="11月23日8时许……", channel="portal",
        url="https://example.cn/t/1", published_at=at(now), page=page, place="", speaker="", attendees=None,
        policy=POLICY, now=at(now), held=True,
    )  # fmt: skip
    return release.record(event.id, **(given | people | changes))


def test_warnings_are_told_at_their_instants_and_the_breach_when_it_comes(fire):
    play("2026-11-23 10:59:59")
    assert not alerts("near").exists()
    play("2026-11-23 11:00")
    assert alerts("near", level=1, milestone__obligation=k1(fire)).count() == 1
    play("2026-11-23 13:00")
    assert alerts("missed", level=1, milestone__obligation=k1(fire)).count() == 1


def test_of_several_passed_milestones_only_the_newest_is_told(fire):
    play("2026-11-23 13:01")
    told = Alert.objects.filter(milestone__obligation=k1(fire), level=1)
    assert [a.kind for a in told] == ["missed"]
    assert told.get().raised_at == at("2026-11-23 13:00")
    assert not Milestone.objects.filter(obligation=k1(fire), at__lte=at("2026-11-23 13:01"), fired_at=None).exists()


def test_a_breach_is_told_again_until_evidence_comes(fire):
    for hour in ("13:00", "15:00", "17:00", "19:00"):
        play(f"2026-11-23 {hour}")
    told = [a.milestone.code for a in alerts("still_missed", level=1, milestone__obligation=k1(fire))]
    assert told == ["still_missed-1", "still_missed-2", "still_missed-3"]


def test_each_level_is_told_in_turn_when_nobody_acknowledges(fire):
    play("2026-11-23 10:30")
    steps = alerts("opened")
    assert [(a.level, a.repeat) for a in steps] == [(1, 1), (2, 1), (3, 1), (4, 1), (4, 2)]
    assert [d.address for a in steps for d in a.deliveries.filter(channel="console")] == [
        "role:duty_officer", "role:shift_leader", "role:centre_head", "role:bureau_leader", "role:bureau_leader",
    ]  # fmt: skip
    times = [a.raised_at for a in steps]
    assert times == sorted(times) and times[-1] < at("2026-11-23 10:30")
    assert steps.last().escalates_at == at("2026-11-23 10:40")


def test_an_acknowledgement_stops_the_paging_and_never_the_clock(fire):
    first = alerts("opened", level=1).get()
    handling.acknowledge(first.key, user("zhao"), at("2026-11-23 09:06"))
    acts.grade_event(fire.id, "重大", user("zhao"), "与现场核实一致", None, POLICY, at("2026-11-23 09:20"))
    play("2026-11-23 13:00")
    assert alerts("opened").count() == 1
    assert alerts("missed", level=1).exists()


def test_a_published_release_settles_its_own_duty_only_and_at_its_own_time(fire):
    publish(fire)
    done = k1(fire)
    assert (done.settled_at, done.release.url) == (at("2026-11-23 12:30"), "https://example.cn/t/1")
    assert fire.obligations.get(duty="K2").settled_at is None
    play("2026-11-24 09:00")
    assert not alerts("missed", milestone__obligation=done).exists()
    assert alerts("missed", milestone__obligation__duty="K2").exists()


def test_those_who_were_told_are_told_that_it_is_done(fire):
    play("2026-11-23 11:20")
    publish(fire, "2026-11-23 11:30")
    met = alerts("met").get()
    assert "停止催办" in met.text
    assert {d.address for d in met.deliveries.all()} >= {"role:duty_officer", "role:shift_leader"}
    assert not Alert.objects.filter(milestone__obligation=k1(fire), stood_down_at=None).exclude(kind="met").exists()


def test_a_conference_settles_the_second_clock(fire):
    publish(
        fire, "2026-11-23 20:00", ("K2",), page=None, channel="conference", url="", place="市局一楼新闻发布厅",
        speaker="新闻发言人", attendees=30,
    )  # fmt: skip
    assert fire.obligations.get(duty="K2").settled_at == at("2026-11-23 20:00")
    assert k1(fire).settled_at is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"page": None}, "page"),
        ({"page": None, "duties": ["K1", "K2"]}, "page"),
        ({"url": ""}, "url"),
        ({"channel": "media"}, "channel"),
        ({"channel": "rumour"}, "channel"),
        ({"duties": ["K9"]}, "duty"),
        ({"title": " "}, "title"),
        ({"body": ""}, "body"),
    ],
)
def test_a_release_without_its_evidence_is_refused_and_nothing_is_written(fire, changes, field):
    with pytest.raises(Unmet) as e:
        publish(fire, **changes)
    assert e.value.field == field
    assert not Release.objects.exists() and k1(fire).settled_at is None


def test_drafter_reviewer_and_publisher_are_three_people(fire):
    with pytest.raises(Unmet):
        publish(fire, reviewed_by=user("zhang"))
    with pytest.raises(Unmet):
        publish(fire, published_by=user("li"))
    assert not Release.objects.exists()


def test_a_draft_or_a_review_settles_nothing(fire):
    made = release.draft(fire.id, ["K1"], "通报", "正文", user("zhang"), at("2026-11-23 10:00"))
    assert k1(fire).settled_at is None
    release.review(made.id, user("li"), at("2026-11-23 10:10"))
    assert k1(fire).settled_at is None


def test_a_late_release_is_met_late_and_never_met(fire):
    from flow.status import standing_of

    play("2026-11-23 14:00")
    publish(fire, "2026-11-23 14:30")
    assert standing_of(k1(fire), at("2026-11-23 15:00")) == "met_late"


def test_raising_a_grade_by_hand_opens_clocks_and_lowering_it_needs_a_second_person(fire):
    with pytest.raises(Unmet) as e:
        acts.grade_event(fire.id, "较大", user("li"), "核实为4人死亡", None, POLICY, at("2026-11-23 10:00"))
    assert e.value.field == "second"
    with pytest.raises(Unmet):
        acts.grade_event(fire.id, "较大", user("li"), "核实", user("li"), POLICY, at("2026-11-23 10:00"))
    acts.grade_event(fire.id, "较大", user("li"), "核实为4人死亡", user("wang"), POLICY, at("2026-11-23 10:00"))
    fire.refresh_from_db()
    assert (fire.grade, fire.provisional) == ("较大", False)
    assert not fire.obligations.filter(duty__in=("K1", "K2"), superseded_at=None).exists()
    play("2026-11-23 14:00")
    assert not alerts("missed").exists()


def test_confirming_keeps_the_clocks_and_drops_the_provisional_mark(fire):
    before = k1(fire).id
    acts.grade_event(fire.id, "重大", user("li"), "与现场核实一致", None, POLICY, at("2026-11-23 09:30"))
    fire.refresh_from_db()
    assert not fire.provisional and k1(fire).id == before


def test_an_event_opened_by_hand_runs_its_clocks_from_when_it_happened():
    event = acts.open_event(
        title="雁塔区某酒店火灾", at=at("2026-11-23 07:00"), type_="T13", grade="重大", user=user("zhao"),
        knowledge="110指挥中心通报", policy=POLICY, now=at("2026-11-23 08:00"), held=True,
    )  # fmt: skip
    assert k1(event).due_at == at("2026-11-23 12:00")
    assert alerts("opened", level=1, event=event).count() == 1
    post("雁塔区某酒店起火", "西安市雁塔区某酒店起火，浓烟滚滚，消防已到场。", "2026-11-23 08:30")
    play("2026-11-23 08:35")
    event.refresh_from_db()
    assert event.posts == 1 and event.grade == "重大"


def test_nobody_on_duty_is_said_once_a_shift(fire):
    play("2026-11-23 14:00")
    assert alerts("nobody_on_duty").count() == 1
    play("2026-11-23 21:00")
    assert alerts("nobody_on_duty").count() == 2


def test_what_people_and_the_engine_did_is_sealed_in_a_chain_that_shows_tampering(fire):
    publish(fire)
    while audit.seal():
        pass
    assert audit.verify()[1] is None
    entry = AuditEntry.objects.filter(action="release.published").get()
    AuditEntry.objects.filter(pk=entry.pk).update(data={"duties": ["K1", "K2"]})
    assert "changed" in audit.verify()[1]


def test_the_outbox_never_tells_one_thing_twice_however_often_the_watch_runs(fire):
    for _ in range(3):
        play("2026-11-23 13:00")
    keys = list(Delivery.objects.values_list("key", flat=True))
    assert len(keys) == len(set(keys))
    assert Obligation.objects.filter(event=fire).count() == 2
