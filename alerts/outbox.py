"""Writes alerts and deliveries in the transaction of the change they tell of. Insert-only, keyed, idempotent."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from alerts import acks, paging
from alerts.escalation import CONSOLE, REPLACES, Plan, Recipient, Step
from alerts.ladder import Ladder, rule_json
from alerts.messages import moment
from alerts.models import AckLink, Alert, Delivery, Escalation
from alerts.rendering import Letter, render
from config import clock

State = Delivery.State
_READ = Q(state__in=[State.SENT, State.SENDING, State.UNKNOWN])
# Deliveries that were, or may have been, read by somebody: themselves, or as a part of another's message.
HEARD = (
    _READ
    | Q(state=State.CANCELLED, attempts__gt=0)
    | Q(carried_by__state__in=[State.SENT, State.SENDING, State.UNKNOWN])
)
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
    _escalations(fresh.values())
    Alert.objects.bulk_create([_alert(plan) for plan in fresh.values()], ignore_conflicts=True)
    ids = dict(Alert.objects.filter(key__in=fresh).values_list("key", "id"))
    links: list[AckLink] = []
    carriers = {} if replay else _carriers(list(fresh.values()))
    deliveries = [
        _delivery(plan, recipient, ids[plan.key], now, replay, links, carriers)
        for plan in fresh.values()
        for recipient in plan.recipients
    ]
    AckLink.objects.bulk_create(links)
    Delivery.objects.bulk_create(deliveries, ignore_conflicts=True)
    _link_carried(carriers)
    return len(fresh), len(deliveries)


def _escalations(plans: Iterable[Plan]) -> None:
    """Open the escalation of each new cause with its copy of the rule; a further step counts its version up."""
    rules = {plan.cause: plan.rule for plan in plans if plan.rule}
    if not rules:
        return
    known = set(Escalation.objects.filter(cause__in=rules).values_list("cause", flat=True))
    new = [Escalation(cause=c, rule=rule_json(rule)) for c, rule in rules.items() if c not in known]
    Escalation.objects.bulk_create(new, ignore_conflicts=True)
    Escalation.objects.filter(cause__in=known).update(version=F("version") + 1)


# Per event, channel and address: the plan whose message speaks for the others of the same moment.
Carriers = Mapping[tuple[int, str, str], tuple[Plan, list[Plan]]]


def _carriers(plans: Sequence[Plan]) -> Carriers:
    """Of several alerts of one event for one network address the gravest makes the message, the others ride along."""
    groups: dict[tuple[int, str, str], list[Plan]] = defaultdict(list)
    for plan in plans:
        if plan.event_id and plan.not_before is None:
            for r in plan.recipients:
                if r.channel != CONSOLE:
                    groups[plan.event_id, r.channel, r.address].append(plan)
    found = {}
    for place, several in groups.items():
        if len(several) > 1:
            first = min(several, key=lambda p: (p.priority, not p.wants_ack, -p.level))
            found[place] = (first, [p for p in several if p is not first])
    return found


def _link_carried(carriers: Carriers) -> None:
    keys = {
        _key(plan, channel, address): _key(first, channel, address)
        for (_, channel, address), (first, others) in carriers.items()
        for plan in others
    }
    rows = {row.key: row for row in Delivery.objects.filter(key__in=[*keys, *keys.values()])}
    for key, carrier in keys.items():
        rows[key].carried_by = rows[carrier]
    Delivery.objects.bulk_update([rows[key] for key in keys], ["carried_by"])


def _alert(plan: Plan) -> Alert:
    return Alert(
        key=plan.key,
        cause=plan.cause,
        kind=plan.kind,
        level=plan.level,
        repeat=plan.repeat,
        assigned_to_id=plan.assigned_to,
        event_id=plan.event_id,
        milestone_id=plan.milestone_id,
        grade=plan.grade,
        title=plan.title,
        text=plan.text,
        raised_at=plan.raised_at,
        escalates_at=plan.escalates_at,
    )


def _delivery(
    plan: Plan, recipient: Recipient, alert_id: int, now: datetime, replay: bool, links: list[AckLink], carriers: Carriers
) -> Delivery:
    """One delivery with its rendered body; the link to acknowledge by, if the body holds one, goes to `links`."""
    ack_url = ""
    if plan.wants_ack and recipient.channel != CONSOLE:
        link, ack_url = acks.new_link(alert_id, plan.raised_at)
        link.delivery_key = _key(plan, recipient.channel, recipient.address)
        links.append(link)
    first, others = carriers.get((plan.event_id or 0, recipient.channel, recipient.address), (plan, []))
    real = clock.real_now()
    made = Delivery(
        key=_key(plan, recipient.channel, recipient.address),
        alert_id=alert_id,
        channel=recipient.channel,
        address=recipient.address,
        user_id=recipient.user_id,
        because=recipient.because,
        body=render(_letter(plan, ack_url, others if first is plan else ()), recipient.channel),
        priority=plan.priority,
        next_try_at=real,
        created_at=now,
    )
    if recipient.channel == "webhook" and recipient.user_id:
        made.body["to"] = recipient.address  # a gateway's address is the gateway: the person's number goes along
    if recipient.channel == CONSOLE:
        made.state, made.receipt, made.attempts, made.settled_at = State.SENT, "L2", 1, now
    elif replay:
        made.state, made.reason, made.settled_at = State.HELD, "replay", now
    elif first is not plan:
        made.state, made.settled_at = State.CANCELLED, now
        made.reason = f"同一事件同时有多件告警，已并入一条消息：{first.key}"
    elif plan.not_before and plan.not_before > now:
        made.next_try_at = real + (plan.not_before - now) / clock.speed()
        made.reason = f"夜间免打扰，{moment(plan.not_before)} 起发送"
    return made


def _letter(plan: Plan, ack_url: str, others: Sequence[Plan]) -> Letter:
    page = f"/events/{plan.event_id}/" if plan.event_id else "/"
    # Steps of the same cause say the same; of other causes the title is enough, the page has the rest.
    told = dict.fromkeys([*(p.told for p in others if p.cause == plan.cause), plan.told])
    more = dict.fromkeys(p.title for p in others if p.cause != plan.cause)
    return Letter(
        key=plan.key,
        kind=plan.kind,
        level=plan.level,
        told="、".join(told),
        grade=plan.grade,
        title=plan.title,
        text="\n".join([plan.text, *(f"同时告知（请在系统内另行确认）：{title}" for title in more)]),
        raised_at=plan.raised_at,
        event_id=plan.event_id,
        page_url=settings.PUBLIC_URL.rstrip("/") + page,
        ack_url=ack_url,
        drill=settings.DRILL,
    )


def _key(plan: Plan, channel: str, address: str) -> str:
    key = f"{plan.key}:{channel}:{address}"
    if len(key) <= LONGEST_KEY:
        return key
    # Log-in names may have 150 characters; a key PostgreSQL refuses would lose the alert.
    return key[: LONGEST_KEY - 33] + ":" + hashlib.sha256(key.encode()).hexdigest()[:32]


def add(
    alert: Alert, recipients: Sequence[Recipient], ladder: Ladder, now: datetime, *, instead_of: Delivery, why: str
) -> int:
    """Further deliveries of an alert already told: the replacement of one that did not arrive. How many are new."""
    assert transaction.get_connection().in_atomic_block
    plan = Plan(
        key=alert.key, cause=alert.cause, kind=alert.kind, level=alert.level, told=ladder.level(alert.level).name,
        title=alert.title, text=alert.text, grade=alert.grade, raised_at=alert.raised_at,
        repeat=alert.repeat, escalates_at=alert.escalates_at, priority=instead_of.priority, recipients=tuple(recipients),
        wants_ack=alert.kind in ladder.escalates, event_id=alert.event_id, milestone_id=alert.milestone_id,
    )  # fmt: skip
    known = set(Delivery.objects.filter(alert=alert).values_list("key", flat=True))
    links: list[AckLink] = []
    fresh = [r for r in plan.recipients if _key(plan, r.channel, r.address) not in known]
    made = [_delivery(plan, r, alert.id, now, False, links, {}) for r in fresh]
    for delivery in made:
        delivery.because, delivery.instead_of, delivery.instead_why = REPLACES, instead_of, why[:300]
    keys = {delivery.key for delivery in made}
    AckLink.objects.bulk_create([link for link in links if link.delivery_key in keys])
    Delivery.objects.bulk_create(made, ignore_conflicts=True)
    return len(made)


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
        repeat=alert.repeat,
    )


def heard(obligations: Iterable[int] = (), event: int | None = None) -> tuple[Recipient, ...]:
    """Who was told of these obligations' milestones, or of the event itself: whom a `met` notice is owed."""
    about = Q(alert__milestone__obligation_id__in=list(obligations))
    if event is not None:
        about |= Q(alert__event_id=event, alert__kind__in=EVENT_KINDS)
    rows = Delivery.objects.filter(HEARD & about).order_by("id").values_list("channel", "address", "user_id")
    return tuple(Recipient(channel=c, address=a, user_id=u) for c, a, u in dict.fromkeys(rows))


