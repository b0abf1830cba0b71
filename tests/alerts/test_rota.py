"""The rota as arithmetic: every instant once, covers win, leave removes, gaps to the second, whatever the server's zone."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts import rota
from alerts.rota import Block, Cover, Duty, Leave, Rota, Rotation
from config.clock import SHANGHAI
from tests.alerts.ladders import at

HOUR = timedelta(hours=1)
# A busy machine is no mistake of the rota's.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
TWELVE = (Block(start=time(8), length=12 * HOUR), Block(start=time(20), length=12 * HOUR))
MONDAY = date(2026, 11, 23)


def rotation(**changes) -> Rotation:
    fields = {"id": 1, "role": "duty_officer", "name": "主班", "people": (1, 2, 3), "blocks": TWELVE, "first_day": MONDAY}
    return Rotation(**{**fields, **changes})


def people(duties) -> list[int]:
    return [d.user for d in duties]


def on(day: int, clock: str = "08:00") -> datetime:
    return at(clock, day)


def test_three_people_take_turns_by_shift():
    duties = rota.expand(rotation(), on(23), on(25))
    assert people(duties) == [1, 2, 3, 1]
    assert [(d.starts_at, d.ends_at) for d in duties[:2]] == [(on(23), on(23, "20:00")), (on(23, "20:00"), on(24))]


def test_a_window_in_the_middle_of_a_shift_gives_the_whole_shift():
    [duty] = rota.expand(rotation(), on(23, "23:00"), on(23, "23:01"))
    assert (duty.user, duty.starts_at, duty.ends_at) == (2, on(23, "20:00"), on(24))


def test_the_next_person_takes_over_by_day_or_by_week_on_the_handoff_day():
    whole = (Block(start=time(8), length=24 * HOUR),)
    assert people(rota.expand(rotation(blocks=whole, turn="day", every=2), on(23), on(28))) == [1, 1, 2, 2, 3]
    by_week = rotation(blocks=whole, turn="week", handoff=3)  # Wednesdays
    assert people(rota.expand(by_week, on(23), on(27))) == [1, 1, 2, 2]


def test_days_that_do_not_match_use_up_no_turn():
    office = rotation(blocks=(Block(start=time(9), length=8 * HOUR),), turn="day", days="workday")
    days = rota.expand(office, on(23), on(30, "23:00"))
    assert people(days) == [1, 2, 3, 1, 2, 3]
    assert {d.starts_at.astimezone(SHANGHAI).isoweekday() for d in days} == {1, 2, 3, 4, 5}
    rest = rotation(days="restday", turn="day")
    # 28 November made a working day, 27 a holiday, as a 调休 does.
    turned = {date(2026, 11, 27): False, date(2026, 11, 28): True}
    calendar = lambda day: turned.get(day, rota.weekdays_only(day))  # noqa: E731
    found = {d.starts_at.astimezone(SHANGHAI).day for d in rota.expand(rest, on(23, "00:00"), on(30, "23:00"), calendar)}
    assert found == {27, 29}


def test_a_rotation_begins_and_ends_with_its_days():
    assert rota.expand(rotation(), on(20), on(23)) == []
    last = rota.expand(rotation(last_day=date(2026, 11, 24)), on(24), on(30))
    assert last[-1].ends_at == on(25)


def test_a_cover_takes_only_its_window_and_moves_no_other_shift():
    plain = rota.resolve(Rota(rotations=(rotation(),)), on(23), on(26))
    cover = Cover(id=5, role="duty_officer", user=9, replaces=2, starts_at=on(23, "22:00"), ends_at=on(25))
    covered = rota.resolve(Rota(rotations=(rotation(),), covers=(cover,)), on(23), on(26))
    assert [(d.user, d.starts_at, d.ends_at) for d in covered if d.origin == "cover"] == [(9, on(23, "22:00"), on(24))]
    untouched = [d for d in plain if d.user != 2]
    assert [d for d in covered if d.user in (1, 3)] == untouched


def test_a_later_cover_wins_over_an_earlier_one():
    first = Cover(id=1, role="duty_officer", user=8, starts_at=on(23), ends_at=on(24))
    second = Cover(id=2, role="duty_officer", user=9, starts_at=on(23, "12:00"), ends_at=on(23, "14:00"))
    duties = rota.resolve(Rota(rotations=(rotation(),), covers=(first, second)), on(23), on(24))
    assert people(rota.at(duties, on(23, "13:00"))) == [9]
    assert people(rota.at(duties, on(23, "14:00"))) == [8]


def test_leave_leaves_a_gap_of_exactly_its_hours():
    leave = Leave(user=1, starts_at=on(23, "10:00"), ends_at=on(23, "11:30"))
    duties = rota.resolve(Rota(rotations=(rotation(),), leaves=(leave,)), on(23), on(24))
    assert rota.gaps(duties, "duty_officer", on(23), on(24)) == [(on(23, "10:00"), on(23, "11:30"))]
    assert rota.gaps(duties, "shift_leader", on(23), on(24)) == [(on(23), on(24))]


def test_an_account_no_longer_in_use_is_on_duty_nowhere():
    duties = rota.resolve(Rota(rotations=(rotation(),), people=frozenset({2, 3})), on(23), on(24))
    assert people(duties) == [2]


def test_overlaps_are_told_to_the_minute_and_one_person_twice_is_a_mistake_of_its_own():
    second = rotation(id=2, name="副班", people=(4, 1), blocks=(Block(start=time(14), length=8 * HOUR),), turn="day")
    duties = rota.resolve(Rota(rotations=(rotation(people=(1, 2)), second)), on(23), on(25))
    clashes = rota.overlaps(duties, on(23), on(25))
    assert [(c.starts_at, c.ends_at, c.twice) for c in clashes] == [
        (on(23, "14:00"), on(23, "20:00"), False), (on(23, "20:00"), on(23, "22:00"), False),
        (on(24, "14:00"), on(24, "20:00"), True), (on(24, "20:00"), on(24, "22:00"), False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("blocks", "wrong"),
    [(TWELVE, False), ((Block(start=time(8), length=25 * HOUR),), True), ((*TWELVE, Block(start=time(19), length=HOUR)), True)],
)
def test_shifts_of_one_rotation_may_not_overlap(blocks, wrong):
    assert rota.block_overlaps(blocks) is wrong


@st.composite
def tiled(draw) -> Rotation:
    """A rotation whose blocks fill the day exactly."""
    cuts = sorted(draw(st.sets(st.integers(0, 23), min_size=1, max_size=4)))
    ends = [*cuts[1:], cuts[0] + 24]
    blocks = tuple(Block(start=time(a), length=(b - a) * HOUR) for a, b in zip(cuts, ends, strict=True))
    return rotation(
        people=tuple(range(1, draw(st.integers(1, 5)) + 1)), blocks=blocks, turn=draw(st.sampled_from(list(rota.TURNS))),
        every=draw(st.integers(1, 3)), handoff=draw(st.integers(1, 7)), first_day=date(2026, 10, draw(st.integers(1, 28))),
    )  # fmt: skip


moments = st.integers(0, 14 * 24 * 60).map(lambda m: datetime(2026, 11, 5, tzinfo=SHANGHAI) + timedelta(minutes=m))


@st.composite
def windows(draw):
    a, b = sorted((draw(moments), draw(moments)))
    return a, b + timedelta(minutes=1)


@unhurried
@given(tiled(), moments)
def test_a_rotation_that_fills_the_day_has_one_person_at_every_instant(made, moment):
    duties = rota.resolve(Rota(rotations=(made,)), moment - 50 * HOUR, moment + 50 * HOUR)
    assert len(rota.at(duties, moment)) == 1
    assert rota.gaps(duties, "duty_officer", moment - 50 * HOUR, moment + 50 * HOUR) == []
    assert rota.overlaps(duties, moment - 50 * HOUR, moment + 50 * HOUR) == []


@unhurried
@given(tiled(), windows(), windows(), moments)
def test_whatever_the_window_asked_for_the_same_person_is_on_duty(made, near, far, moment):
    alone = rota.at(rota.resolve(Rota(rotations=(made,)), moment, moment + timedelta(minutes=1)), moment)
    wide = rota.at(rota.resolve(Rota(rotations=(made,)), min(near[0], moment), max(far[1], moment + HOUR)), moment)
    assert people(alone) == people(wide)


@unhurried
@given(tiled(), windows(), moments, st.sampled_from([None, 1, 2]))
def test_inside_a_cover_the_cover_wins_and_outside_nothing_changes(made, window, moment, replaces):
    before = people(rota.at(rota.resolve(Rota(rotations=(made,)), moment, moment + HOUR), moment))
    cover = Cover(id=1, role="duty_officer", user=99, replaces=replaces, starts_at=window[0], ends_at=window[1])
    after = people(rota.at(rota.resolve(Rota(rotations=(made,), covers=(cover,)), moment, moment + HOUR), moment))
    inside = window[0] <= moment < window[1] and replaces in (None, *before)
    assert after == ([99] if inside else before)


@unhurried
@given(tiled(), windows(), moments, st.booleans())
def test_who_is_on_leave_is_on_duty_nowhere_even_as_a_cover(made, window, moment, covering):
    cover = Cover(id=1, role="duty_officer", user=1, starts_at=window[0], ends_at=window[1])
    leave = Leave(user=1, starts_at=window[0], ends_at=window[1])
    full = Rota(rotations=(made,), covers=(cover,) if covering else (), leaves=(leave,))
    now = people(rota.at(rota.resolve(full, moment, moment + HOUR), moment))
    assert not (window[0] <= moment < window[1] and 1 in now)


@unhurried
@given(st.lists(windows(), max_size=5), st.lists(windows(), max_size=5), moments)
def test_taking_intervals_away_leaves_exactly_the_other_instants(intervals, taken, moment):
    def held(some):
        return any(s <= moment < e for s, e in some)

    left = rota.minus(intervals, taken)
    assert held(left) == (held(intervals) and not held(taken))
    assert all(a[1] < b[0] or a[1] == b[0] for a, b in itertools.pairwise(left))


def test_spells_join_what_follows_without_a_break():
    def duty(user, a, b):
        return Duty(role="duty_officer", user=user, starts_at=on(a), ends_at=on(b), origin="shift", origin_id=1)

    joined = rota.spells([duty(1, 24, 25), duty(1, 23, 24), duty(2, 25, 26), duty(1, 26, 27)])
    assert [(d.user, d.starts_at, d.ends_at) for d in joined] == [(1, on(23), on(25)), (2, on(25), on(26)), (1, on(26), on(27))]


def test_a_server_in_a_zone_with_summer_time_makes_the_same_shifts():
    # New York left summer time on 1 November 2026 and entered it on 8 March.
    asked = (
        "from datetime import *; from tests.alerts.test_rota import rotation; from alerts import rota; "
        "r = rotation(first_day=date(2026, 3, 1)); a = datetime(2026, 10, 30, tzinfo=UTC); "
        "print([(d.user, d.starts_at.astimezone(UTC).isoformat()) for d in rota.expand(r, a, a + timedelta(days=5))])"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", asked], env=os.environ | {"TZ": zone}, capture_output=True, text=True, check=True
        ).stdout
        for zone in ("Asia/Shanghai", "America/New_York", "UTC")
    }
    assert len(answers) == 1
    assert datetime(2026, 10, 31, tzinfo=UTC).isoformat()[:11] in answers.pop()
