"""Writes alerts and deliveries in the transaction of the change they tell of. Insert-only, keyed, idempotent."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from alerts import acks
from alerts.escalation import CONSOLE, Plan, Recipient, Step
from alerts.models import AckLink, Alert, Delivery
from alerts.rendering import Letter, render
from config.clock import real_now

State = Delivery.State
# Deliveries that were, or may have been, read by somebody.
HEARD = Q(state__in=[State.SENT, State.SENDING, State.UNKNOWN]) | Q(state=State.CANCELLED, attempts__gt=0)
# The alerts about an event itself; those about its obligations hang on their milestones.
EVENT_KINDS = ("opened", "regraded", "confirm_grade")
LONGEST_KEY = 200


def write(plans: Sequence[Plan], now: datetime, *, replay: bool = False) -> tuple[int, int]:
    """Write what is not yet written; how many alerts and deliveries are new.

    Runs inside the caller's transaction, the one that advances the state the plans tell of. A plan whose key
    exists is skipped whole. Console deliveries are made at once: the inbox is this table. Network ones wait for
    their sender, or are held when `replay` plays the past without sending.
    """
    assert transaction.get_connection().in_atomic_block
    by_key = {plan.key: plan for plan in plans}
    known = set(Alert.objects.filter(key__in=by_key).values_list("key", flat=True))
    fresh = {key: plan for key, plan in by_key.items() if key not in known}
    if not fresh:
        return 0, 0
    Alert.objects.bulk_create([_alert(plan) for plan in fresh.values()], ignore_conflicts=True)
    ids = dict(Alert.objects.filter(key__in=fresh).values_list("key", "id"))
    links: list[AckLink] = []
    deliveries = [
        _delivery(plan, recipient, ids[plan.key], now, replay, links)
        for plan in fresh.values()
        for recipient in plan.recipients
    ]
    AckLink.objects.bulk_create(links)
    Delivery.objects.bulk_create(deliveries, ignore_conflicts=True)
    return len(fresh), len(deliveries)


def _alert(plan: Plan) -> Alert:
    return Alert(
        key=plan.key,
        cause=plan.cause,
        kind=plan.kind,
        level=plan.level,
        event_id=plan.event_id,
        milestone_id=plan.milestone_id,
        grade=plan.grade,
        title=plan.title,
        text=plan.text,
        raised_at=plan.raised_at,
        escalates_at=plan.escalates_at,
    )


def _delivery(
    plan: Plan, recipient: Recipient, alert_id: int, now: datetime, replay: bool, links: list[AckLink]
) -> Delivery:
    """One delivery with its rendered body; the link to acknowledge by, if the body holds one, goes to `links`."""
    ack_url = ""
    if plan.wants_ack and recipient.channel != CONSOLE:
        link, ack_url = acks.new_link(alert_id, plan.raised_at)
        links.append(link)
    made = Delivery(
        key=_key(plan, recipient),
        alert_id=alert_id,
        channel=recipient.channel,
        address=recipient.address,
        user_id=recipient.user_id,
        body=render(_letter(plan, ack_url), recipient.channel),
        priority=plan.priority,
        next_try_at=real_now(),
        created_at=now,
    )
    if recipient.channel == "webhook" and recipient.user_id:
        made.body["to"] = recipient.address  # a gateway's address is the gateway: the person's number goes along
    if recipient.channel == CONSOLE:
        made.state, made.receipt, made.attempts, made.settled_at = State.SENT, "L2", 1, now
    elif replay:
        made.state, made.reason, made.settled_at = State.HELD, "replay", now
    return made


def _letter(plan: Plan, ack_url: str) -> Letter:
    page = f"/events/{plan.event_id}/" if plan.event_id else "/"
    return Letter(
        key=plan.key,
        kind=plan.kind,
        level=plan.level,
        told=plan.told,
        grade=plan.grade,
        title=plan.title,
        text=plan.text,
        raised_at=plan.raised_at,
        event_id=plan.event_id,
        page_url=settings.PUBLIC_URL.rstrip("/") + page,
        ack_url=ack_url,
        drill=settings.DRILL,
    )


def _key(plan: Plan, recipient: Recipient) -> str:
    key = f"{plan.key}:{recipient.channel}:{recipient.address}"
    if len(key) <= LONGEST_KEY:
        return key
    # Log-in names may have 150 characters; a key PostgreSQL refuses would lose the alert.
    return key[: LONGEST_KEY - 33] + ":" + hashlib.sha256(key.encode()).hexdigest()[:32]


def step_of(alert: Alert) -> Step:
    """What escalation.next_step must know of an alert's row."""
    return Step(
        cause=alert.cause,
        kind=alert.kind,
        level=alert.level,
        title=alert.title,
        text=alert.text,
        grade=alert.grade,
        raised_at=alert.raised_at,
        event_id=alert.event_id,
        milestone_id=alert.milestone_id,
    )


def heard(obligations: Iterable[int] = (), event: int | None = None) -> tuple[Recipient, ...]:
    """Who was told of these obligations' milestones, or of the event itself: whom a `met` notice is owed."""
    about = Q(alert__milestone__obligation_id__in=list(obligations))
    if event is not None:
        about |= Q(alert__event_id=event, alert__kind__in=EVENT_KINDS)
    rows = Delivery.objects.filter(HEARD & about).order_by("id").values_list("channel", "address", "user_id")
    return tuple(Recipient(channel=c, address=a, user_id=u) for c, a, u in dict.fromkeys(rows))


def stand_down_obligations(obligations: Iterable[int], now: datetime) -> int:
    """These obligations were settled or superseded: their milestones' alerts need no answer any more."""
    return _stand_down(Q(milestone__obligation_id__in=list(obligations)), now)


def stand_down_event(event: int, now: datetime) -> int:
    """The event was closed, or owes nothing any more: every alert about it needs no answer."""
    return _stand_down(Q(event_id=event), now)


def stand_down_cause(prefix: str, now: datetime) -> int:
    """For causes that are no event: "source:3:silent:" when the source speaks again."""
    return _stand_down(Q(cause__startswith=prefix), now)


def _stand_down(about: Q, now: datetime) -> int:
    """How many open alerts were stood down. What is not sent yet is cancelled; `met` notices are left alone."""
    open_ones = Alert.objects.filter(about, stood_down_at=None).exclude(kind="met")
    ids = list(open_ones.values_list("id", flat=True))
    unsent = Delivery.objects.filter(alert_id__in=ids, state__in=Delivery.UNSENT)
    unsent.update(state=State.CANCELLED, reason="事项已办结，不再发送", settled_at=now)
    return Alert.objects.filter(id__in=ids).update(stood_down_at=now)
