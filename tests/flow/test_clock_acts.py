"""What people do to clocks: each act says what it does, is refused with a field, and leaves its trace."""

import pytest

from alerts.models import Alert
from analysis.models import Event
from flow import acts, clock_acts
from flow.models import AuditEntry
from flow.status import standing_of
from sla.engine import Unmet
from sla.models import Milestone, Obligation
from tests.flow.city import FIRE, POLICY, at, play, post, user
from tests.flow.test_regrouped_clocks import clock, opened, publish

pytestmark = pytest.mark.django_db


@pytest.fixture
def fire():
    return opened("灞桥厂房火灾", "2026-11-23 08:00", "2026-11-23 08:10")


def refused(act, *given, **more):
    before = list(Obligation.objects.order_by("id").values()), AuditEntry.objects.count()
    with pytest.raises(Unmet) as e:
        act(*given, **more)
    assert (list(Obligation.objects.order_by("id").values()), AuditEntry.objects.count()) == before
    return e.value.field


def test_a_corrected_start_is_a_new_revision_with_the_first_deadline_kept_and_one_notice(fire):
    play("2026-11-23 11:30")
    clock_acts.correct_start(fire.id, at("2026-11-23 06:00"), user("li"), "监控显示", POLICY, at("2026-11-23 11:40"), True)
    now = clock(fire)
    assert (now.rev, now.start_basis, now.due_at) == (2, "manual", at("2026-11-23 11:00"))
    assert now.original_due_at == at("2026-11-23 13:00")
    play("2026-11-23 11:41")
    new = Alert.objects.filter(event=fire, raised_at__gte=at("2026-11-23 11:40"))
    assert {a.kind for a in new} == {"regraded"} and "已超时限" in new.get(level=1).title
    assert Milestone.objects.filter(obligation=now, fired_at=None, superseded_at=None).exists()
    assert AuditEntry.objects.get(action="clock.start_corrected").actor == "li"


def test_a_start_corrected_after_a_release_judges_the_release_by_the_new_deadline(fire):
    publish(fire, "2026-11-23 12:30")
    assert standing_of(clock(fire), at("2026-11-23 12:40")) == "met"
    clock_acts.correct_start(fire.id, at("2026-11-23 07:00"), user("li"), "核实", POLICY, at("2026-11-23 12:40"), True)
    assert standing_of(clock(fire), at("2026-11-23 12:41")) == "met_late"


def test_an_automatic_earlier_start_does_not_overrule_the_person():
    post(*FIRE, "2026-11-23 09:00", outlet="media", site="华商网")
    play("2026-11-23 09:05")
    event = Event.objects.get()
    clock_acts.correct_start(event.id, at("2026-11-23 08:30"), user("li"), "核实", POLICY, at("2026-11-23 09:10"), True)
    post(*FIRE, "2026-11-23 09:20", site="微博二")
    play("2026-11-23 09:25")
    assert clock(event).starts_at == at("2026-11-23 08:30")


def test_exempt_needs_an_authorised_role_and_a_legal_ground_and_is_never_met(fire):
    now, head = at("2026-11-23 12:00"), user("wang", "centre_head")
    assert refused(clock_acts.exempt, fire.id, "K2", user("li"), "涉密", "保密法", POLICY, now) == "by"
    assert refused(clock_acts.exempt, fire.id, "K2", head, "涉密", " ", POLICY, now) == "basis"
    assert refused(clock_acts.exempt, fire.id, "K7", head, "涉密", "保密法", POLICY, now) == "duty"
    clock_acts.exempt(fire.id, "K2", head, "涉及国家秘密", "保守国家秘密法第三十五条", POLICY, now, True)
    assert standing_of(clock(fire, "K2"), at("2026-12-24 12:00")) == "exempt"
    play("2026-11-24 09:00")
    assert not Alert.objects.filter(milestone__obligation__duty="K2").exists()
    assert refused(clock_acts.exempt, fire.id, "K2", head, "再次", "保密法", POLICY, at("2026-11-24 09:00")) == "duty"


def test_a_statutory_clock_cannot_be_paused_and_our_own_moves_by_the_pause(fire):
    now = at("2026-11-23 12:00")
    assert refused(clock_acts.pause, fire.id, "K1", user("li"), "待核", now) == "duty"
    publish(fire, "2026-11-23 12:30")
    k4 = clock(fire, "K4")
    assert k4.due_at == at("2026-11-24 12:30")
    clock_acts.pause(fire.id, "K4", user("li"), "案件保密阶段", at("2026-11-23 14:00"))
    assert standing_of(clock(fire, "K4"), at("2026-11-25 00:00")) == "paused"
    play("2026-11-24 20:00")
    assert not Alert.objects.filter(milestone__obligation__duty="K4").exists()
    clock_acts.resume(fire.id, "K4", user("li"), POLICY, at("2026-11-24 20:00"), True)
    assert clock(fire, "K4").due_at == at("2026-11-25 18:30")
    assert refused(clock_acts.resume, fire.id, "K4", user("li"), POLICY, at("2026-11-24 21:00")) == "duty"


