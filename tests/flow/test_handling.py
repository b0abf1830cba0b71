"""What people do about alerts, and what time does to them: refused, handed on, put off, closed, forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts import paging
from alerts.models import Alert, Delivery, Escalation, Handling
from analysis.models import Event
from flow import acts, handling
from flow.models import AuditEntry
from sla.engine import Unmet
from tests.flow.city import FIRE, POLICY, at, play, post, user

pytestmark = pytest.mark.django_db
SMALL = ("投诉雁塔分局某派出所不予立案", "西安市雁塔区，我被骗三万元，派出所民警推诿扯皮不予立案，求关注！")


@pytest.fixture
def fire():
    """A 重大 fire, told to the duty officer at 09:05."""
    post(*FIRE, "2026-11-23 09:00", outlet="media", site="华商网")
    play("2026-11-23 09:05")
    return Event.objects.get()


@pytest.fixture
def complaint():
    """A complaint of no high grade, told at 09:10; it may be put off."""
    post(*SMALL, "2026-11-23 09:05")
    play("2026-11-23 09:10")
    return Event.objects.get()


def steps(kind="opened"):
    return list(Alert.objects.filter(kind=kind).order_by("id"))


def shape(kind="opened"):
    return [(a.level, a.repeat) for a in steps(kind)]


def version(alert):
    return Escalation.objects.get(cause=alert.cause).version


def refused(act, *args, **given):
    with pytest.raises(Unmet) as caught:
        act(*args, **given)
    return caught.value


def test_refusing_tells_the_next_level_at_once_with_the_reason(fire):
    [first] = steps()
    second = handling.refuse(first.key, user("zhang"), "正在现场，无法处置", POLICY, at("2026-11-23 09:06"), held=True)
    assert (second.level, second.raised_at) == (2, at("2026-11-23 09:06"))
    assert "zhang" in second.text and "正在现场，无法处置" in second.text
    play("2026-11-23 09:15")
    assert shape() == [(1, 1), (2, 1)]  # its own ten minutes count from the refusal
    play("2026-11-23 09:16")
    assert shape() == [(1, 1), (2, 1), (3, 1)]


def test_a_refusal_needs_a_reason_and_nobody_may_refuse_at_the_top(fire):
    [first] = steps()
    assert refused(handling.refuse, first.key, user("zhang"), " ", POLICY, at("2026-11-23 09:06")).field == "reason"
    play("2026-11-23 09:45")
    top = steps()[-1]
    zhao = user("zhao", "bureau_leader")
    assert refused(handling.refuse, top.key, zhao, "忙", POLICY, at("2026-11-23 09:46")).field == "level"


def test_what_has_gone_up_is_refused_by_those_it_went_to_and_nobody_below(fire):
    play("2026-11-23 09:16")
    head = steps()[-1]
    error = refused(handling.refuse, head.key, user("zhang"), "忙", POLICY, at("2026-11-23 09:17"))
    assert error.field == "by" and "已到第 2 级（带班领导）" in str(error)
    li = user("li", "shift_leader")
    assert handling.refuse(head.key, li, "在外地", POLICY, at("2026-11-23 09:17"), held=True).level == 3


def test_whom_it_is_handed_to_is_told_at_their_own_addresses_too(fire):
    from alerts.models import Contact
    from tests.alerts import ladders

    li = user("li", "shift_leader")
    Contact.objects.create(user=li, channel="slack", address="U7")
    with_slack = replace(POLICY, ladder=replace(POLICY.ladder, channels={"slack": ladders.slack("http://127.0.0.1:9/")}))
    step = handling.reassign(steps()[0].key, user("zhang"), li, "请办", with_slack, at("2026-11-23 09:07"), held=True)
    assert list(step.deliveries.order_by("id").values_list("channel", "address", "because")) == [
        ("console", "user:li", "handed"), ("slack", "U7", "handed"), ("slack", "C1", "group"),
    ]  # fmt: skip


def test_an_alert_handed_to_somebody_waits_for_them_and_then_goes_up(fire):
    [first] = steps()
    li = user("li", "shift_leader")
    step = handling.reassign(first.key, user("zhang"), li, "请带班处置", POLICY, at("2026-11-23 09:07"), held=True)
    assert (step.assigned_to, step.level, step.repeat, step.acked_at) == (li, 1, 2, None)
    assert list(step.deliveries.values_list("address", flat=True)) == ["user:li"]
    assert refused(handling.refuse, step.key, user("wang"), "不是我", POLICY, at("2026-11-23 09:08")).field == "by"
    play("2026-11-23 09:16")
    assert shape() == [(1, 1), (1, 2)]
    play("2026-11-23 09:17")
    assert shape()[-1] == (2, 1)


def test_the_person_it_was_handed_to_takes_it_or_refuses_it(fire):
    [first] = steps()
    li = user("li", "shift_leader")
    step = handling.reassign(first.key, user("zhang"), li, "请带班处置", POLICY, at("2026-11-23 09:07"), held=True)
    up = handling.refuse(step.key, li, "不在西安", POLICY, at("2026-11-23 09:08"), held=True)
    assert (up.level, up.assigned_to) == (2, None)
    again = handling.reassign(up.key, user("wang"), li, "请再考虑", POLICY, at("2026-11-23 09:09"), held=True)
    assert handling.acknowledge(again.key, li, at("2026-11-23 09:10")).acked_by == li
    play("2026-11-23 09:39")
    assert shape() == [(1, 1), (1, 2), (2, 1), (2, 2)]


@pytest.mark.parametrize(("name", "active", "role"), [("zhang", True, "duty_officer"), ("gone", False, "duty_officer"), ("chen", True, "analyst")])
def test_nobody_hands_an_alert_to_themselves_to_the_absent_or_to_those_who_may_not_answer(fire, name, active, role):
    to = user(name, role)
    to.is_active = active
    to.save()
    error = refused(
        handling.reassign, steps()[0].key, user("zhang"), to, "请处置", POLICY, at("2026-11-23 09:07"), held=True
    )
    assert error.field == "to" and shape() == [(1, 1)]


def test_an_acknowledgement_nothing_followed_lapses_and_the_next_level_reads_why(fire):
    [first] = steps()
    handling.acknowledge(first.key, user("zhang"), at("2026-11-23 09:06"))
    play("2026-11-23 09:35")
    assert shape() == [(1, 1)]
    play("2026-11-23 09:36")
    first.refresh_from_db()
    assert (first.acked_at, first.acked_by) == (None, None)
    assert shape() == [(1, 1), (2, 1)]
    assert "zhang 11月23日 09:06 确认后30分没有办理记录，确认已失效" in steps()[-1].text
    assert AuditEntry.objects.filter(action="alert.ack_lapsed", actor="engine").count() == 1
    assert [h.kind for h in Handling.objects.order_by("id")] == ["acknowledged", "lapsed"]


def test_an_acknowledgement_somebody_acted_upon_holds(fire):
    [first] = steps()
    handling.acknowledge(first.key, user("zhang"), at("2026-11-23 09:06"))
    acts.grade_event(fire.id, "重大", user("li"), "与现场核实一致", None, POLICY, at("2026-11-23 09:20"))
    play("2026-11-23 10:55")
    assert shape() == [(1, 1)]
    assert Escalation.objects.get(cause=first.cause).ack_ends_at is None


def test_acknowledging_again_begins_the_time_out_anew_and_the_first_name_stays(fire):
    [first] = steps()
    handling.acknowledge(first.key, user("zhang"), at("2026-11-23 09:06"))
    handling.acknowledge(first.key, user("li"), at("2026-11-23 09:30"))
    play("2026-11-23 09:59")
    first.refresh_from_db()
    assert first.acked_by.username == "zhang" and shape() == [(1, 1)]
    play("2026-11-23 10:00")
    assert shape() == [(1, 1), (2, 1)]


def test_small_matters_are_put_off_and_told_again_at_the_same_level(complaint):
    [first] = steps()
    handling.snooze(first.key, user("zhang"), 25, POLICY, at("2026-11-23 09:12"))
    play("2026-11-23 09:36")
    assert shape() == [(1, 1)]
    play("2026-11-23 09:37")
    assert shape() == [(1, 1), (1, 2)]
    assert "暂缓至 11月23日 09:37 已到时" in steps()[-1].text
    assert steps()[-1].escalates_at == at("2026-11-23 10:07")


def test_putting_off_is_capped_in_length_and_number(complaint):
    [first] = steps()
    for minutes in (0, 31):
        assert refused(handling.snooze, first.key, user("zhang"), minutes, POLICY, at("2026-11-23 09:12")).field == "minutes"
    for start in ("09:12", "09:20"):
        handling.snooze(first.key, user("zhang"), 5, POLICY, at(f"2026-11-23 {start}"))
    assert "最多暂缓 2 次" in str(refused(handling.snooze, first.key, user("zhang"), 5, POLICY, at("2026-11-23 09:22")))


def test_grave_matters_and_those_past_a_warning_cannot_be_put_off(fire):
    [first] = steps()
    assert "不得暂缓" in str(refused(handling.snooze, first.key, user("zhang"), 5, POLICY, at("2026-11-23 09:06")))
    play("2026-11-23 11:00")
    for near in steps("near"):
        assert "不得暂缓" in str(refused(handling.snooze, near.key, user("zhang"), 5, POLICY, at("2026-11-23 11:01")))


def test_past_its_warning_even_the_first_alert_of_a_small_matter_cannot_be_put_off(complaint):
    from sla.models import Milestone

    [first] = steps()
    due = Milestone.objects.filter(obligation__event=complaint).order_by("at").first()
    play(due.at)
    head = paging.head(first.cause)
    error = refused(handling.snooze, head.key, user("zhang"), 5, POLICY, due.at + timedelta(minutes=1))
    assert "已进入预警" in str(error)


def test_only_a_leader_closes_and_only_with_a_reason_and_the_clock_runs_on(fire):
    [first] = steps()
    now = at("2026-11-23 09:06")
    assert refused(handling.close, first.key, user("zhang"), "误报", POLICY, now).field == "by"
    li = user("li", "shift_leader")
    assert refused(handling.close, first.key, li, "", POLICY, now).field == "reason"
    handling.close(first.key, li, "已由他局处置", POLICY, now)
    play("2026-11-23 10:55")
    assert shape() == [(1, 1)]
    assert fire.obligations.filter(settled_at=None, superseded_at=None).count() == 2
    play("2026-11-23 11:00")
    assert steps("near")
    assert refused(handling.refuse, first.key, li, "不办", POLICY, at("2026-11-23 11:01")).field == "key"


def test_a_button_of_an_earlier_step_does_nothing_and_says_which_level_has_it(fire):
    [first] = steps()
    seen = version(first)
    play("2026-11-23 09:16")
    error = refused(handling.acknowledge, first.key, user("zhang"), at("2026-11-23 09:17"), version=seen)
    assert isinstance(error, paging.Stale) and "已升级至第 2 级" in str(error)
    assert not Alert.objects.filter(kind="opened", acked_at__isnull=False).exists()
    assert handling.acknowledge(first.key, user("zhang"), at("2026-11-23 09:17"), version=version(first)).acked_at


def test_two_clicks_on_one_button_are_one_acknowledgement(fire):
    [first] = steps()
    seen = version(first)
    for second in (0, 1):
        now = at("2026-11-23 09:06") + timedelta(seconds=second)
        assert handling.acknowledge(first.key, user("zhang"), now, version=seen).acked_at == at("2026-11-23 09:06")
    assert Handling.objects.filter(kind="acknowledged").count() == 1


def test_a_stale_refusal_or_transfer_has_no_effect(fire):
    [first] = steps()
    seen = version(first)
    handling.refuse(first.key, user("zhang"), "忙", POLICY, at("2026-11-23 09:06"), version=seen, held=True)
    for act, args in ((handling.refuse, ("忙",)), (handling.reassign, (user("li", "shift_leader"), "请办"))):
        error = refused(act, first.key, user("wang"), *args, POLICY, at("2026-11-23 09:07"), version=seen)
        assert isinstance(error, paging.Stale)
    assert shape() == [(1, 1), (2, 1)]


def test_an_edited_policy_changes_nothing_for_what_is_being_told_until_it_is_applied(fire):
    [first] = steps()
    slow = replace(
        POLICY.ladder, edition="2027-01#edited",
        delays={"default": {"其余": tuple(timedelta(minutes=m) for m in (60, 60, 60))}},
    )  # fmt: skip
    edited = replace(POLICY, ladder=slow)
    from flow import escalating

    escalating.run(edited, at("2026-11-23 09:15"), held=True)
    assert shape() == [(1, 1), (2, 1)]  # ten minutes, as it was when it opened
    handling.reapply(steps()[-1].key, user("li", "shift_leader"), edited, at("2026-11-23 09:16"))
    escalating.run(edited, at("2026-11-23 10:14"), held=True)
    assert shape() == [(1, 1), (2, 1)]
    escalating.run(edited, at("2026-11-23 10:15"), held=True)
    assert shape() == [(1, 1), (2, 1), (3, 1)]
    applied = AuditEntry.objects.get(action="alert.reapplied")
    assert applied.actor == "li" and Escalation.objects.get(cause=first.cause).rule["edition"] == "2027-01#edited"


def test_at_the_top_it_is_told_again_and_again_until_evidence_comes(fire):
    for hour in ("09:45", "10:15", "10:45"):
        play(f"2026-11-23 {hour}")
    assert shape() == [(1, 1), (2, 1), (3, 1), (4, 1), (4, 2), (4, 3)]
    top = steps()[-1]
    assert top.key.endswith(":L4.3") and top.escalates_at == at("2026-11-23 11:10")


def test_after_an_outage_every_level_is_told_but_only_the_newest_of_the_repeats(fire):
    play("2026-11-23 10:59")
    assert shape() == [(1, 1), (2, 1), (3, 1), (4, 1), (4, 2)]
    assert steps()[-1].raised_at == at("2026-11-23 10:40")


def test_a_later_warning_takes_the_place_of_the_earlier_one(fire):
    play("2026-11-23 11:00")
    near = {a.id for a in steps("near")}
    play("2026-11-23 12:30")
    play("2026-11-23 13:00")
    assert not Alert.objects.filter(id__in=near, stood_down_at=None).exists()
    assert Alert.objects.filter(kind="missed", stood_down_at=None).exists()


def test_a_flood_of_forged_links_leaves_a_bounded_trail():
    for n in range(handling.REFUSALS_KEPT + 5):
        handling.refused_from_outside("forged", f"token-{n}", at("2026-11-23 09:00"))
    kept = AuditEntry.objects.filter(action="alert.answer_refused")
    assert kept.count() == handling.REFUSALS_KEPT and "token-1" not in str(kept.first().data)


def test_every_act_is_audited_with_its_name_and_way(fire):
    [first] = steps()
    li = user("li", "shift_leader")
    second = handling.refuse(first.key, user("zhang"), "忙", POLICY, at("2026-11-23 09:06"), held=True, via="slack")
    handling.reassign(second.key, li, user("zhao"), "请办", POLICY, at("2026-11-23 09:07"), held=True)
    handling.close(second.key, li, "误报", POLICY, at("2026-11-23 09:08"))
    found = AuditEntry.objects.filter(action__startswith="alert.").order_by("id").values_list("actor", "action", "data")
    assert [(actor, action) for actor, action, _ in found] == [
        ("zhang", "alert.refused"), ("li", "alert.reassigned"), ("li", "alert.closed"),
    ]  # fmt: skip
    assert found[0][2]["via"] == "slack" and found[1][2]["to"] == "zhao"
    assert not Delivery.objects.filter(alert__stood_down_at__isnull=False, state="waiting").exists()
