"""The console's own inbox: alerts of a person's level, or addressed to the person or a role the person holds."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, Exists, OuterRef, Q, QuerySet, When

from alerts.escalation import CONSOLE, FINAL_KINDS
from alerts.models import Alert, Delivery
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
    rows = awaiting(user).select_related("event").order_by(notice, gravity, "raised_at", "level")
    newest: dict[str, Alert] = {}
    for alert in rows[: SHOWN * 4]:
        newest[alert.cause] = alert
    return list(newest.values())[:SHOWN]