def test_continuing_release_is_reminded_every_day_never_missed_until_the_event_is_closed(fire):
    publish(fire, "2026-11-23 12:30")
    publish(
        fire, "2026-11-23 20:00", ("K2",), page=None, channel="conference", url="", place="发布厅", speaker="发言人", attendees=9,
    )  # fmt: skip
    k4 = clock(fire, "K4")
    assert (k4.rev, k4.starts_at) == (2, at("2026-11-23 20:00"))
    play("2026-11-26 10:00")
    told = Alert.objects.filter(milestone__obligation=k4, level=1).order_by("raised_at")
    assert [a.kind for a in told.all()] == ["near"] and "该续报了" in told.get().title
    assert not Alert.objects.filter(milestone__obligation=k4, level__gt=1).exists(), "no leader is woken for it"
    play("2026-11-26 20:00")
    assert told.count() == 2 and standing_of(k4, at("2026-11-26 20:00")) == "near"
    clock_acts.close(fire.id, user("li"), "已办结", POLICY, at("2026-11-26 21:00"))
    play("2026-11-29 20:00")
    assert told.count() == 2 and not Alert.objects.filter(event=fire, stood_down_at=None).exclude(kind="met").exists()


def test_closing_never_stops_a_statutory_clock_that_can_still_be_met(fire):
    assert refused(clock_acts.close, fire.id, user("li"), "平息", POLICY, at("2026-11-23 12:00")) == "event"
    play("2026-11-24 09:00")
    assert refused(clock_acts.close, fire.id, user("li"), "平息", POLICY, at("2026-11-24 09:00")) == "by"
    leader = user("ju", "bureau_leader")
    assert refused(clock_acts.close, fire.id, leader, " ", POLICY, at("2026-11-24 09:00")) == "reason"
    clock_acts.close(fire.id, leader, "无法补救", POLICY, at("2026-11-24 09:00"))
    play("2026-11-24 19:00")
    assert not Alert.objects.filter(event=fire, raised_at__gt=at("2026-11-24 09:00")).exists()
    assert standing_of(clock(fire), at("2026-11-25 09:00")) == "missed"
    assert refused(clock_acts.close, fire.id, leader, "再", POLICY, at("2026-11-24 19:00")) == "event"
    assert refused(acts.grade_event, fire.id, "特别重大", leader, "升", None, POLICY, at("2026-11-24 19:00")) == "event"


def test_a_reopened_event_runs_on_from_its_own_start(fire):
    play("2026-11-24 09:00")
    clock_acts.close(fire.id, user("ju", "bureau_leader"), "无法补救", POLICY, at("2026-11-24 09:00"))
    assert refused(clock_acts.reopen, 999, user("li"), "再起", POLICY, at("2026-11-24 10:00")) == "event"
    clock_acts.reopen(fire.id, user("li"), "出现新情况", POLICY, at("2026-11-24 10:00"), True)
    again = clock(fire)
    assert (again.due_at, again.rev) == (at("2026-11-23 13:00"), 2)
    play("2026-11-24 11:00")
    assert Alert.objects.filter(milestone__obligation=again, kind="still_missed", level=1).count() == 1


def test_an_officer_opens_and_drops_the_answer_and_later_posts_do_not_overrule_it():
    ask = "西安市灞桥区某厂房起火，有没有人受伤？请公安局通报！"
    post("灞桥区厂房起火，求通报", ask, "2026-11-23 09:00")
    play("2026-11-23 09:05")
    event = Event.objects.get()
    assert clock(event, "K3")
    clock_acts.rule_on_answer(event.id, False, user("li"), "已由消防答复", POLICY, at("2026-11-23 10:00"), True)
    assert not event.obligations.filter(superseded_at=None).exists()
    post("灞桥区厂房起火，求通报！", ask + "急", "2026-11-23 10:30", site="微博二")
    play("2026-11-23 10:35")
    event.refresh_from_db()
    assert event.posts == 2 and not event.obligations.filter(superseded_at=None).exists()
    assert "已由消防答复" in event.owes_reason
    clock_acts.rule_on_answer(event.id, True, user("li"), "仍有追问", POLICY, at("2026-11-23 11:00"), True)
    assert clock(event, "K3").starts_at == at("2026-11-23 09:00")


