"""How often a channel may be used."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from alerts.throttle import WINDOW, Rate, free_at

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
RATE = Rate(per_minute=20, reserved=5)


def seconds_ago(*ago: float) -> list[datetime]:
    return [NOW - timedelta(seconds=s) for s in ago]


def test_a_quiet_channel_is_free():
    assert free_at([], RATE, 5, NOW) == NOW


def test_ordinary_messages_stop_before_the_share_kept_for_grave_ones():
    sent = seconds_ago(*range(15))
    assert free_at(sent, RATE, 5, NOW) == NOW + timedelta(seconds=60 - 14)
    assert free_at(sent, RATE, 1, NOW) == NOW


def test_a_grave_message_waits_too_when_the_provider_would_block_us():
    sent = seconds_ago(*range(20))
    assert free_at(sent, RATE, 1, NOW) == NOW + timedelta(seconds=60 - 19)


def test_a_burst_at_the_end_of_one_minute_counts_in_the_next():
    sent = seconds_ago(*[1] * 20)
    assert free_at(sent, RATE, 1, NOW) == NOW + timedelta(seconds=59)


def test_what_left_the_window_no_longer_counts():
    assert free_at(seconds_ago(*[60] * 50), RATE, 5, NOW) == NOW


@given(st.lists(st.floats(0.001, 120), max_size=80), st.integers(1, 5))
def test_no_minute_ever_holds_more_than_the_limit(ago, priority):
    sent = seconds_ago(*ago)
    free = free_at(sent, RATE, priority, NOW)
    in_window = [at for at in sent if at > free - WINDOW]
    assert free >= NOW
    assert len(in_window) < RATE.share(priority)
