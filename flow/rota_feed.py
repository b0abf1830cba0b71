"""A person's calendar feed (ICS): own shifts and running deadlines, behind an address only that person has."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from icalendar import Calendar, Event

from alerts.escalation import Ladder
from alerts.models import CalendarKey
from alerts.roster import duties_in
from flow import audit
from flow.rota import names_of
from sla.models import Obligation

BACK, AHEAD = timedelta(days=7), timedelta(days=60)
MOST_DEADLINES = 200
REFRESH = timedelta(minutes=15)


def make_key(user: User, now: datetime) -> str:
    """A new secret for the user's feed, shown once; the old address stops working."""
    secret = secrets.token_urlsafe(24)
    with transaction.atomic():
        made = {"secret_hash": _hash(secret), "made_at": now}
        CalendarKey.objects.update_or_create(user=user, defaults=made)
        audit.record(user.get_username(), "calendar_key.made", f"user:{user.pk}", now)
    return secret


def revoke(user: User, by: User, now: datetime) -> bool:
    """Close the feed; False when there was none."""
    with transaction.atomic():
        gone, _ = CalendarKey.objects.filter(user=user).delete()
        if gone:
            audit.record(by.get_username(), "calendar_key.revoked", f"user:{user.pk}", now)
    return gone > 0


def owner(secret: str) -> User | None:
    """Whose feed this secret opens: nobody's when it was revoked or the account is no longer in use."""
    key = CalendarKey.objects.filter(secret_hash=_hash(secret), user__is_active=True).select_related("user").first()
    return key.user if key else None


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def feed(user: User, ladder: Ladder, now: datetime) -> bytes:
    """The user's shifts with colleagues' names, and for whoever stands on the ladder the running deadlines.

    Deadlines carry duty, grade and number of the event, never its title: an address may be passed on.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Huiying//Rota//ZH")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "值班与时限")
    calendar.add("x-wr-timezone", "Asia/Shanghai")
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    for event in (*_shifts(user, ladder, now), *_deadlines(user, ladder, now)):
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _shifts(user: User, ladder: Ladder, now: datetime) -> list[Event]:
    names = names_of()
    levels = {level.role: level.name for level in ladder.levels}
    duties = duties_in(now - BACK, now + AHEAD)
    found = []
    for duty in (d for d in duties if d.user == user.pk):
        beside = {d.user for d in duties if d.starts_at < duty.ends_at and d.ends_at > duty.starts_at} - {user.pk}
        uid = f"shift-{duty.role}-{duty.user}-{duty.starts_at.astimezone(UTC):%Y%m%dT%H%MZ}"
        event = _event(uid, f"值班：{levels.get(duty.role, duty.role)}", duty.starts_at, duty.ends_at, now)
        if beside:
            event.add("description", "同时在岗：" + "、".join(sorted(names.get(u, "") for u in beside)))
        found.append(event)
    return found


def _deadlines(user: User, ladder: Ladder, now: datetime) -> list[Event]:
    roles = [level.role for level in ladder.levels]
    if not user.groups.filter(name__in=roles).exists():
        return []
    running = Obligation.objects.filter(settled_at=None, superseded_at=None, exempt_reason="").select_related("event")
    found = []
    for ob in running.order_by("due_at")[:MOST_DEADLINES]:
        about = f"（{ob.event.grade or '未定级'}，事件 {ob.event_id}）" if ob.event else ""
        what = f"{ob.duty} {ob.rule['name']}截止{about}"
        event = _event(f"due-{ob.pk}", what, ob.due_at - timedelta(minutes=15), ob.due_at, now)
        if ob.event:
            event.add("url", f"{settings.PUBLIC_URL.rstrip('/')}/events/{ob.event_id}/")
        found.append(event)
    return found


def _event(uid: str, summary: str, starts: datetime, ends: datetime, now: datetime) -> Event:
    event = Event()
    event.add("uid", f"{uid}@huiying")
    event.add("dtstamp", now)
    event.add("dtstart", starts.astimezone(UTC))  # in UTC: no reader has to know a zone
    event.add("dtend", ends.astimezone(UTC))
    event.add("summary", summary)
    return event
