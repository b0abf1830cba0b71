"""How one cause is being told, as people and time change it: locked in one order, guarded by its version.

Whoever changes a cause takes its escalation's row first and its steps' rows after it, so that an acknowledgement and
a step that meet wait for each other, and the second sees what the first did.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F

from alerts.ladder import Ladder, Rule, rule_for, rule_json, rule_of
from alerts.models import Alert, Delivery, Escalation, Handling
from sla.engine import Unmet

Kind = Handling.Kind
SAME_CLICK = timedelta(seconds=10)


class Stale(Unmet):
    """An act made for an earlier state of the cause: it has no effect, and the text says what happened since."""

    def __init__(self, text: str) -> None:
        super().__init__(text, "version")


def lock(causes: Iterable[str]) -> dict[str, Escalation]:
    """The escalations of these causes, locked until the transaction ends, and every step of theirs with them."""
    assert transaction.get_connection().in_atomic_block
    causes = list(causes)
    found = Escalation.objects.select_for_update().filter(cause__in=causes).order_by("id")
    escalations = {e.cause: e for e in found}
    list(Alert.objects.select_for_update().filter(cause__in=causes).order_by("id").values_list("id", flat=True))
    return escalations


def opened(alert: Alert, ladder: Ladder) -> Escalation:
    """The locked escalation of an alert's cause; one told before escalations were kept gets the rule of today."""
    if found := lock([alert.cause]).get(alert.cause):
        return found
    rule = rule_for(alert.kind, alert.grade, ladder)
    made, _ = Escalation.objects.get_or_create(cause=alert.cause, defaults={"rule": rule_json(rule)})
    return lock([alert.cause])[made.cause]


def rule(escalation: Escalation) -> Rule:
    return rule_of(escalation.rule)


def head(cause: str) -> Alert:
    """The newest step of a cause: the one that runs."""
    return Alert.objects.filter(cause=cause).select_related("event").latest("id")


def refuse_stale(escalation: Escalation | None, alert: Alert, version: int | None) -> None:
    """Raise Stale unless the cause still is as it was when the button was made. None: an act that knows no version."""
    if version is None or escalation is None or version == escalation.version:
        return
    raise Stale(what_changed(alert, head(alert.cause)))


def what_changed(alert: Alert, newest: Alert) -> str:
    """Why a button of `alert` means nothing any more."""
    if newest.stood_down_at:
        return "此事项已办结或关闭，无需再处置"
    if newest.level > alert.level:
        return f"已升级至第 {newest.level} 级，此操作无效；请刷新后按现状处置"
    last = Handling.objects.filter(alert__cause=alert.cause).order_by("-id").first()
    if last and last.kind != Kind.LAPSED:
        who = last.by.get_username() if last.by else "消息链接"
        return f"此前已由 {who} {last.get_kind_display()}，此操作无效；请刷新后按现状处置"
    return f"此告警已第 {newest.repeat} 次告知，此操作无效；请刷新后按现状处置"


def acknowledge(
    alert: Alert, user: User | None, now: datetime, *, version: int | None = None
) -> Alert:
    """Mark every open step of the alert's cause as acknowledged and cancel what of it is not sent yet.

    A second acknowledgement leaves the first name and begins the time-out anew. Raises Stale when `version` is not
    the cause's any more and nobody has acknowledged meanwhile.
    """
    with transaction.atomic():
        escalation = lock([alert.cause]).get(alert.cause)
        steps = Alert.objects.filter(cause=alert.cause, acked_at=None)
        ids = list(steps.values_list("id", flat=True))
        if ids:
            refuse_stale(escalation, alert, version)
            steps.update(acked_at=now, acked_by=user)
            cancel_unsent(ids, "已确认收到", now)
        alert.refresh_from_db()
        if ids or (escalation and escalation.ack_ends_at and not _same_click(alert, now)):
            Handling.objects.create(alert=alert, kind=Kind.ACKNOWLEDGED, at=now, by=user)
        if escalation:
            timeout = rule(escalation).ack_timeout
            lasting = not timeout or alert.stood_down_at is not None or (not ids and escalation.ack_ends_at is None)
            escalation.ack_ends_at = None if lasting else now + timeout
            escalation.snoozed_until = None
            escalation.version += 1 if ids else 0
            escalation.save()
    return alert


def _same_click(alert: Alert, now: datetime) -> bool:
    latest = Handling.objects.filter(alert__cause=alert.cause, kind=Kind.ACKNOWLEDGED).order_by("-id").first()
    return latest is not None and now - latest.at < SAME_CLICK


def unacknowledge(cause: str) -> None:
    """The affair waits for an answer again, at every level that was told."""
    Alert.objects.filter(cause=cause, stood_down_at=None).update(acked_at=None, acked_by=None)


def replaced(step: Alert, now: datetime) -> None:
    """`step` has a successor: it no longer has a next instant of its own."""
    Alert.objects.filter(id=step.id).update(escalated_at=now)


def changed(escalation: Escalation, **fields: Any) -> None:
    """Write these fields and count the change: buttons made before it are stale."""
    Escalation.objects.filter(id=escalation.id).update(version=F("version") + 1, **fields)
    escalation.refresh_from_db()


def cancel_unsent(alerts: Sequence[int], reason: str, now: datetime) -> None:
    """Do not send what of these alerts is not sent; what another alert's message was to carry goes by itself then."""
    unsent = Delivery.objects.filter(alert_id__in=alerts, state__in=Delivery.UNSENT)
    ids = list(unsent.values_list("id", flat=True))
    Delivery.objects.filter(id__in=ids).update(state=Delivery.State.CANCELLED, reason=reason, settled_at=now)
    left = Delivery.objects.filter(
        carried_by_id__in=ids, state=Delivery.State.CANCELLED, alert__acked_at=None, alert__stood_down_at=None
    ).exclude(alert__cause__in=Alert.objects.filter(id__in=alerts).values("cause"))
    left.update(state=Delivery.State.WAITING, reason="", settled_at=None, carried_by=None)
