"""The clock algebra: who owes what, from when, until when, and what it takes to settle it. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sla.calendar import Calendar, day_of, end_of

TOP_GRADES = ("特别重大", "重大")
GRADES = ("特别重大", "重大", "较大", "一般")

# Standings, the words of commands.md.
OPEN, NEAR, MISSED, MET, MET_LATE = "open", "near", "missed", "met", "met_late"
EXEMPT, PAUSED, SUPERSEDED = "exempt", "paused", "superseded"


class Unmet(Exception):
    """A release that may not settle what it names: `field` says which part is missing or wrong."""

    def __init__(self, error: str, field: str) -> None:
        super().__init__(error)
        self.field = field


@dataclass(frozen=True, kw_only=True)
class Duty:
    """职责: which grade owes what, how soon, warned when. Read from config/duties.toml."""

    code: str
    name: str
    grades: tuple[str, ...]  # "" stands for no grade
    hours: float  # elapsed hours: nights, weekends and holidays count; 0 where the limit is in days
    warn_minutes: tuple[int, ...]  # before due_at, descending
    still_every_hours: float
    met_by: str  # release | conference | answer | continuing | record
    source: str
    edition: str
    days: int = 0  # calendar days
    working_days: int = 0
    statutory: bool = True  # a statutory clock cannot be paused
    reminder: bool = False  # no limit of its own: it is reminded of and never missed
    subject: str = "event"  # event | letter | unit
    every: str = ""  # quarter | half_year | year: owed by each of `units` in each such period
    units: tuple[str, ...] = ()
    post: str = ""  # whose appearance before the press settles it: head | deputy

    def rule(self) -> dict[str, Any]:
        """The copy an Obligation carries."""
        return asdict(self)


def duty_of(rule: Mapping[str, Any]) -> Duty:
    """A Duty from an Obligation's copy (JSON turned tuples into lists)."""
    lists = {name: tuple(rule[name]) for name in ("grades", "warn_minutes", "units") if name in rule}
    return Duty(**{**rule, **lists})


def due_of(duty: Duty, starts_at: datetime, calendar: Calendar) -> datetime:
    """The deadline of a duty that starts at `starts_at`; raises calendar.UnknownYear."""
    if duty.days:
        return end_of(day_of(starts_at) + timedelta(days=duty.days))
    if duty.working_days:
        return end_of(calendar.add_working_days(day_of(starts_at), duty.working_days))
    return starts_at + timedelta(hours=duty.hours)


@dataclass(frozen=True, kw_only=True)
class EventFacts:
    """What the clock needs to know of an event."""

    grade: str | None
    jurisdiction: str  # ours | elsewhere | unknown
    answer_owed: bool  # somebody other than an authority asked, complained, accused, reported harm or a rumour
    answer_reason: str
    t_event: datetime | None
    t_first_post: datetime | None
    t_detected: datetime
    ruling: str = ""  # an officer's word on the answer: open | drop
    ruling_reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Owed:
    duty: Duty
    starts_at: datetime
    start_basis: str
    due_at: datetime


def start_of(facts: EventFacts, max_event_age: timedelta) -> tuple[datetime, str]:
    """The earliest known of t_event, t_first_post, t_detected, and which it was (domain.md §2.2).

    t_event counts only when not after the first post and at most `max_event_age` before it (design.md §6);
    never the moment of grading.
    """
    known = [(facts.t_detected, "t_detected")]
    first = facts.t_first_post or facts.t_detected
    if facts.t_first_post:
        known.append((facts.t_first_post, "t_first_post"))
    if facts.t_event and first - max_event_age <= facts.t_event <= first:
        known.append((facts.t_event, "t_event"))
    # Of equal instants the one that says most about the world is named.
    order = {"t_event": 0, "t_first_post": 1, "t_detected": 2}
    return min(known, key=lambda k: (k[0], order[k[1]]))


def owed(facts: EventFacts, duties: Iterable[Duty], max_event_age: timedelta) -> tuple[list[Owed], str]:
    """The duties this event owes now, and one sentence why, or why not (design.md §6 "Who owes what")."""
    starts_at, basis = start_of(facts, max_event_age)
    found = []
    for duty in duties:
        if duty.subject != "event" or duty.met_by == "continuing":
            continue
        if (facts.grade or "") not in duty.grades or facts.jurisdiction == "elsewhere":
            continue
        if duty.met_by == "answer" and not _answer_owed(facts):
            continue
        found.append(
            Owed(
                duty=duty, starts_at=starts_at, start_basis=basis, due_at=starts_at + timedelta(hours=duty.hours)
            )
        )
    return found, _owes_reason(facts, found)


