"""Heat: decayed attention, by absolute floors, with its parts."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.heat import FLOORS, HALF_LIFE, Said, advance, level, weight

UNHURRIED = settings(deadline=None)  # a busy machine is no failure

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def post(hours_ago: float = 0, reposts: int = 0, comments: int = 0, likes: int = 0, outlet: str = "individual") -> Said:
    return NOW - timedelta(hours=hours_ago), reposts, comments, likes, outlet


def test_one_post_weighs_by_the_published_coefficients() -> None:
    expected = 1 + 0.4 * math.log(10) + 0.4 * math.log(100) + 0.2 * math.log(1000)
    assert weight(9, 99, 999, "individual") == pytest.approx(expected)
    assert weight(9, 99, 999, "media") == pytest.approx(2 * expected)
    assert weight(-1, -1, -1, "individual") == 1


def test_attention_halves_in_six_hours() -> None:
    assert level([post(6, 10)], NOW).index == pytest.approx(level([post(0, 10)], NOW).index / 2, abs=0.001)
    assert timedelta(hours=6) == HALF_LIFE


def test_levels_rise_with_the_number_of_reports() -> None:
    counts = {n: level([post(outlet="media")] * n, NOW).level for n in (0, 1, 29, 30, 149, 150, 749, 750)}
    assert list(counts.values()) == ["blue", "blue", "blue", "yellow", "yellow", "orange", "orange", "red"]


@pytest.mark.parametrize(
    ("reposts", "colour"), [(999, "blue"), (1000, "yellow"), (9_999, "yellow"), (10_000, "orange"), (100_000, "red")]
)
def test_one_viral_post_is_enough_by_the_national_marks(reposts: int, colour: str) -> None:
    assert level([post(0, reposts)], NOW).level == colour


def test_floors_are_the_callers_data() -> None:
    assert level([post()], NOW, {"red": (1, 9), "orange": (1, 9), "yellow": (1, 9)}).level == "red"
    assert level([post()], NOW).level == "blue"


def test_a_loud_day_grows_cold_again() -> None:
    loud = level([post(0, 50_000)], NOW)
    assert advance(loud.parts, [], NOW + timedelta(days=3)).level == "blue"


def test_growth_is_this_hour_against_the_last() -> None:
    assert level([post(0.1), post(0.2), post(1.5)], NOW).parts["growth"] == pytest.approx(1)
    assert level([post(1.1), post(1.2)], NOW).parts["growth"] == pytest.approx(-2)


def test_the_parts_show_how_the_level_came_about() -> None:
    parts = level([post(0, 2000)], NOW).parts
    assert parts["posts"] == 1 and parts["reposts"] == 2000 and parts["floor"] == list(FLOORS["yellow"])


def test_a_clock_that_steps_back_does_not_heat() -> None:
    heat = level([post(0, 10)], NOW)
    assert advance(heat.parts, [], NOW - timedelta(hours=6)).index <= heat.index


SAID = st.tuples(
    st.floats(0, 48).map(lambda h: NOW - timedelta(hours=h)),
    st.integers(0, 200_000),
    st.integers(0, 10_000),
    st.integers(0, 10_000),
    st.sampled_from(["media", "authority", "individual", "own", "unheard-of"]),
)


@UNHURRIED
@given(st.lists(SAID, max_size=20), st.integers(0, 20))
def test_advancing_with_new_posts_is_the_same_as_summing_them_all(posts: list[Said], cut: int) -> None:
    earlier = level(posts[:cut], NOW - timedelta(hours=2))
    # The first call counts what is dated after its own now as of then; so only later posts are dated freely.
    early = [(min(at, NOW - timedelta(hours=2)), *rest) for at, *rest in posts[:cut]]
    step = advance(earlier.parts, posts[cut:], NOW)
    whole = level([*early, *posts[cut:]], NOW)
    assert step.index == pytest.approx(whole.index, rel=1e-4, abs=0.01)
    assert step.level == whole.level or any(abs(whole.index - f[0]) < 1 for f in FLOORS.values())
    assert step.parts["posts"] == whole.parts["posts"]
