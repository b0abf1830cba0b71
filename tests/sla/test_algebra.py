"""Properties of the clock algebra: whatever happens, a running clock has something left to tell, and tells it once."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from sla import authority, engine, revisions
from sla.engine import EventFacts, Unmet
from sla.evidence import Evidence, check_evidence
from sla.policy import load_duties
from sla.revisions import Clock

DUTIES = load_duties(settings.BASE_DIR / "config")
CALENDAR = DUTIES.calendar
T0 = datetime(2026, 9, 24, 12, tzinfo=UTC)
event_duties = st.sampled_from([d for d in DUTIES.duties if d.subject == "event"])
any_duty = st.sampled_from([d for d in DUTIES.duties if not d.every])
moments = st.integers(-300, 300).map(lambda h: T0 + timedelta(hours=h))


@given(any_duty, moments, moments, st.booleans(), st.sets(st.sampled_from(["near-1", "near-2", "near-3", "missed"])))
def test_a_running_clock_always_has_a_moment_left_to_tell(duty, due, now, all_told, told):
    rows = engine.schedule(duty, due, now, told, all_told=all_told)
    assert any(not done for _, _, done in rows)
    assert len({code for code, _, _ in rows}) == len(rows)
    if all_told:
        assert all(at > now for _, at, done in rows if not done)
    assert all(at <= now for _, at, done in rows if done), "what lies ahead is not told yet, whatever was told before"


@given(any_duty, moments, moments)
def test_reminders_follow_in_their_rhythm_and_number(duty, due, now):
    code, at, _ = engine.schedule(duty, due, now, all_told=True)[-1]
    following = engine.following(code, at, duty)
    if following:
        assert following[1] - at == timedelta(hours=duty.still_every_hours)
        assert following[0] != code and engine.kind_of(following[0]) in ("near", "still_missed")


@given(event_duties, moments, moments, moments)
def test_a_standing_is_exactly_one_and_evidence_beats_the_clock(duty, start, settled, now):
    due = engine.due_of(duty, start, CALENDAR)
    asked = dict(due_at=due, duty=duty, superseded=False, now=now)
    assert engine.standing(**asked, settled_at=settled, exempt=False) == ("met" if settled <= due else "met_late")
    assert engine.standing(**asked, settled_at=settled, exempt=True) == "exempt"
    running = engine.standing(**asked, settled_at=None, exempt=False)
    assert (running == "missed") == (now >= due and not duty.reminder)


@given(event_duties, moments, moments, st.none() | moments)
def test_a_corrected_start_keeps_the_first_deadline_and_the_evidence(duty, start, corrected, settled):
    due = engine.due_of(duty, start, CALENDAR)
    clock = Clock(
        rule=duty.rule(), starts_at=start, start_basis="t_event", due_at=due, original_due_at=due, settled_at=settled
    )
    now = revisions.correct(clock, duty, corrected, CALENDAR)
    assert now.due_at - corrected == due - start
    assert (now.original_due_at, now.settled_at, now.start_basis) == (due, settled, "manual")
    assert revisions.correct(now, duty, start, CALENDAR).due_at == due


@given(moments, st.integers(0, 200), st.integers(0, 200))
def test_a_pause_moves_an_hourly_deadline_by_exactly_the_pause(start, until, away):
    duty = DUTIES.by_code("K4")
    due = engine.due_of(duty, start, CALENDAR)
    paused = start + timedelta(hours=until)
    clock = Clock(
        rule=duty.rule(), starts_at=start, start_basis="manual", due_at=due, original_due_at=due, paused_at=paused,
        pause_reason="保密阶段",
    )  # fmt: skip
    back = revisions.resume(clock, duty, paused + timedelta(hours=away), CALENDAR)
    assert back.due_at - due == timedelta(hours=away)
    assert (back.paused_at, back.pause_reason, back.original_due_at) == (None, "", due)


def facts(**changes):
    return EventFacts(**{
        "grade": "一般", "jurisdiction": "ours", "answer_owed": False, "answer_reason": "", "t_event": None,
        "t_first_post": T0, "t_detected": T0, **changes,
    })  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "owed"),
    [
        ({"answer_owed": True}, ["K3"]),
        ({"answer_owed": True, "ruling": "drop", "ruling_reason": "已答复"}, []),
        ({"ruling": "open", "ruling_reason": "领导交办"}, ["K3"]),
        ({"ruling": "open", "ruling_reason": "领导交办", "jurisdiction": "unknown"}, ["K3"]),
        ({"ruling": "open", "ruling_reason": "领导交办", "jurisdiction": "elsewhere"}, []),
        ({"ruling": "drop", "ruling_reason": "无关", "grade": "重大"}, ["K1", "K2"]),
    ],
)
def test_an_officers_word_on_the_answer_stands_and_never_drops_k1_or_k2(changes, owed):
    found, reason = engine.owed(facts(**changes), DUTIES.duties, DUTIES.max_event_age)
    assert [o.duty.code for o in found] == owed
    if changes.get("ruling") and changes.get("grade") != "重大" and changes.get("jurisdiction") != "elsewhere":
        assert changes["ruling_reason"] in reason


def evidence(**changes):
    return Evidence(**{
        "duties": (), "channel": "portal", "url": "https://example.cn/1", "published_at": T0, "page_hash": "ab",
        "people": (1, 2, 3), "place": "", "speaker": "", "attendees": None, "review_no": "审2026-1", "issuer": "", **changes,
    })  # fmt: skip


def test_another_agencys_release_needs_the_same_evidence():
    k1 = {"K1": DUTIES.by_code("K1")}
    check_evidence(evidence(issuer="市卫健委"), k1, T0)
    for field, changes in (("url", {"url": ""}), ("page", {"page_hash": ""}), ("channel", {"channel": "media"})):
        with pytest.raises(Unmet) as e:
            check_evidence(evidence(issuer="市卫健委", **changes), k1, T0)
        assert e.value.field == field
    with pytest.raises(Unmet, match="市卫健委官方渠道"):
        check_evidence(evidence(issuer="市卫健委", channel="media"), k1, T0)


@pytest.mark.parametrize(
    ("type_", "flags", "text", "codes"),
    [
        ("T04", [], "市民持刀伤人", []),
        ("T04", [], "广场发生恐怖袭击", ["terror"]),
        ("T13", [], "本地出现确诊病例", ["epidemic"]),
        ("T07", [], "校门口纠纷", ["minors"]),
        ("T01", ["minors"], "民警执法", ["minors"]),
        ("T13", [], "消防救援支队到场处置", ["other_agency"]),
    ],
)
def test_the_gate_names_who_must_release_and_why(type_, flags, text, codes):
    held = authority.gate(type_, flags, [text], DUTIES.authorities)
    assert [h.code for h in held] == codes
    for h in held:
        said = authority.sentence(h.who, h.effect, h.note, h.law, h.why)
        assert h.law in said and h.why in said and h.who in said
