"""From what changed to the alerts that tell of it: gathers the facts, lets alerts/ find the words and the people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.contrib.auth.models import User

from alerts import messages, outbox, paging, roster
from alerts.escalation import (
    CONSOLE,
    Ladder,
    OnDuty,
    Plan,
    Recipient,
    Rule,
    again,
    first_steps,
    handed_on,
    next_step,
    rule_for,
    stand_down_step,
)
from alerts.messages import ClockNote, EventNote, Message, ReleaseNote
from alerts.models import Alert, Escalation
from alerts.roster import on_duty, on_duty_at
from analysis.models import Event, Grading
from archive.models import SavedSearch, Source
from flow.changes import Changes
from flow.placing import Batch
from flow.policy import Policy
from sla import engine
from sla.authority import sentence
from sla.models import Milestone, Obligation, Release, Sighting

TYPES = {
    "T01": "执法规范", "T02": "警务人员违纪违法", "T03": "案件侦办", "T04": "突发案事件", "T05": "交通管理",
    "T06": "窗口服务", "T07": "涉校涉未", "T08": "涉医", "T09": "羁押与非正常死亡", "T10": "群体性",
    "T11": "电诈与经济犯罪", "T12": "谣言与假通报", "T13": "自然灾害与公共安全", "T14": "涉外涉旅", "T15": "正面与服务提示",
}  # fmt: skip


def about(batch: Batch, changes: Mapping[int, Changes], policy: Policy, now: datetime) -> list[Plan]:
    """What one batch of posts has to tell: events that owe something, grades that rose, duties newly owed."""
    plans: list[Plan] = []
    for event_id, affair in batch.affairs.items():
        event, change = affair.event, changes[event_id]
        if event.jurisdiction == "elsewhere" or not (change.new or affair.changed_grade):
            continue
        if event_id in batch.opened:
            plans += opened(event, change, policy, now, affair.changed_grade) if change.new else []
        elif affair.changed_grade and affair.before and (change.new or event.grade in engine.TOP_GRADES):
            plans += regraded(event, affair.before[0], change, policy, now, affair.changed_grade)
        elif change.new:
            plans += opened(event, change, policy, now, affair.changed_grade)
    return plans


def opened(
    event: Event, change: Changes, policy: Policy, now: datetime, grading: Grading | None = None
) -> list[Plan]:
    """One alert for the event and all it owes; a second one asks the place when a grave event's is unknown."""
    note, clocks = event_note(event, grading), [clock_note(ob) for ob in change.new]
    duties = "+".join(f"{ob.duty}.{ob.rev}" for ob in change.new) or "0"
    message = messages.opened(note, clocks, now)
    plans = _first(f"event:{event.id}:opened:{duties}", "opened", message, event, policy, now, urgent=change.urgent)
    if event.jurisdiction == "unknown" and event.grade in engine.TOP_GRADES:
        asking = messages.confirm_grade(note, clocks, now)
        plans += _first(f"event:{event.id}:confirm_grade:{duties}", "confirm_grade", asking, event, policy, now)
    return plans


def regraded(
    event: Event, before: str | None, change: Changes, policy: Policy, now: datetime, grading: Grading | None = None
) -> list[Plan]:
    """The grade rose (or fell): one alert with the clocks that now run."""
    grading = grading or _latest(event)
    clocks = [clock_note(ob) for ob in change.new]
    message = messages.regraded(event_note(event, grading), before, clocks, now)
    cause = _change_of(event, now)
    return _first(cause, "regraded", message, event, policy, now, urgent=change.urgent)


def regrouped(
    event: Event, why: str, held: Sequence[Obligation], change: Changes, policy: Policy, now: datetime
) -> list[Plan]:
    """Events were merged or taken apart: one alert with the clocks that now run for this one."""
    clocks = [clock_note(ob) for ob in held if not ob.exempt_reason]
    message = messages.regrouped(event_note(event), why, clocks, now)
    cause = _change_of(event, now)
    return _first(cause, "regraded", message, event, policy, now, urgent=change.urgent)


