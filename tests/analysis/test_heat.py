"""Heat: decayed attention by published coefficients, coloured by the bureau's own past, with its parts."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.heat import Coefficients, Past, Said, advance, level, weight
from analysis.heat_policy import load_heat
from config.door import ConfigError

UNHURRIED = settings(deadline=None)  # a busy machine is no failure
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CONFIG = Path(__file__).parents[2] / "config"
BY: Coefficients = load_heat(CONFIG)


def post(hours_ago: float = 0, **counts) -> Said:
    return Said(at=NOW - timedelta(hours=hours_ago), **counts)


def test_one_weibo_post_weighs_by_the_published_bci() -> None:
    expected = 1 + 0.4 * math.log(10) + 0.4 * math.log(100) + 0.2 * math.log(1000)
    assert weight(post(reposts=9, comments=99, likes=999), BY) == pytest.approx(expected)
    assert weight(post(reposts=9, comments=99, likes=999, outlet="media"), BY) == pytest.approx(2 * expected)
    assert weight(post(reposts=-1, comments=-1, likes=-1), BY) == 1


def test_a_wechat_article_weighs_by_its_own_formula() -> None:
    expected = 1 + 0.70 * math.log(5001) + 0.15 * math.log(10 * 20 + 1) + 0.06 * math.log(10 * 30 + 1)
    assert weight(post(platform="wechat", reads=5000, reposts=20, likes=30), BY) == pytest.approx(expected)


def test_ten_thousand_plus_is_a_lower_bound_and_said_so() -> None:
    parts = level([post(platform="wechat", reads=100_001), post(platform="wechat", reads=99_999)], NOW, BY).parts
    assert parts["censored"] == 1 and "10万+" in parts["reason"]
    assert level([post(reads=100_001)], NOW, BY).parts["censored"] == 0


def test_attention_halves_in_six_hours() -> None:
    assert level([post(6)], NOW, BY).index == pytest.approx(level([post(0)], NOW, BY).index / 2, abs=0.001)


def test_levels_rise_with_the_number_of_reports_while_there_is_no_past() -> None:
    counts = {n: level([post(outlet="media")] * n, NOW, BY).level for n in (0, 1, 29, 30, 149, 150, 749, 750)}
    assert list(counts.values()) == ["blue", "blue", "blue", "yellow", "yellow", "orange", "orange", "red"]


@pytest.mark.parametrize(
    ("reposts", "colour"), [(999, "blue"), (1000, "yellow"), (9_999, "yellow"), (10_000, "orange"), (100_000, "red")]
)
def test_one_viral_post_is_enough_by_the_national_marks(reposts: int, colour: str) -> None:
    assert level([post(reposts=reposts)], NOW, BY).level == colour


def test_with_a_past_the_bureaus_own_percentile_decides_but_never_below_the_floor() -> None:
    quiet, loud = Past(peaks=[float(n) for n in range(20)] * 3), Past(peaks=[float(n * 100) for n in range(60)])
    ten = [post(outlet="media")] * 10  # index 20: more than every event of the quiet past
    assert level(ten, NOW, BY, quiet).level == "yellow"  # orange asks for 75, whatever the rank
    assert "高于本局近 90 天 100% 的事件" in level(ten, NOW, BY, quiet).parts["reason"]
    forty = [post(outlet="media")] * 40
    assert level(forty, NOW, BY, quiet).level == "orange"
    assert level(forty, NOW, BY, loud).level == "blue"
    assert level(forty, NOW, BY, Past(peaks=[1.0] * 29)).level == "yellow"  # too few events to be a past


def test_a_sudden_hour_is_a_spike_with_its_reason() -> None:
    slow = [post(h + 0.5) for h in range(1, 13)]
    calm = level([*slow, post(0.2)], NOW, BY)
    assert calm.parts["spikes"] == []
    burst = level([*slow, *[post(0.2)] * 12], NOW, BY)
    assert any(s.startswith("近 1 小时热度") and "此前 12 小时" in s for s in burst.parts["spikes"])
    busy = Past(an_hour=50.0, a_day=500.0)
    assert level([*slow, *[post(0.2)] * 12], NOW, BY, busy).parts["spikes"] == []  # no more than any event of ours gets


def test_a_sudden_day_is_a_spike_against_the_fourteen_before() -> None:
    days = [post(24 * d + 2) for d in range(1, 15)]
    burst = level([*days, *[post(3)] * 20], NOW, BY)
    assert any(s.startswith("近 24 小时热度") for s in burst.parts["spikes"])


def test_an_event_that_has_just_begun_has_nothing_to_rise_from() -> None:
    assert level([post(0)] * 50, NOW, BY).parts["spikes"] == []


def test_a_loud_day_grows_cold_again() -> None:
    loud = level([post(reposts=50_000)], NOW, BY)
    cold = advance(loud.parts, [], NOW + timedelta(days=3), BY)
    assert cold.level == "blue" and cold.parts["peak"] == loud.parts["peak"]


def test_growth_is_this_hour_against_the_last() -> None:
    assert level([post(0.1), post(0.2), post(1.5)], NOW, BY).parts["growth"] == pytest.approx(1)
    assert level([post(1.1), post(1.2)], NOW, BY).parts["growth"] == pytest.approx(-2)


def test_a_clock_that_steps_back_does_not_heat() -> None:
    heat = level([post(reposts=10)], NOW, BY)
    assert advance(heat.parts, [], NOW - timedelta(hours=6), BY).index <= heat.index


SAID = st.builds(
    Said,
    at=st.floats(0, 48).map(lambda h: NOW - timedelta(hours=h)),
    platform=st.sampled_from(["weibo", "wechat", "news"]),
    outlet=st.sampled_from(["media", "authority", "individual", "own", "unheard-of"]),
    reposts=st.integers(-1, 200_000),
    comments=st.integers(-1, 10_000),
    likes=st.integers(-1, 10_000),
    reads=st.integers(-1, 100_001),
)


@UNHURRIED
@given(st.lists(SAID, max_size=20), st.integers(0, 20))
def test_advancing_with_new_posts_is_the_same_as_summing_them_all(posts: list[Said], cut: int) -> None:
    then = NOW - timedelta(hours=2)
    # The first call counts what is dated after its own now as of then; so only later posts are dated freely.
    early = [Said(**{**vars(p), "at": min(p.at, then)}) for p in posts[:cut]]
    step = advance(level(early, then, BY).parts, posts[cut:], NOW, BY)
    whole = level([*early, *posts[cut:]], NOW, BY)
    assert step.index == pytest.approx(whole.index, rel=1e-4, abs=0.01)
    assert step.parts["posts"] == whole.parts["posts"] and step.parts["censored"] == whole.parts["censored"]


@pytest.mark.parametrize(
    ("was", "becomes", "key"),
    [
        ("half_life_h = 6", "half_life_h = 0", "half_life_h"),
        ('name = "default"', 'name = "weibo"', "platform"),
        ("media = 2.0", 'media = "two"', "media"),
        ("share = 0.99", "share = 9.9", "share"),
        ("alone = 1500", "alone = 15", "red"),
        ("needs = 30", "needs = 30\nneed = 1", "need"),
    ],
)
def test_a_wrong_file_is_refused_with_its_key(tmp_path: Path, was: str, becomes: str, key: str) -> None:
    text = (CONFIG / "heat.toml").read_text()
    assert was in text
    (tmp_path / "heat.toml").write_text(text.replace(was, becomes, 1))
    with pytest.raises(ConfigError, match=r"heat\.toml") as refused:
        load_heat(tmp_path)
    assert key in str(refused.value)


def test_a_policy_folder_from_before_uses_the_shipped_file(tmp_path: Path) -> None:
    assert load_heat(tmp_path) == BY
