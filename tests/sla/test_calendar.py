from datetime import UTC, date, datetime, timedelta

import chinese_calendar
import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from config.clock import SHANGHAI
from config.door import ConfigError
from sla import calendar, engine, revisions
from sla.calendar import UnknownYear
from sla.policy import load_calendar, load_duties
from sla.revisions import Clock

CALENDAR = load_calendar(settings.BASE_DIR / "config")
DUTIES = load_duties(settings.BASE_DIR / "config")
days = st.dates(date(2024, 1, 1), date(2027, 9, 30))


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_every_day_agrees_with_a_package_that_is_kept_by_others(year):
    day, wrong = date(year, 1, 1), []
    while day.year == year:
        if CALENDAR.is_working_day(day) != chinese_calendar.is_workday(day):
            wrong.append(day)
        day += timedelta(days=1)
    assert not wrong


def test_a_year_without_official_notice_says_so_and_an_unknown_one_is_refused():
    assert CALENDAR.provisional == {2027}
    with pytest.raises(UnknownYear, match="2028"):
        CALENDAR.add_working_days(date(2027, 12, 30), 5)
    assert CALENDAR.weekdays_only(date(2028, 1, 31)).add_working_days(date(2027, 12, 30), 2) == date(2028, 1, 3)


def test_a_make_up_saturday_counts_and_a_holiday_does_not():
    assert CALENDAR.is_working_day(date(2026, 2, 14)) and not CALENDAR.is_working_day(date(2026, 2, 16))
    assert CALENDAR.add_working_days(date(2026, 2, 13), 2) == date(2026, 2, 24)


@given(days, st.integers(1, 30))
def test_counting_working_days_back_gives_what_was_added(day, n):
    end = CALENDAR.add_working_days(day, n)
    assert CALENDAR.is_working_day(end) and CALENDAR.working_days_between(day, end) == n


@given(days, st.sampled_from(["quarter", "half_year", "year"]))
def test_every_day_lies_in_its_period_and_the_next_begins_the_day_after(day, every):
    name, first, last = calendar.period_of(day, every)
    assert first <= day <= last
    assert calendar.period_of(last + timedelta(days=1), every)[0] != name
    assert calendar.period_of(last, every)[0] == name


@given(st.integers(0, 1000 * 24 * 60))
def test_a_period_of_days_ends_at_midnight_and_does_not_count_its_first_day(minutes):
    start = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    duty = DUTIES.by_code("K5")
    due = engine.due_of(duty, start, CALENDAR).astimezone(SHANGHAI)
    assert (due.hour, due.minute) == (0, 0)
    assert (due.date() - start.astimezone(SHANGHAI).date()).days == 16


@given(days, st.integers(0, 40), st.integers(0, 23))
def test_a_pause_moves_a_working_day_deadline_by_its_working_days(day, away, hour):
    duty = DUTIES.by_code("K5b")
    start = calendar.start_of(day)
    due = engine.due_of(duty, start, CALENDAR)
    paused, back = start + timedelta(hours=hour), start + timedelta(hours=hour, days=away)
    clock = Clock(
        rule=duty.rule(), starts_at=start, start_basis="manual", due_at=due, original_due_at=due, paused_at=paused
    )
    moved = revisions.resume(clock, duty, back, CALENDAR)
    lost = CALENDAR.working_days_between(calendar.day_of(paused), calendar.day_of(back))
    assert moved.paused_at is None and moved.original_due_at == due
    last, was = (calendar.day_of(d - timedelta(seconds=1)) for d in (moved.due_at, due))
    assert CALENDAR.working_days_between(was, last) == lost


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('"10-01..10-07"]', '"10-07..10-01"]', "year[1].off"),
        ('work = ["02-04"', 'work = ["02-30"', "year[1].work"),
        ('work = ["02-04"', 'work = ["02-12"', "year[1].work"),
        ("year = 2025", "year = 2024", "year[2].year"),
        ("official = true", 'official = "yes"', "year[1].official"),
    ],
)
def test_a_mistake_in_the_calendar_is_refused_with_its_key(tmp_path, old, new, key):
    text = (settings.BASE_DIR / "config" / "calendar.toml").read_text()
    assert old in text
    (tmp_path / "calendar.toml").write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigError) as e:
        load_calendar(tmp_path)
    assert e.value.key == key