def heard_cause(cause: str) -> tuple[Recipient, ...]:
    """Who was told of one cause that is no event."""
    rows = Delivery.objects.filter(HEARD, alert__cause=cause).order_by("id").values_list("channel", "address", "user_id")
    return tuple(Recipient(channel=c, address=a, user_id=u) for c, a, u in dict.fromkeys(rows))


def stand_down_obligations(obligations: Iterable[int], now: datetime) -> int:
    """These obligations were settled or superseded: their milestones' alerts need no answer any more."""
    return _stand_down(Q(milestone__obligation_id__in=list(obligations)), now)


def stand_down_earlier(obligations: Iterable[int], now: datetime) -> int:
    """A later moment of these obligations is told now: it takes the place of what was told of them before."""
    about = Q(milestone__obligation_id__in=list(obligations))
    return _stand_down(about, now, "已由同一时限的后一次告警取代")


def stand_down_event(event: int, now: datetime) -> int:
    """The event was closed, or owes nothing any more: every alert about it needs no answer."""
    return _stand_down(Q(event_id=event), now)


def stand_down_cause(prefix: str, now: datetime) -> int:
    """For causes that are no event: "source:3:silent:" when the source speaks again."""
    return _stand_down(Q(cause__startswith=prefix), now)


def close_cause(cause: str, now: datetime) -> int:
    """A leader closed this one cause."""
    return _stand_down(Q(cause=cause), now, "已由领导关闭，不再发送")


def _stand_down(about: Q, now: datetime, reason: str = "事项已办结，不再发送") -> int:
    """How many open alerts were stood down. What is not sent yet is cancelled; `met` notices are left alone."""
    open_ones = Alert.objects.filter(about, stood_down_at=None).exclude(kind="met")
    with transaction.atomic():
        # A step being written at this moment is waited for, and stood down too.
        causes = list(open_ones.values_list("cause", flat=True).distinct())
        paging.lock(causes)
        ids = list(open_ones.values_list("id", flat=True))
        Alert.objects.filter(id__in=ids).update(stood_down_at=now)
        paging.cancel_unsent(ids, reason, now)
        Escalation.objects.filter(cause__in=causes).update(version=F("version") + 1, ack_ends_at=None, snoozed_until=None)
        return len(ids)
