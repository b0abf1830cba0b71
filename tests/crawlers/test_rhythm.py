"""A source's learned rhythm: nights and weekends are no silence, a missed bulletin is."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest

from config.clock import SHANGHAI
from crawlers.rhythm import DAY, HOUR, Rhythm, expected, learn, silence, too_low

MONDAY = datetime(2026, 1, 5, tzinfo=SHANGHAI).timestamp()
NOW = MONDAY + 56 * DAY  # a Monday, 00:00


def off(day) -> bool:
    return day.weekday() >= 5


def hourly(until: float = NOW, jitter: float = 240, seed: int = 1) -> list[float]:
    rng = random.Random(seed)
    return [t + rng.gauss(0, jitter) for n in range(int((until - MONDAY) / HOUR)) if (t := MONDAY + n * HOUR)]


def office(seed: int = 1) -> list[float]:
    """Every half hour from nine to six on working days."""
    rng = random.Random(seed)
    days = [d for d in range(56) if d % 7 < 5]
    return [MONDAY + d * DAY + 9 * HOUR + n * 1800 + rng.gauss(0, 60) for d in days for n in range(18)]


def learned(items, **more) -> Rhythm:
    found = learn(items, NOW, off, **more)
    assert found
    return found


def rings_after(known: Rhythm, last: float, **more) -> float:
    """Hours from the last item until silence is improbable."""
    for n in range(1, 2000):
        if silence(known, last, last + n * 300, off, **more).improbable:
            return n / 12
    raise AssertionError("never")


def test_a_steady_source_rings_within_two_intervals():
    items = hourly()
    assert 1.0 < rings_after(learned(items), items[-1]) <= 2.0


def test_nights_and_weekends_of_an_office_are_no_silence_but_a_missed_morning_is():
    known = learned(office())
    friday = MONDAY + 53 * DAY + 17.5 * HOUR  # Friday 17:30
    assert not silence(known, friday, NOW + 9 * HOUR, off).improbable
    assert silence(known, friday, NOW + 11 * HOUR, off).improbable


def test_a_holiday_counts_as_a_weekend():
    known = learned(office())
    sunday_was_work = lambda day: False  # noqa: E731
    holiday = lambda day: True  # noqa: E731
    last = NOW - 2.6 * DAY
    assert not silence(known, last, NOW + 17 * HOUR, holiday).improbable
    assert silence(known, last, NOW - 1 * DAY, sunday_was_work).improbable


def test_a_random_source_waits_for_what_chance_does_not_bring():
    rng = random.Random(3)
    at, items = MONDAY, []
    while at < NOW:
        items.append(at)
        at += rng.expovariate(1 / HOUR)
    known = learned(items)
    assert 5 < known.allowed < 14, "of 720 gaps a month the longest is about ln(720/0.2) = 8 intervals"


def test_bursts_are_judged_by_their_lulls():
    items = [MONDAY + d * 2 * DAY + n * 60 for d in range(28) for n in range(50)]
    known = learned(items)
    assert not silence(known, items[-1], items[-1] + 1.9 * DAY, off).improbable
    assert silence(known, items[-1], items[-1] + 5 * DAY, off).improbable


def test_time_in_which_nobody_looked_is_neither_silence_nor_lesson():
    down = (MONDAY + 20 * DAY, MONDAY + 23 * DAY)
    items = [t for t in hourly() if not down[0] <= t < down[1]]
    known = learned(items, blind=[down])
    assert rings_after(known, items[-1]) <= 2.0, "three days of our own sleep have not taught it patience"
    asleep = [(NOW, NOW + DAY)]
    assert not silence(known, items[-1], NOW + DAY, off, asleep).improbable
    assert silence(known, items[-1], NOW + DAY + 2 * HOUR, off, asleep).improbable


def test_an_outage_that_was_told_does_not_become_usual():
    whole = learned(hourly())
    items = [t for t in hourly() if not MONDAY + 40 * DAY <= t < MONDAY + 42 * DAY]
    unwarned, warned = learned(items), learned(items, before=whole)
    assert unwarned.allowed > 40 and warned.allowed < whole.allowed * 1.5


def test_little_experience_means_patience_and_none_means_no_verdict():
    assert learn(hourly()[:6], NOW, off) is None
    few = learn(hourly(until=MONDAY + 12 * HOUR), MONDAY + 12 * HOUR, off)
    assert few and few.allowed > 3


def test_items_of_one_minute_are_one_sign_of_life():
    once = [MONDAY + d * DAY + 8 * HOUR for d in range(56)]
    assert learned(once + [t + 5 for t in once]).rates == learned(once).rates


def test_the_lag_of_a_site_is_not_its_silence():
    items = hourly()
    slow = learned(items, lag_s=1800.0)
    assert rings_after(slow, items[-1]) == pytest.approx(rings_after(learned(items), items[-1]) + 0.5, abs=0.1)


def test_a_day_with_a_tenth_of_the_usual_volume_is_low_and_recovery_must_be_clear():
    known = learned(hourly())
    assert too_low(known, 3, NOW, off, is_low=False)
    assert not too_low(known, 20, NOW, off, is_low=True)
    middle = round(24 * known.low * 1.1)
    assert not too_low(known, middle, NOW, off, is_low=False) and too_low(known, middle, NOW, off, is_low=True)
    assert not too_low(learned(office()), 0, NOW, off, is_low=False), "on a Sunday nothing is expected"


def test_what_was_learned_survives_being_stored():
    known = learned(office())
    again = Rhythm.restored(known.stored())
    assert expected(again, NOW, NOW + DAY, off) == pytest.approx(expected(known, NOW, NOW + DAY, off), rel=1e-3)


def test_expectation_adds_up():
    known = learned(office())
    middle, end = NOW + timedelta(hours=11.3).total_seconds(), NOW + 3 * DAY
    parts = expected(known, NOW, middle, off) + expected(known, middle, end, off)
    assert parts == pytest.approx(expected(known, NOW, end, off))
    assert expected(known, NOW, NOW + 7 * DAY, off) == pytest.approx(90, rel=0.05)