def _change_of(event: Event, now: datetime) -> str:
    """A name of its own for each change of an event: in a replay several people may act at one instant."""
    cause = f"event:{event.id}:regraded:{event.grade}:{now:%Y%m%dT%H%M%S}"
    earlier = Alert.objects.filter(event_id=event.id, cause__startswith=cause).values("cause").distinct().count()
    return f"{cause}:{earlier + 1}" if earlier else cause


def replace_earlier(event_id: int, now: datetime) -> None:
    """What was told of the event before its grade or its clocks changed needs no answer: the new notice says it all."""
    for kind in ("opened", "regraded", "confirm_grade"):
        outbox.stand_down_cause(f"event:{event_id}:{kind}:", now)


def milestones(rows: Sequence[tuple[Obligation, Milestone]], policy: Policy) -> list[list[Plan]]:
    """What each of many moments has to tell; the rota is read once for all of them."""
    people = on_duty_at({row.at for _, row in rows})
    return [milestone(ob, row, policy, people[row.at]) for ob, row in rows]


def milestone(ob: Obligation, row: Milestone, policy: Policy, people: OnDuty) -> list[Plan]:
    """A moment of an obligation's life, told as of its own instant."""
    kind = engine.kind_of(row.code)
    words = {"near": messages.near, "missed": messages.missed, "still_missed": messages.still_missed}
    say = messages.reminder if ob.rule.get("reminder") else words[kind]
    message = say(subject_note(ob), clock_note(ob), row.at)
    cause = f"obligation:{ob.id}:{row.code}"
    if ob.rule.get("reminder"):  # no deadline has passed: whoever is on duty hears of it, no leader is woken
        policy = replace(policy, ladder=replace(policy.ladder, escalates=frozenset(), at_once={}))
    return _first(cause, kind, message, ob.event, policy, row.at, milestone_id=row.id, people=people)


def next_level(
    alert: Alert, escalation: Escalation | None, policy: Policy, at: datetime, people: OnDuty, *, why: str = ""
) -> list[Plan]:
    """The step after `alert`, told at `at`: nobody acknowledged in time, or `why` else. Follows the stored rule."""
    return next_step(outbox.step_of(alert), rule_of(alert, escalation, policy), policy.ladder, people, at, why=why)


def same_level(
    alert: Alert, escalation: Escalation, policy: Policy, at: datetime, people: OnDuty, *, why: str
) -> list[Plan]:
    """The step once more: the time it was put off for is over."""
    return again(outbox.step_of(alert), paging.rule(escalation), policy.ladder, people, at, why=why)


def handed_to(
    alert: Alert, escalation: Escalation, person: User, policy: Policy, at: datetime, *, why: str
) -> list[Plan]:
    """The step told to a named person instead of the people of its level."""
    to = roster.person(person.pk, person.get_username())
    return handed_on(outbox.step_of(alert), paging.rule(escalation), policy.ladder, to, why, at)


def rule_of(alert: Alert, escalation: Escalation | None, policy: Policy) -> Rule:
    """The rule the alert's cause follows; one told before escalations were kept follows that of today."""
    return paging.rule(escalation) if escalation else rule_for(alert.kind, alert.grade, policy.ladder)


def met(ob: Obligation, release: Release, policy: Policy, now: datetime) -> list[Plan]:
    """Stand-down: to exactly those who were told of this event or this obligation."""
    assert release.published_at and release.published_by
    note = ReleaseNote(
        title=release.title,
        channel=release.get_channel_display(),
        url=release.url,
        published_at=release.published_at,
        published_by=f"{release.published_by.get_full_name() or release.published_by.username}"
        + (f"（由{release.issuer}发布）" if release.issuer else ""),
    )
    assert ob.event
    message = messages.met(event_note(ob.event), clock_note(ob), note)
    told = outbox.heard([ob.id], ob.event_id)
    return stand_down_step(
        f"obligation:{ob.id}:met", message, grade=ob.event.grade, at=now, told=told, event_id=ob.event_id
    )


def source_silent(source: Source, now: datetime, policy: Policy) -> list[Plan]:
    message = messages.source_silent(
        source.name, source.get_state_display(), source.detail, source.last_item_at, now, code=source.code
    )
    cause = f"source:{source.id}:silent:{now:%Y%m%dT%H%M%S}"
    return first_steps(
        cause, "source_silent", message, grade=None, at=now, ladder=policy.ladder, on_duty=on_duty(now)
    )


