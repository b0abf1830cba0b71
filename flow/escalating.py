"""What time does to alerts: nobody acknowledged, an acknowledgement nothing followed, the end of a postponement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from alerts import outbox, paging
from alerts.escalation import OnDuty, Plan, told_at
from alerts.messages import duration, moment
from alerts.models import Alert, Escalation, Handling
from alerts.roster import on_duty, on_duty_at
from flow import audit, handling, telling
from flow.policy import Policy
from flow.retry import retried

AT_ONCE = 100


def run(policy: Policy, now: datetime, *, held: bool, note: str = "") -> Counter[str]:
    """Everything due by `now`. Each wave may make steps that are themselves already due: after an outage every level
    passed is told. `note` is a line that each message carries."""
    counts: Counter[str] = Counter()
    while found := wave(policy, now, held=held, note=note):
        counts += found
    return counts


def wave(policy: Policy, now: datetime, *, held: bool, note: str = "") -> Counter[str]:
    """At most a hundred of each; empty when there is none."""
    return _lapsed(policy, now, held=held, note=note) + _steps(policy, now, held=held, note=note)


@retried
def _steps(policy: Policy, now: datetime, *, held: bool, note: str) -> Counter[str]:
    """One wave of steps whose time to be acknowledged has run out; empty when there is none."""
    waiting = Alert.objects.filter(
        escalates_at__lte=now, escalated_at__isnull=True, acked_at__isnull=True, stood_down_at__isnull=True
    ).order_by("escalates_at", "id")
    found = list(waiting.values_list("id", "cause")[:AT_ONCE])
    if not found:
        return Counter()
    with transaction.atomic():
        escalations = paging.lock({cause for _, cause in found})
        # Somebody may have acknowledged since: only what is locked and still open goes on.
        steps = list(waiting.select_related("event").filter(id__in=[i for i, _ in found]))
        told = {a.id: _told_at(a, escalations.get(a.cause), policy, now) for a in steps}
        people = on_duty_at(set(told.values()))
        plans: list[Plan] = []
        for alert in steps:
            at = told[alert.id]
            plans += _following(alert, escalations.get(alert.cause), policy, at, people[at])
            alert.escalated_at = at
        Alert.objects.bulk_update(steps, ["escalated_at"])
        Escalation.objects.filter(cause__in=[a.cause for a in steps]).update(snoozed_until=None)
        alerts, deliveries = outbox.write(noted(plans, note), now, replay=held)
    return Counter(alerts=alerts, deliveries=deliveries, escalated=len(found))


def _told_at(alert: Alert, escalation: Escalation | None, policy: Policy, now: datetime) -> datetime:
    """The instant at which what follows this step is told."""
    assert alert.escalates_at is not None
    rule = telling.rule_of(alert, escalation, policy)
    put_off = escalation is not None and escalation.snoozed_until is not None
    return alert.escalates_at if put_off or not rule.escalates else told_at(alert.level, rule, alert.escalates_at, now)


def _following(
    alert: Alert, escalation: Escalation | None, policy: Policy, at: datetime, people: OnDuty
) -> list[Plan]:
    if escalation and escalation.snoozed_until:
        why = f"暂缓至 {moment(at)} 已到时"
        return telling.same_level(alert, escalation, policy, at, people, why=why)
    return telling.next_level(alert, escalation, policy, at, people)


@retried
def _lapsed(policy: Policy, now: datetime, *, held: bool, note: str) -> Counter[str]:
    """Acknowledgements nothing followed in time: the affair waits for an answer again, one level up."""
    due = Escalation.objects.filter(ack_ends_at__lte=now).order_by("ack_ends_at", "id")
    causes = list(due.values_list("cause", flat=True)[:AT_ONCE])
    if not causes:
        return Counter()
    plans: list[Plan] = []
    with transaction.atomic():
        for escalation in paging.lock(causes).values():
            at = escalation.ack_ends_at
            if at is None or at > now:  # acknowledged anew while this waited for the lock
                continue
            step = paging.head(escalation.cause)
            idle = step.acked_at is not None and step.stood_down_at is None
            if idle and step.acked_at and not handling.done_since(step, step.acked_at, at):
                plans += _taken_up_again(step, escalation, policy, at)
            escalation.ack_ends_at = None
            escalation.save(update_fields=["ack_ends_at"])
        alerts, deliveries = outbox.write(noted(plans, note), now, replay=held)
    return Counter(alerts=alerts, deliveries=deliveries, lapsed=len(causes))


def noted(plans: Sequence[Plan], note: str) -> Sequence[Plan]:
    return [replace(plan, text=f"{plan.text}\n{note}") for plan in plans] if note else plans


def _taken_up_again(step: Alert, escalation: Escalation, policy: Policy, at: datetime) -> list[Plan]:
    assert step.acked_at is not None
    who = step.acked_by.get_username() if step.acked_by else "消息链接"
    why = f"{who} {moment(step.acked_at)} 确认后{duration(at - step.acked_at)}没有办理记录，确认已失效"
    Handling.objects.create(alert=step, kind=Handling.Kind.LAPSED, at=at, reason=why[:300])
    paging.unacknowledge(step.cause)
    paging.replaced(step, at)
    audit.record("engine", "alert.ack_lapsed", f"alert:{step.key}", at)
    return telling.next_level(step, escalation, policy, at, on_duty(at), why=why)
