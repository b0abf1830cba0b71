"""The console's own inbox: alerts of a person's level, or addressed to the person or a role the person holds."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, Exists, OuterRef, Q, QuerySet, When

from alerts import paging
from alerts.escalation import CONSOLE, FINAL_KINDS
from alerts.models import Alert, Delivery, Escalation
from console.permissions import roles_of
from console.words import LEVEL_ROLES
from flow.contacts import PREFIX as CONTACT_TEST
from sla.engine import GRADES

SHOWN = 50


def awaiting(user: Any) -> QuerySet[Alert]:
    """Unacknowledged alerts that still stand, for this person.

    By level as well as by address: what was addressed to the officer of the last shift is the next one's to take.
    """
    standing = Alert.objects.filter(acked_at__isnull=True, stood_down_at__isnull=True)
    standing = standing.exclude(cause__startswith=CONTACT_TEST)  # those ask for nothing
    roles = roles_of(user)
    levels = [n for n, role in enumerate(LEVEL_ROLES, 1) if role in roles]
    addresses = [f"role:{role}" for role in roles] + [f"user:{user.get_username()}"]
    mine = Delivery.objects.filter(alert_id=OuterRef("pk"), channel=CONSOLE, address__in=addresses)
    # A topic's hits are for whom they name: its owner, or the officer on duty.
    return standing.filter(Q(level__in=levels) & ~Q(kind="saved_search") | Exists(mine))


def count(user: Any) -> int:
    """How many affairs wait for this person (several steps of one cause are one)."""
    if not user.is_authenticated:
        return 0
    return awaiting(user).exclude(kind__in=FINAL_KINDS).values("cause").distinct().count()


def listed(user: Any) -> list[Alert]:
    """The newest step of each cause, so that one affair is one row however far it escalated.

    What asks for an answer before mere notices, the gravest first, then the oldest. Sorted by the database: a flood of
    small alerts must not push a grave one out of the list.
    """
    notice = Case(When(kind__in=FINAL_KINDS, then=1), default=0)
    gravity = Case(*(When(grade=grade, then=n) for n, grade in enumerate(GRADES)), default=len(GRADES))
    # A level told again and again is one row, its newest: forty repeats must not fill the list.
    again = Alert.objects.filter(cause=OuterRef("cause"), level=OuterRef("level"), id__gt=OuterRef("pk"))
    rows = awaiting(user).exclude(Exists(again)).select_related("event", "assigned_to")
    rows = rows.order_by(notice, gravity, "raised_at", "level")
    newest: dict[str, Alert] = {}
    for alert in rows[: SHOWN * 4]:
        newest[alert.cause] = alert
    return with_escalations(list(newest.values())[:SHOWN])


def with_escalations(alerts: list[Alert]) -> list[Alert]:
    """Each with what its buttons and its next line need: `version`, and `next_name`, the level told next."""
    found = {e.cause: e for e in Escalation.objects.filter(cause__in=[a.cause for a in alerts])}
    for alert in alerts:
        escalation = found.get(alert.cause)
        rule = paging.rule(escalation) if escalation else None
        alert.version = escalation.version if escalation else ""  # type: ignore[attr-defined]
        alert.next_name = rule.level(min(alert.level + 1, rule.top)).name if rule else ""  # type: ignore[attr-defined]
        alert.at_top = bool(rule and alert.level >= rule.top)  # type: ignore[attr-defined]
    return alerts
