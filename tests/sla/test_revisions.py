from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sla import revisions
from sla.revisions import Clock

T0 = datetime(2026, 11, 23, tzinfo=UTC)
moments = st.integers(-200, 200).map(lambda h: T0 + timedelta(hours=h))


@st.composite
def clocks(draw):
    start = draw(moments)
    due = start + timedelta(hours=draw(st.integers(1, 60)))
    how = draw(st.sampled_from(["running", "settled", "exempt", "paused"]))
    more = {
        "running": {},
        "settled": {"settled_at": draw(moments), "release_id": draw(st.integers(1, 9))},
        "exempt": {"exempt_reason": "涉密", "exempt_at": T0, "exempt_by_id": 1},
        "paused": {"paused_at": draw(moments), "pause_reason": "待复核"},
    }[how]
    return Clock(rule={"code": "K1"}, starts_at=start, start_basis="t_event", due_at=due, original_due_at=due, **more)


@given(clocks(), clocks())
def test_a_merge_never_loosens_a_clock_whichever_event_survives(one, other):
    merged, turned = revisions.merge(one, other), revisions.merge(other, one)
    assert merged.starts_at == min(one.starts_at, other.starts_at)
    assert merged.due_at == min(one.due_at, other.due_at)
    assert (merged.settled_at, merged.running, merged.due_at) == (turned.settled_at, turned.running, turned.due_at)


@given(clocks(), clocks())
def test_a_merge_stops_a_running_clock_only_by_evidence(one, other):
    merged = revisions.merge(one, other)
    settled = [c.settled_at for c in (one, other) if c.settled_at]
    assert merged.settled_at == min(settled, default=None)
    if not settled and (one.running or other.running):
        assert merged.running
    assert bool(merged.paused_at) <= all(c.paused_at for c in (one, other) if c.running)


@given(clocks(), clocks(), clocks())
def test_the_order_of_merges_does_not_matter(a, b, c):
    left = revisions.merge(revisions.merge(a, b), c)
    right = revisions.merge(a, revisions.merge(b, c))
    assert (left.starts_at, left.due_at, left.settled_at) == (right.starts_at, right.due_at, right.settled_at)
    assert left.running == right.running


@given(clocks())
def test_merged_with_itself_a_clock_is_unchanged(clock):
    assert revisions.merge(clock, clock) == clock
