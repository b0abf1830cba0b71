from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla import engine
from sla.engine import Duty, EventFacts, Unmet
from sla.evidence import Evidence, check_evidence

T0 = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
DAY = timedelta(hours=72)


def duty(code="K1", hours=5.0, grades=("特别重大", "重大"), met_by="release", warn=(120, 60)):
    return Duty(
        code=code, name="发布权威信息", grades=grades, hours=hours, warn_minutes=warn, still_every_hours=2,
        met_by=met_by, source="test", edition="test",
    )  # fmt: skip


K1, K2 = duty(), duty("K2", 24, met_by="conference", warn=(480,))
K3 = duty("K3", 48, ("较大", "一般", ""), "answer", (1440,))
ALL = (K1, K2, K3)


def facts(grade="重大", jurisdiction="ours", answer_owed=False, t_event=None, first=T0, detected=T0):
    return EventFacts(
        grade=grade, jurisdiction=jurisdiction, answer_owed=answer_owed, answer_reason="有群众询问，应予回应",
        t_event=t_event, t_first_post=first, t_detected=detected,
    )  # fmt: skip


def codes(found):
    return [o.duty.code for o in found[0]]


def test_a_grave_event_owes_a_release_in_five_hours_and_a_conference_in_twenty_four():
    found, reason = engine.owed(facts(), ALL, DAY)
    assert [(o.duty.code, o.due_at - T0) for o in found] == [
        ("K1", timedelta(hours=5)),
        ("K2", timedelta(hours=24)),
    ]
    assert "重大" in reason


@pytest.mark.parametrize("grade", ["较大", "一般", None])
def test_a_lesser_event_owes_an_answer_only_when_somebody_asks(grade):
    assert codes(engine.owed(facts(grade), ALL, DAY)) == []
    assert codes(engine.owed(facts(grade, answer_owed=True), ALL, DAY)) == ["K3"]


def test_an_event_elsewhere_owes_nothing_and_says_so():
    found, reason = engine.owed(facts(jurisdiction="elsewhere", answer_owed=True), ALL, DAY)
    assert found == [] and "外地" in reason


def test_an_event_of_unknown_place_owes_the_grave_duties_only():
    assert codes(engine.owed(facts(jurisdiction="unknown"), ALL, DAY)) == ["K1", "K2"]
    assert codes(engine.owed(facts("一般", "unknown", True), ALL, DAY)) == []


def test_the_clock_starts_when_it_happened_when_that_is_quoted_and_near():
    assert engine.start_of(facts(t_event=T0 - timedelta(hours=3)), DAY) == (T0 - timedelta(hours=3), "t_event")


def test_an_old_date_or_one_after_the_first_post_does_not_start_the_clock():
    assert engine.start_of(facts(t_event=T0 - timedelta(hours=73)), DAY) == (T0, "t_first_post")
    assert engine.start_of(facts(t_event=T0 + timedelta(hours=1)), DAY) == (T0, "t_first_post")


def test_an_event_with_no_post_starts_when_it_was_detected_or_happened():
    assert engine.start_of(facts(first=None), DAY) == (T0, "t_detected")
    assert engine.start_of(facts(first=None, t_event=T0 - timedelta(hours=1)), DAY)[1] == "t_event"


def test_milestones_are_absolute_instants_and_the_breach_is_followed_by_reminders():
    due = T0 + timedelta(hours=5)
    assert engine.milestones(K1, due) == [
        ("near-1", due - timedelta(hours=2)),
        ("near-2", due - timedelta(hours=1)),
        ("missed", due),
    ]
    assert engine.following("missed", due, K1) == ("still_missed-1", due + timedelta(hours=2))
    assert engine.following("still_missed-1", due, K1) == ("still_missed-2", due + timedelta(hours=2))
    assert engine.following("near-1", due, K1) is None


@pytest.mark.parametrize(
    ("minutes", "standing"), [(0, "open"), (179, "open"), (180, "near"), (299, "near"), (300, "missed")]
)
def test_standing_changes_at_the_very_instant(minutes, standing):
    now = T0 + timedelta(minutes=minutes)
    got = engine.standing(
        due_at=T0 + timedelta(hours=5), duty=K1, settled_at=None, exempt=False, superseded=False, now=now
    )
    assert got == standing


@given(st.integers(-600, 600))
def test_settled_at_or_before_the_deadline_is_met_and_a_microsecond_later_is_late(seconds):
    due = T0 + timedelta(hours=5)
    got = engine.standing(
        due_at=due, duty=K1, settled_at=due + timedelta(seconds=seconds), exempt=False, superseded=False,
        now=due + timedelta(days=9),
    )  # fmt: skip
    assert got == ("met" if seconds <= 0 else "met_late")


def evidence(**changes):
    whole = dict(
        duties=("K1",), channel="portal", url="https://example.cn/1", published_at=T0, page_hash="ab", people=(1, 2, 3),
        place="", speaker="", attendees=None, review_no="审2026-1", issuer="",
    )  # fmt: skip
    return Evidence(**(whole | changes))


def refused(duties, **changes):
    with pytest.raises(Unmet) as e:
        check_evidence(evidence(**changes), duties, T0)
    return e.value.field


def test_a_published_page_with_three_people_is_good_evidence():
    check_evidence(evidence(), {"K1": K1}, T0)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"people": (1, 1, 3)}, "published_by"),
        ({"people": (1, 2, 1)}, "published_by"),
        ({"people": (1, None, 3)}, "reviewed_by"),
        ({"page_hash": ""}, "page"),
        ({"review_no": ""}, "review_no"),
        ({"url": ""}, "url"),
        ({"channel": "media"}, "channel"),
        ({"published_at": None}, "published_at"),
        ({"published_at": T0 + timedelta(seconds=1)}, "published_at"),
    ],
)
def test_a_release_with_a_missing_part_is_refused_by_name(changes, field):
    assert refused({"K1": K1}, **changes) == field


def test_a_bulletin_is_no_conference_and_a_conference_needs_place_speaker_and_attendees():
    assert refused({"K2": K2}) == "channel"
    assert refused({"K2": K2}, channel="conference") == "place"
    assert refused({"K2": K2}, channel="conference", place="一楼会议厅", speaker="新闻发言人") == "attendees"
    held = evidence(channel="conference", place="线上", speaker="新闻发言人", attendees=12, page_hash="", url="")
    check_evidence(held, {"K2": K2}, T0)
