"""Letters and units: the same engine without an event; the counters of heads and deputies before the press."""

import pytest

from alerts.models import Alert
from flow import subjects
from flow.status import duties, standing_of
from sla.engine import Unmet
from sla.models import Appearance, Milestone, Obligation
from tests.flow.city import POLICY, at, play, user
from tests.flow.test_regrouped_clocks import opened, publish

pytestmark = pytest.mark.django_db


def letter(code="K5", when="2026-09-24 10:00", now=None):
    return subjects.open_obligation("letter:12", "关于路灯的来信", code, at(when), POLICY, at(now or when), "zhao")


def test_a_letter_is_acknowledged_within_fifteen_days_and_answered_within_sixty():
    assert letter().due_at == at("2026-10-10 00:00")
    assert letter("K5-close").due_at == at("2026-11-24 00:00")


def test_a_wrongly_addressed_letter_is_objected_to_within_five_working_days_make_up_days_counted():
    # 24 Sep 2026 is a Thursday; 25-27 is 中秋, 1-7 October 国庆, 10 October a make-up Saturday.
    assert letter("K5-object").due_at == at("2026-10-10 00:00")
    assert letter("K5b").due_at == at("2026-10-13 00:00")


def test_its_warnings_and_breach_are_told_without_an_event_and_a_record_settles_it():
    ob = letter(when="2026-11-02 10:00")
    play("2026-11-16 00:00")
    near = Alert.objects.get(kind="near", level=1, milestone__obligation=ob)
    assert (near.event_id, "关于路灯的来信" in near.title) == (None, True)
    play("2026-11-18 00:00")
    assert Alert.objects.filter(kind="missed", milestone__obligation=ob).exists()
    subjects.settle("letter:12", "K5", "受理告知书〔2026〕12号", at("2026-11-18 09:00"), user("zhao"), at("2026-11-18 09:10"))
    ob.refresh_from_db()
    assert standing_of(ob, at("2026-11-19 00:00")) == "met_late"
    assert not Alert.objects.filter(milestone__obligation=ob, stood_down_at=None).exists()
    shown = next(d for d in duties(at("2026-11-18 09:20")) if d["subject"] == "letter:12")
    assert (shown["standing"], shown["note"]) == ("met_late", "受理告知书〔2026〕12号")


def test_a_complex_letter_gets_thirty_days_more_once_and_the_first_deadline_is_kept():
    first = letter("K5-close")
    made = subjects.extend("letter:12", "K5-close", 30, user("li"), "案情复杂", at("2026-11-01 10:00"))
    assert (made.due_at, made.original_due_at, made.rev) == (at("2026-12-24 00:00"), first.due_at, 2)
    with pytest.raises(Unmet) as e:
        subjects.extend("letter:12", "K5-close", 10, user("li"), "再延", at("2026-11-02 10:00"))
    assert e.value.field == "days"


def test_opening_the_same_twice_is_opening_it_once():
    assert letter().id == letter().id and Obligation.objects.filter(subject="letter:12").count() == 1


@pytest.mark.parametrize(
    ("subject", "code", "when", "field"),
    [
        ("letter:1", "K99", "2026-11-01 10:00", "duty"),
        ("letter:1", "K1", "2026-11-01 10:00", "duty"),
        ("unit:1", "K5", "2026-11-01 10:00", "subject"),
        ("letter:" + "9" * 90, "K5", "2026-11-01 10:00", "subject"),
        ("letter:1", "K5", "2026-11-03 10:00", "starts_at"),
        ("letter:1", "K5-object", "2023-11-01 10:00", "starts_at"),
    ],
)
def test_what_cannot_be_owed_is_refused_by_field(subject, code, when, field):
    with pytest.raises(Unmet) as e:
        subjects.open_obligation(subject, "", code, at(when), POLICY, at("2026-11-02 10:00"))
    assert e.value.field == field and not Obligation.objects.exists()


def test_each_lead_unit_owes_a_report_a_quarter_ten_working_days_after_it_ends():
    play("2026-09-30 09:00")
    play("2026-09-30 09:01")
    q3 = Obligation.objects.get(subject="unit:办公室:2026Q3", duty="K6")
    assert q3.due_at == at("2026-10-21 00:00")  # 8-10, 12-16, 19 and 20 October: ten working days, the 10th made up
    play("2026-10-01 00:00")
    assert Obligation.objects.filter(subject="unit:办公室:2026Q4", duty="K6").count() == 1
    assert Obligation.objects.filter(duty="K6").count() == 10


def test_a_head_at_a_conference_settles_the_year_and_a_deputy_the_half_year():
    play("2026-11-23 08:00")
    event = opened("灞桥厂房火灾", "2026-11-23 08:00", "2026-11-23 08:10")
    publish(
        event, "2026-11-23 20:00", ("K2",), page=None, channel="conference", url="", place="发布厅", speaker="张某",
        attendees=30, unit="西安市公安局", post="head",
    )  # fmt: skip
    year = Obligation.objects.get(subject="unit:西安市公安局:2026", duty="K7")
    assert year.settled_at == at("2026-11-23 20:00") and "张某" in year.settled_note
    assert not Milestone.objects.filter(obligation=year, fired_at=None, superseded_at=None).exists()
    half = Obligation.objects.get(subject="unit:西安市公安局:2026H2", duty="K7-deputy")
    assert half.settled_at is None
    for _ in range(2):
        subjects.appear(
            "西安市公安局", "李某", "deputy", "interview", at("2026-11-24 09:00"), POLICY, user("zhao"), at("2026-11-24 10:00")
        )
    half.refresh_from_db()
    assert half.settled_at == at("2026-11-24 09:00") and Appearance.objects.count() == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"unit": " "}, "unit"), ({"post": "king"}, "post"), ({"form": "tv"}, "form"), ({"at": at("2027-01-01 00:00")}, "at")],
)
def test_an_appearance_with_a_wrong_part_is_refused(changes, field):
    given = {"unit": "西安市公安局", "name": "张某", "post": "head", "form": "interview", "at": at("2026-11-01 09:00")} | changes
    with pytest.raises(Unmet) as e:
        subjects.appear(*given.values(), POLICY, user("zhao"), at("2026-11-24 10:00"))
    assert e.value.field == field and not Appearance.objects.exists()
