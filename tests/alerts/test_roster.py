"""Who is on duty by the tables: rotations, covers, leave, hand-made shifts, holidays; and their addresses."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import User

from alerts.models import Contact, Cover, Leave, Rotation, Shift
from alerts.roster import duties_in, on_duty, workday
from config.clock import SHANGHAI
from tests.alerts.ladders import at

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def people():
    return [User.objects.create(username=name) for name in ("zhang", "li", "wang")]


@pytest.fixture
def rotation(people):
    return Rotation.objects.create(
        role="duty_officer", name="主班", people=[p.pk for p in people], blocks=[["08:00", 12], ["20:00", 12]],
        first_day=date(2026, 11, 23),
    )  # fmt: skip


def names(clock: str, role: str = "duty_officer", day: int = 23) -> list[str]:
    return [p.name for p in on_duty(at(clock, day)).get(role, [])]


def test_a_rotation_answers_and_a_shift_ends_the_moment_the_next_begins(rotation):
    assert [names(c) for c in ("07:59", "08:00", "19:59", "20:00")] == [[], ["zhang"], ["zhang"], ["li"]]
    assert names("09:00", day=24) == ["wang"]


def test_covers_leave_and_hand_made_shifts_are_all_asked(rotation, people):
    zhang, li, wang = people
    Cover.objects.create(role="duty_officer", user=wang, replaces=zhang, starts_at=at("10:00"), ends_at=at("12:00"))
    Shift.objects.create(role="duty_officer", user=li, starts_at=at("11:00"), ends_at=at("13:00"))
    Leave.objects.create(user=wang, starts_at=at("11:30"), ends_at=at("11:45"))
    assert [sorted(names(c)) for c in ("09:00", "10:00", "11:00", "11:30", "11:45", "12:00", "13:00")] == [
        ["zhang"], ["wang"], ["li", "wang"], ["li"], ["li", "wang"], ["li", "zhang"], ["zhang"],
    ]  # fmt: skip


def test_an_account_that_is_closed_leaves_its_shifts_empty_and_moves_nobody(rotation, people):
    people[1].is_active = False
    people[1].save()
    assert (names("09:00"), names("21:00"), names("09:00", day=24)) == (["zhang"], [], ["wang"])


def test_people_come_with_their_own_addresses(rotation, people):
    Contact.objects.create(user=people[0], channel="webhook", address="13900000000")
    [zhang] = on_duty(at("09:00"))["duty_officer"]
    assert zhang.contacts == (("webhook", "13900000000"),)


def test_a_question_costs_a_few_queries_however_long_the_rota(rotation, people, django_assert_max_num_queries):
    for n in range(30):
        Shift.objects.create(role="shift_leader", user=people[2], starts_at=at("08:00") + n * DAY, ends_at=at("20:00") + n * DAY)
    with django_assert_max_num_queries(7):
        on_duty(at("09:00"))


def test_make_up_days_are_working_days_and_holidays_are_not(people):
    assert not workday(date(2026, 10, 1)) and workday(date(2026, 10, 10)), "a Saturday worked for the National Day"
    assert workday(date(2031, 11, 24)) and not workday(date(2031, 11, 23)), "a year nobody has entered: by weekdays"
    Rotation.objects.create(
        role="duty_officer", name="工作日", people=[people[0].pk], blocks=[["09:00", 8]], first_day=date(2026, 9, 28), days="workday"
    )
    begin = at("00:00") - 56 * DAY  # 28 September
    days = {d.starts_at.astimezone(SHANGHAI).date() for d in duties_in(begin, begin + 14 * DAY)}
    assert date(2026, 10, 1) not in days and date(2026, 10, 10) in days