def release_gone(row: Sighting, policy: Policy, now: datetime) -> list[Plan]:
    """A published release is no longer shown by its outlet."""
    assert row.release
    message = messages.release_gone(row.post.source.name, row.release.title, row.post.url, row.seen_at)
    return _first(f"{gone_cause(row)}{now:%Y%m%dT%H%M%S}", "system", message, row.release.event, policy, now)


def gone_cause(row: Sighting) -> str:
    return f"release:{row.release_id}:gone:{row.id}:"


def source_back(source: Source, cause: str, now: datetime) -> list[Plan]:
    """To exactly those who were told that it had stopped."""
    message = messages.source_back(source.name, source.get_state_display(), source.last_item_at, source.silent_told_at, now)
    told = outbox.heard_cause(cause)
    return stand_down_step(f"{cause}:back", message, grade=None, at=now, told=told)


def saved_search(
    row: SavedSearch, newest_hit: int, titles: Sequence[str], count: int, beyond: int, policy: Policy, now: datetime
) -> list[Plan]:
    """Hits of a topic, to its owner's inbox or to the officer on duty; nobody has to acknowledge them."""
    message = messages.saved_search(row.name, titles, count, beyond, row.most_per_day)
    cause = f"saved_search:{row.id}:{newest_hit}"
    plans = first_steps(
        cause, "saved_search", message, grade=None, at=now, ladder=policy.ladder, on_duty=on_duty(now)
    )[:1]
    if row.tells == row.Tells.OWNER:
        owner = Recipient(channel=CONSOLE, address=f"user:{row.owner.get_username()}", user_id=row.owner_id)
        plans = [replace(plan, told=row.owner.get_username(), recipients=(owner,)) for plan in plans]
    return plans


def _first(
    cause: str, kind: str, message: Message, event: Event | None, policy: Policy, at: datetime,
    milestone_id: int | None = None, urgent: str = "", people: OnDuty | None = None,
) -> list[Plan]:
    """`people`: who is on duty at `at`, where that is known. `urgent`: the notice also says that a deadline is near or
    missed, so it is told as widely as that would be."""
    return first_steps(
        cause, kind, message, grade=event.grade if event else None, at=at, ladder=_as_widely(policy.ladder, kind, urgent),
        on_duty=on_duty(at) if people is None else people, event_id=event.id if event else None, milestone_id=milestone_id,
    )  # fmt: skip


def _as_widely(ladder: Ladder, kind: str, urgent: str) -> Ladder:
    if urgent not in ladder.at_once:
        return ladder
    return replace(ladder, at_once={**ladder.at_once, kind: ladder.at_once[urgent]})


def subject_note(ob: Obligation) -> EventNote:
    """Its event; or the letter, the unit's quarter it is owed for."""
    if ob.event:
        return event_note(ob.event)
    return EventNote(title=ob.subject_title, type="", grade=None, provisional=False, jurisdiction="")


def event_note(event: Event, grading: Grading | None = None) -> EventNote:
    grading = grading or _latest(event)
    return EventNote(
        title=event.title,
        type=TYPES.get(event.type, ""),
        grade=event.grade,
        provisional=event.provisional,
        jurisdiction=event.jurisdiction,
        clause=grading.clause if grading else "",
        quotes=tuple(e["quote"] for e in grading.evidence) if grading else (),
        posts=event.posts,
        first_post_at=event.t_first_post,
        authority=tuple(
            sentence(a["who"], a["effect"], a["note"], a["law"], a["why"]) for a in event.release_authority
        ),
    )


def _latest(event: Event) -> Grading | None:
    return max(event.gradings.all(), key=lambda g: g.id, default=None)  # read beforehand where many are told


def clock_note(ob: Obligation) -> ClockNote:
    return ClockNote(
        duty=ob.duty,
        name=ob.rule["name"],
        starts_at=ob.starts_at,
        start_basis=ob.start_basis,
        due_at=ob.due_at,
        met_by=f"《{ob.release.title}》" if ob.release else "",
        met_at=ob.settled_at,
    )
