"""Who is told what, when, and who is told next when nobody acknowledges. Pure: values in, plans out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta

from alerts.ladder import (
    OTHER_GRADES,
    TOP_GRADES,
    ChannelSettings,
    Ladder,
    Level,
    Rule,
    quiet_until,
    rule_for,
)
from alerts.messages import KINDS, Message, escalated, nobody_here, nobody_on_duty, repeated
from config.clock import SHANGHAI

__all__ = ["OTHER_GRADES", "TOP_GRADES", "ChannelSettings", "Ladder", "Level", "Rule", "rule_for"]

CONSOLE = "console"
# These answer something; nobody has to acknowledge them, so they may never be made to escalate.
FINAL_KINDS = ("met", "nobody_on_duty", "saved_search")
NOBODY_LEVEL = 2
# Why an address is told, kept with the delivery (alerts/explain.py says it in words).
ON_SHIFT, ROLE_INBOX, GROUP, HANDED, TOLD_BEFORE = "on_shift", "role_inbox", "group", "handed", "told_before"
REPLACES = "replaces"

assert set(FINAL_KINDS) < set(KINDS)


@dataclass(frozen=True, kw_only=True)
class Person:
    user_id: int
    name: str  # log-in name
    contacts: tuple[tuple[str, str], ...] = ()  # (channel, the person's own address there)


@dataclass(frozen=True, kw_only=True)
class Recipient:
    channel: str
    address: str  # "user:NAME" or "role:ROLE" on the console, else the channel's own address
    user_id: int | None = None
    because: str = field(default="", compare=False)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """An alert to be written with its deliveries: one step of one cause."""

    key: str
    cause: str
    kind: str
    level: int
    told: str  # whom it addresses, in words: 带班领导
    title: str
    text: str
    grade: str | None
    raised_at: datetime
    escalates_at: datetime | None
    priority: int
    recipients: tuple[Recipient, ...]
    wants_ack: bool
    event_id: int | None = None
    milestone_id: int | None = None
    repeat: int = 1
    assigned_to: int | None = None
    # The network channels carry it from this instant on: a low kind at night waits for morning.
    not_before: datetime | None = None
    rule: Rule | None = None  # of an escalating kind; opens the cause's escalation with it


@dataclass(frozen=True, kw_only=True)
class Step:
    """An alert already told, as far as the next step must know it (outbox.step_of makes it from its row)."""

    cause: str
    kind: str
    level: int
    title: str
    text: str
    grade: str | None
    raised_at: datetime
    event_id: int | None
    milestone_id: int | None
    repeat: int = 1  # the how-manieth time its level is told


OnDuty = Mapping[str, Sequence[Person]]  # role -> people on a shift at the moment in question


def first_steps(
    cause: str,
    kind: str,
    message: Message,
    *,
    grade: str | None,
    at: datetime,
    ladder: Ladder,
    on_duty: OnDuty,
    event_id: int | None = None,
    milestone_id: int | None = None,
) -> list[Plan]:
    """What tells of `cause` at `at`: level 1, further levels told at once, and 无人值班 where nobody is.

    Where the highest of them has nobody on duty, the next level that has somebody is told at once too.

    `cause` names the change, the same change always by the same name: "event:7:opened:1",
    "obligation:12:near-1", "source:3:silent:2026-11-23".
    """
    rule = rule_for(kind, grade, ladder)
    first = Step(
        cause=cause,
        kind=kind,
        level=rule.at_once,
        title=message.title,
        text=message.text,
        grade=grade,
        raised_at=at,
        event_id=event_id,
        milestone_id=milestone_id,
    )
    below = [_plan(replace(first, level=n), rule, ladder, on_duty, ends=True) for n in range(1, rule.at_once)]
    plans = below + _upwards(first, rule, ladder, on_duty)
    return plans + _missing_people(plans, ladder, on_duty, at)


def _upwards(step: Step, rule: Rule, ladder: Ladder, on_duty: OnDuty) -> list[Plan]:
    """`step`, and where nobody of its level is on duty, the next level that has somebody: both at once.

    Only the highest level told has somebody above it left to tell. Where no level above has anybody either, `step`
    alone is told (to its role's inbox) and escalates as usual.
    """
    here = rule.level(step.level)
    manned = manned_above(step.level, rule.levels, on_duty)
    if on_duty.get(here.role) or manned is None or not rule.escalates:
        return [_plan(step, rule, ladder, on_duty)]
    message = nobody_here(Message(step.title, step.text), here.name, manned.name, step.raised_at)
    above = _following(step, manned.n, 1, message, step.raised_at)
    return [_plan(step, rule, ladder, on_duty, ends=True), _plan(above, rule, ladder, on_duty)]


def manned_above(n: int, levels: Sequence[Level], on_duty: OnDuty) -> Level | None:
    """The lowest of `levels` above `n` that has somebody on duty."""
    return next((level for level in levels[n:] if on_duty.get(level.role)), None)


def next_step(
    step: Step, rule: Rule, ladder: Ladder, on_duty: OnDuty, at: datetime, *, why: str = ""
) -> list[Plan]:
    """What is told at `at` because `step` was not answered: the next level, or the top level once more.

    `why` replaces "nobody acknowledged" where somebody refused, or acknowledged and did nothing. Never empty for a
    kind that escalates: paging ends by evidence, an acknowledgement or a leader's word, and by nothing else.
    """
    if not rule.escalates:
        return []
    if step.level >= rule.top:
        return again(step, rule, ladder, on_duty, at, why=why)
    here, above = rule.level(step.level), rule.level(step.level + 1)
    message = escalated(Message(step.title, step.text), here.name, above.name, above.n, step.raised_at, at, why)
    plans = _upwards(_following(step, above.n, 1, message, at), rule, ladder, on_duty)
    return plans + _missing_people(plans, ladder, on_duty, at)


def again(step: Step, rule: Rule, ladder: Ladder, on_duty: OnDuty, at: datetime, *, why: str = "") -> list[Plan]:
    """The same level told once more: at the top, and when somebody had put the matter off."""
    n = step.repeat + 1
    message = repeated(Message(step.title, step.text), rule.level(step.level).name, n, step.raised_at, at, why)
    plans = [_plan(_following(step, step.level, n, message, at), rule, ladder, on_duty)]
    return plans + _missing_people(plans, ladder, on_duty, at)


def handed_on(step: Step, rule: Rule, ladder: Ladder, to: Person, why: str, at: datetime) -> list[Plan]:
    """The same level's business told to a named person, who has as long as the level to take it."""
    message = repeated(Message(step.title, step.text), to.name, step.repeat + 1, step.raised_at, at, why)
    nobody: OnDuty = {}
    plan = _plan(_following(step, step.level, step.repeat + 1, message, at), rule, ladder, nobody)
    own = [(CONSOLE, f"user:{to.name}")] + [
        (channel, address) for channel, address in to.contacts if channel in ladder.channels
    ]
    theirs = [Recipient(channel=c, address=a, user_id=to.user_id, because=HANDED) for c, a in own]
    groups = [r for r in plan.recipients if r.channel != CONSOLE and (r.channel, r.address) not in own]
    return [replace(plan, told=to.name, assigned_to=to.user_id, recipients=(*theirs, *groups))]


def told_at(step_level: int, rule: Rule, due: datetime, now: datetime) -> datetime:
    """When a step due at `due` is told, if nobody was watching until `now`.

    Each level passed is told at its own instant; of several repeats at the top only the newest: a telephone that
    rings forty times after an outage gets switched off.
    """
    if step_level < rule.top or now <= due:
        return due
    return due + (now - due) // rule.repeat * rule.repeat


def _following(step: Step, level: int, repeat: int, message: Message, at: datetime) -> Step:
    return replace(step, level=level, repeat=repeat, title=message.title, text=message.text, raised_at=at)


def stand_down_step(
    cause: str,
    message: Message,
    *,
    grade: str | None,
    at: datetime,
    told: Sequence[Recipient],
    event_id: int | None = None,
) -> list[Plan]:
    """The `met` notice to exactly those who were told before; nothing when nobody was."""
    if not told:
        return []
    return [
        Plan(
            key=f"{cause}:L1",
            cause=cause,
            kind="met",
            level=1,
            told="此前已告知的人员",
            title=message.title,
            text=message.text,
            grade=grade,
            raised_at=at,
            escalates_at=None,
            priority=priority(grade),
            recipients=tuple(replace(r, because=TOLD_BEFORE) for r in told),
            wants_ack=False,
            event_id=event_id,
        )
    ]


def _plan(step: Step, rule: Rule, ladder: Ladder, on_duty: OnDuty, *, ends: bool = False) -> Plan:
    morning = quiet_until(step.kind, step.grade, step.raised_at, ladder.quiet)
    delay = None if ends else rule.delay_after(step.level)
    return Plan(
        key=step_key(step.cause, step.level, step.repeat),
        cause=step.cause,
        kind=step.kind,
        level=step.level,
        told=rule.level(step.level).name,
        title=step.title,
        text=step.text,
        grade=step.grade,
        raised_at=step.raised_at,
        # Whom the night kept from hearing is given the whole delay in the morning.
        escalates_at=None if delay is None else (morning or step.raised_at) + delay,
        priority=priority(step.grade),
        recipients=recipients(rule.level(step.level), ladder, on_duty),
        wants_ack=rule.escalates,
        event_id=step.event_id,
        milestone_id=step.milestone_id,
        repeat=step.repeat,
        not_before=morning,
        rule=rule if rule.escalates else None,
    )


def step_key(cause: str, level: int, repeat: int) -> str:
    """"event:7:opened:1:L2", and "….L2.3" for the third time that level is told."""
    return f"{cause}:L{level}" + (f".{repeat}" if repeat > 1 else "")


def priority(grade: str | None) -> int:
    """1 may use the share of a channel kept for the gravest events (throttle.py)."""
    if grade in TOP_GRADES:
        return 1
    return 3 if grade == "较大" else 5


def recipients(level: Level, ladder: Ladder, on_duty: OnDuty) -> tuple[Recipient, ...]:
    """The inboxes of the people on duty, else the role's inbox; then, of every channel that is on, its groups and
    the people's own addresses."""
    people = on_duty.get(level.role, ())
    told = [Recipient(channel=CONSOLE, address=f"user:{p.name}", user_id=p.user_id, because=ON_SHIFT) for p in people]
    told = told or [Recipient(channel=CONSOLE, address=f"role:{level.role}", because=ROLE_INBOX)]
    for name in level.channels:
        if name in ladder.channels:
            told += [Recipient(channel=name, address=a, because=GROUP) for a in ladder.channels[name].addresses]
            told += [
                Recipient(channel=name, address=address, user_id=p.user_id, because=ON_SHIFT)
                for p in people
                for channel, address in p.contacts
                if channel == name and address not in ladder.channels[name].addresses
            ]
    return tuple(told)


def _missing_people(plans: Sequence[Plan], ladder: Ladder, on_duty: OnDuty, at: datetime) -> list[Plan]:
    """无人值班, once per shift window whichever role it was (its key holds the window's start)."""
    empty = [ladder.level(p.level) for p in plans if not on_duty.get(ladder.level(p.level).role)]
    if not empty:
        return []
    starts, ends = shift_window(at, ladder.shift_starts)
    message = nobody_on_duty(empty[0].name, starts, ends)
    # Whoever is on duty above it; with an empty rota the leader's inbox is all there is.
    manned = manned_above(empty[0].n, ladder.levels, on_duty)
    leader = manned or ladder.level(NOBODY_LEVEL)
    inbox = Recipient(channel=CONSOLE, address=f"role:{leader.role}", because=ROLE_INBOX)
    told = recipients(leader, ladder, on_duty) if manned else (inbox,)
    key = f"nobody_on_duty:{starts.astimezone(SHANGHAI).isoformat(timespec='minutes')}"
    return [
        Plan(
            key=key,
            cause=key,
            kind="nobody_on_duty",
            level=leader.n,
            told=leader.name,
            title=message.title,
            text=message.text,
            grade=None,
            raised_at=at,
            escalates_at=None,
            priority=priority(None),
            recipients=told,
            wants_ack=False,
        )
    ]


def shift_window(at: datetime, starts: Sequence[time]) -> tuple[datetime, datetime]:
    """[start, end) of the shift `at` falls in, for daily shift starts in Shanghai time."""
    local = at.astimezone(SHANGHAI)
    days = [local.date() + timedelta(days=d) for d in (-1, 0, 1)]
    moments = sorted(datetime.combine(day, start, SHANGHAI) for day in days for start in starts)
    following = next(m for m in moments if m > local)
    return moments[moments.index(following) - 1], following
