"""Reads the rows of one cause and lets alerts/explain.py say why, what next and why not (`why`, the alert's page)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from alerts import explain, paging
from alerts.escalation import OnDuty, recipients
from alerts.explain import Coming, Facts, Someone, StepFacts, Told
from alerts.ladder import Ladder, Level, Rule, rule_for
from alerts.models import Alert, Delivery, Escalation, Handling
from alerts.roster import on_duty_at
from config.clock import shanghai


def steps_of(cause: str) -> Sequence[Alert]:
    """The cause's alerts in the order they were told, with what their explanation needs."""
    rows = Alert.objects.filter(cause=cause).order_by("id")
    return list(rows.select_related("acked_by", "assigned_to", "event").prefetch_related("deliveries__user"))


def facts_of(steps: Sequence[Alert], escalation: Escalation | None, ladder: Ladder) -> Facts:
    head = steps[-1]
    rule = paging.rule(escalation) if escalation else rule_for(head.kind, head.grade, ladder)
    return Facts(
        rule=_wide_enough(rule, max(s.level for s in steps), head, ladder),
        steps=tuple(_step(s) for s in steps),
        acked_at=head.acked_at,
        acked_by=head.acked_by.get_username() if head.acked_by else "",
        ack_ends_at=escalation.ack_ends_at if escalation else None,
        snoozed_until=escalation.snoozed_until if escalation else None,
        closed_at=escalation.closed_at if escalation else None,
        stood_down_at=head.stood_down_at,
    )


def _wide_enough(rule: Rule, level: int, head: Alert, ladder: Ladder) -> Rule:
    """Notices such as 无人值班 go to a level above their rule's: it is named all the same."""
    if level <= rule.top:
        return rule
    return replace(rule, levels=ladder.levels[:level])


def _step(alert: Alert) -> StepFacts:
    return StepFacts(
        level=alert.level,
        repeat=alert.repeat,
        raised_at=alert.raised_at,
        escalates_at=alert.escalates_at if alert.escalated_at is None else None,
        handed_to=alert.assigned_to.get_username() if alert.assigned_to else None,
        told=tuple(_told(d) for d in alert.deliveries.all()),
    )


def _told(d: Delivery) -> Told:
    name = d.user.get_username() if d.user else None
    return Told(channel=d.channel, address=d.address, user=name, because=d.because, state=d.state, reason=d.reason)


def explained(alert: Alert, ladder: Ladder, now: datetime, user: User | None = None) -> dict[str, Any]:
    """All of it as data (commands.md style): why, next, then, and with `user` whether and why not."""
    steps = steps_of(alert.cause)
    escalation = Escalation.objects.filter(cause=alert.cause).first()
    facts = facts_of(steps, escalation, ladder)
    following = explain.coming(facts)
    then = explain.foresee(facts.rule, following.level, following.at) if following.level and following.at else []
    ahead = coming_json([following, *then[1:]], facts.rule, ladder, now)
    answer = {
        "key": alert.key,
        "cause": alert.cause,
        "kind": alert.kind,
        "event": alert.event_id,
        "level": steps[-1].level,
        "state": explain.state(facts),
        "version": escalation.version if escalation else None,
        "policy": facts.rule.edition,
        "why": [
            {
                "key": row.key,
                "level": step.level,
                "at": shanghai(step.raised_at),
                "channel": told.channel,
                "address": told.address,
                "user": told.user,
                "because": explain.why_told(step, told, facts.rule),
                "state": told.state,
                "reason": told.reason,
            }
            for row, step in zip(steps, facts.steps, strict=True)
            for told in step.told
        ],
        "next": {**ahead[0], "text": explain.WORDS[following.what]},
        "then": ahead[1:],
        "handled": [handled_json(h) for h in handlings(alert.cause)],
    }
    if user is not None:
        answer["user"] = _asked(facts, steps, user, now)
    return answer


def of_event(event_id: int, ladder: Ladder, now: datetime) -> list[dict[str, Any]]:
    """Every cause of an event that waits for an answer or has one: where it stands and what comes next."""
    rows = Alert.objects.filter(event_id=event_id, stood_down_at=None).order_by("id").values_list("cause", "id")
    heads = dict(rows)
    found = [explained(a, ladder, now) for a in Alert.objects.filter(id__in=heads.values()).order_by("id")]
    return [{name: a[name] for name in ("key", "kind", "level", "state", "version", "policy", "next")} for a in found]


def _asked(facts: Facts, steps: Sequence[Alert], user: User, now: datetime) -> dict[str, Any]:
    who = someone(user, [s.raised_at for s in steps])
    told = explain.was_told(facts, who)
    return {
        "name": who.name,
        "told": bool(told),
        "because": [explain.why_told(step, t, facts.rule) for step, t in told] or explain.why_not(facts, who, now),
    }


def someone(user: User, instants: Sequence[datetime]) -> Someone:
    shifts: Mapping[datetime, OnDuty] = on_duty_at(set(instants))
    on_shift = tuple(any(p.user_id == user.pk for people in shifts[at].values() for p in people) for at in instants)
    roles = frozenset(user.groups.values_list("name", flat=True))
    return Someone(name=user.get_username(), active=user.is_active, roles=roles, on_shift=on_shift)


def coming_json(steps: Sequence[Coming], rule: Rule, ladder: Ladder, now: datetime) -> list[dict[str, Any]]:
    """Steps to come, each with the people whom the rota as it now is would have told; the rota is read once."""
    people = on_duty_at({c.at for c in steps if c.at})
    return [
        {
            "what": c.what,
            "at": shanghai(c.at),
            "in_seconds": explain.in_seconds(c.at, now),
            "level": c.level,
            "told": c.name,
            "to": _to(rule.level(c.level), ladder, people[c.at]) if c.level and c.at else [],
        }
        for c in steps
    ]


def _to(level: Level, ladder: Ladder, people: OnDuty) -> list[dict[str, str]]:
    return [{"channel": r.channel, "address": r.address} for r in recipients(level, ladder, people)]


def handlings(cause: str) -> Sequence[Handling]:
    return list(Handling.objects.filter(alert__cause=cause).select_related("by", "to", "alert").order_by("id"))


def handled_json(h: Handling) -> dict[str, Any]:
    return {
        "at": shanghai(h.at),
        "what": h.kind,
        "by": h.by.get_username() if h.by else None,
        "to": h.to.get_username() if h.to else None,
        "reason": h.reason,
        "until": shanghai(h.until),
    }