def test_a_preview_says_what_would_happen_and_changes_nothing(fire):
    before = list(Obligation.objects.order_by("id").values()), Alert.objects.count(), AuditEntry.objects.count()
    head = user("wang", "centre_head")
    said = clock_acts.preview(
        lambda: clock_acts.exempt(fire.id, "K2", head, "涉密", "保密法", POLICY, at("2026-11-23 12:00"), True),
        fire.id, at("2026-11-23 12:00"),
    )  # fmt: skip
    assert any(s.startswith("K2：进行中") and "免予履行" in s for s in said)
    assert any("撤下" in s for s in said) and any("新告警" in s for s in said)
    assert (list(Obligation.objects.order_by("id").values()), Alert.objects.count(), AuditEntry.objects.count()) == before


def test_who_must_release_is_said_before_k1_is_owed_and_the_clock_runs_all_the_same():
    event = acts.open_event(
        title="某小学门前持刀伤害儿童事件", at=at("2026-11-23 08:00"), type_="T07", grade="重大", user=user("zhao"),
        knowledge="110通报，疑似恐怖袭击", policy=POLICY, now=at("2026-11-23 08:10"), held=True,
    )  # fmt: skip
    assert {a["code"] for a in event.release_authority} == {"terror", "minors"}
    text = Alert.objects.get(kind="opened", level=1, event=event).text
    assert "须由省级反恐怖主义工作领导机构发布" in text and "第一百零三条" in text
    assert clock(event).due_at == at("2026-11-23 13:00")
    made = publish(event, "2026-11-23 10:00", issuer="省反恐办")
    assert clock(event).release_id == made.id and made.issuer == "省反恐办" and made.review_no.startswith("审2026-")
    assert "由省反恐办发布" in Alert.objects.get(kind="met", event=event).text


def test_two_acts_at_one_instant_are_two_notices(fire):
    now, head = at("2026-11-23 12:00"), user("wang", "centre_head")
    clock_acts.exempt(fire.id, "K2", head, "涉密", "保密法", POLICY, now, True)
    clock_acts.correct_start(fire.id, at("2026-11-23 08:30"), head, "核实", POLICY, now, True)
    notices = Alert.objects.filter(event=fire, kind="regraded", level=1).order_by("id")
    assert [bool(a.stood_down_at) for a in notices] == [True, False]
    assert "起算更正" in notices[1].title


def test_a_reopened_event_takes_posts_again():
    from flow.placing import Placer
    from tests.flow.city import READERS

    placer = Placer(POLICY.edition, READERS.here)
    ask = "西安市灞桥区某厂房起火，有没有人受伤？请公安局通报！"
    post("灞桥区厂房起火，求通报", ask, "2026-11-23 09:00")
    play("2026-11-23 09:05", placer)
    event = Event.objects.get()
    clock_acts.rule_on_answer(event.id, False, user("li"), "已答复", POLICY, at("2026-11-23 10:00"), True)
    clock_acts.close(event.id, user("li"), "平息", POLICY, at("2026-11-23 10:10"))
    post("西安一处工地塔吊", "西安市高新区某工地塔吊倒塌，有没有人受伤？", "2026-11-23 10:20", site="微博二")
    play("2026-11-23 10:25", placer)
    clock_acts.reopen(event.id, user("li"), "又起", POLICY, at("2026-11-23 10:30"), True)
    post("灞桥厂房起火后续，求警方通报", "西安市灞桥区某厂房起火，有没有人受伤？请公安局再通报！", "2026-11-23 10:40", site="微博三")
    play("2026-11-23 10:45", placer)
    event.refresh_from_db()
    assert event.posts == 2


def test_a_merge_is_not_missed_however_long_nobody_posts():
    from flow import regroup
    from flow.placing import Placer
    from tests.flow.city import READERS

    placer = Placer(POLICY.edition, READERS.here)
    post(*FIRE, "2026-11-23 09:00", outlet="media", site="华商网")
    play("2026-11-23 09:05", placer)
    gone = Event.objects.get()
    into = opened("灞桥区厂房大火", "2026-11-23 08:00", "2026-11-23 09:10")
    act = regroup.Act(user=user("li"), reason="同一事", policy=POLICY, now=at("2026-11-23 09:30"), held=True)
    regroup.merge(into.id, gone.id, act)
    post(*FIRE, "2026-11-26 09:00", site="微博二")
    play("2026-11-26 09:05", placer)
    into.refresh_from_db()
    assert into.posts == 2
    assert not gone.obligations.filter(superseded_at=None).exists()