def _answer_owed(facts: EventFacts) -> bool:
    if facts.ruling:
        return facts.ruling == "open"
    return facts.answer_owed and facts.jurisdiction == "ours"


def _owes_reason(facts: EventFacts, found: list[Owed]) -> str:
    if facts.jurisdiction == "elsewhere":
        return "外地事件，本局不负回应职责"
    if facts.grade in TOP_GRADES:
        unsure = "；属地不明，暂按本地计，请值班员先核属地" if facts.jurisdiction == "unknown" else ""
        return f"{facts.grade}事件，应在时限内发布权威信息并召开新闻发布会{unsure}"
    if facts.ruling:
        return f"{'人工决定应予回应' if facts.ruling == 'open' else '人工决定不需回应'}：{facts.ruling_reason}"
    if found:
        return facts.answer_reason or "有群众询问、投诉或反映，应予回应"
    if facts.answer_owed and facts.jurisdiction == "unknown":
        return "有群众关切，但属地不明：确认为本地后起算回应时限"
    return "未见群众询问、投诉、质疑、反映伤害或传播涉本地传言，不产生回应职责"


def milestones(duty: Duty, due_at: datetime) -> list[tuple[str, datetime]]:
    """(code, instant) of every warning and of the breach, as absolute instants in order of time.

    A duty that is only reminded of has one reminder when its time has come, and no breach.
    """
    if duty.reminder:
        return [("near-1", due_at)]
    near = [
        (f"near-{n}", due_at - timedelta(minutes=minutes))
        for n, minutes in enumerate(sorted(duty.warn_minutes, reverse=True), 1)
    ]
    return [*near, ("missed", due_at)]


def following(code: str, at: datetime, duty: Duty) -> tuple[str, datetime] | None:
    """The milestone that follows a breach: reminded every `still_every_hours` until evidence settles it."""
    if duty.reminder:
        return f"near-{int(code.rsplit('-', 1)[1]) + 1}", at + timedelta(hours=duty.still_every_hours)
    if code == "missed":
        n = 1
    elif code.startswith("still_missed-"):
        n = int(code.rsplit("-", 1)[1]) + 1
    else:
        return None
    return f"still_missed-{n}", at + timedelta(hours=duty.still_every_hours)


def schedule(
    duty: Duty, due_at: datetime, now: datetime, told: Container[str] = (), *, all_told: bool = False
) -> list[tuple[str, datetime, bool]]:
    """(code, instant, already told) of a new revision's milestones; a running clock always has one left to tell.

    `told` are codes somebody heard of under an earlier revision; `all_told`: one notice tells of everything that is
    behind us. A moment told before that now lies ahead is told again. After a breach the reminders go on in their
    rhythm.
    """
    rows = [(code, at, at <= now and (all_told or code in told)) for code, at in milestones(duty, due_at)]
    if all(done for _, _, done in rows):
        every = timedelta(hours=duty.still_every_hours)
        n = (now - due_at) // every + 1
        rows.append((f"near-{n + 1}" if duty.reminder else f"still_missed-{n}", due_at + n * every, False))
    return rows


def kind_of(code: str) -> str:
    """near-2 -> near: the alert kind of a milestone."""
    return code.split("-", 1)[0]


def standing(
    *,
    due_at: datetime,
    duty: Duty,
    settled_at: datetime | None,
    exempt: bool,
    superseded: bool,
    now: datetime,
    paused: bool = False,
) -> str:
    """Where an obligation stands at `now`. Instants are compared, never percentages."""
    if superseded:
        return SUPERSEDED
    if exempt:
        return EXEMPT
    if settled_at is not None:
        return MET if settled_at <= due_at else MET_LATE
    if paused:
        return PAUSED
    if duty.reminder:
        return NEAR if now >= due_at else OPEN
    if now >= due_at:
        return MISSED
    if duty.warn_minutes and now >= due_at - timedelta(minutes=max(duty.warn_minutes)):
        return NEAR
    return OPEN
