"""The rota's tables as values, and who is on duty at an instant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from alerts import models, rota
from alerts.escalation import Person
from alerts.rota import Duty, Rota
from sla.calendar import Calendar
from sla.policy import load_calendar


def workday(day: date) -> bool:
    """By config/calendar.toml; Monday to Friday in years nobody has entered."""
    calendar = _calendar(settings.POLICY)
    return calendar.is_working_day(day) if day.year in calendar.years else rota.weekdays_only(day)


@cache
def _calendar(folder: Path) -> Calendar:
    """As this process first read it: policy files count from the next start."""
    return load_calendar(folder)


def on_duty(at: datetime) -> dict[str, list[Person]]:
    """Role -> the people on duty at `at` with their own addresses. A bounded number of small queries."""
    return on_duty_at([at])[at]


def on_duty_at(instants: Collection[datetime]) -> dict[datetime, dict[str, list[Person]]]:
    """The same for each of many instants, by no more queries."""
    if not instants:
        return {}
    resolved = duties_in(min(instants), max(instants) + timedelta(microseconds=1))
    duties = {at: rota.at(resolved, at) for at in instants}
    ids = {d.user for found in duties.values() for d in found}
    names = dict(get_user_model().objects.filter(id__in=ids).values_list("id", "username"))
    reach: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for user_id, channel, address in _contacts(ids):
        reach[user_id].append((channel, address))
    return {at: _people(found, names, reach) for at, found in duties.items()}


def _people(
    duties: Sequence[Duty], names: Mapping[int, str], reach: Mapping[int, list[tuple[str, str]]]
) -> dict[str, list[Person]]:
    people: dict[str, list[Person]] = defaultdict(list)
    for duty in duties:
        person = Person(user_id=duty.user, name=names[duty.user], contacts=tuple(reach.get(duty.user, ())))
        if person not in people[duty.role]:
            people[duty.role].append(person)
    return dict(people)


def person(user_id: int, name: str) -> Person:
    """Somebody named by hand, with their own addresses, on duty or not."""
    contacts = tuple((channel, address) for _, channel, address in _contacts({user_id}))
    return Person(user_id=user_id, name=name, contacts=contacts)


def _contacts(ids: set[int]) -> QuerySet[models.Contact, tuple[int, str, str]]:
    rows = models.Contact.objects.filter(user_id__in=ids).order_by("id")
    return rows.values_list("user_id", "channel", "address")


def duties_in(starts: datetime, ends: datetime) -> list[Duty]:
    """Who is on duty in [starts, ends), by the whole rota."""
    return rota.resolve(load(starts, ends), starts, ends, workday)


def load(starts: datetime, ends: datetime) -> Rota:
    """Everything of the tables that touches [starts, ends)."""
    touching = Q(starts_at__lt=ends, ends_at__gt=starts)
    rotations = [rotation_of(row) for row in models.Rotation.objects.order_by("id")]
    shifts = [shift_of(row) for row in models.Shift.objects.filter(touching).order_by("starts_at", "id")]
    covers = [cover_of(row) for row in models.Cover.objects.filter(touching).order_by("id")]
    if not (rotations or shifts or covers):
        return Rota()
    return Rota(
        rotations=tuple(rotations),
        shifts=tuple(shifts),
        covers=tuple(covers),
        leaves=tuple(leave_of(row) for row in models.Leave.objects.filter(touching)),
        people=frozenset(get_user_model().objects.filter(is_active=True).values_list("id", flat=True)),
    )


def rotation_of(row: models.Rotation) -> rota.Rotation:
    return rota.Rotation(
        id=row.pk or 0,
        role=row.role,
        name=row.name,
        people=tuple(row.people),
        blocks=blocks_of(row.blocks),
        first_day=row.first_day,
        last_day=row.last_day,
        weekdays=frozenset(int(d) for d in row.weekdays),
        days=row.days,
        turn=row.turn,
        every=row.every,
        handoff=row.handoff,
    )


def blocks_of(pairs: Sequence[Sequence[str | float]]) -> tuple[rota.Block, ...]:
    return tuple(
        rota.Block(start=time.fromisoformat(str(start)), length=timedelta(hours=float(hours)))
        for start, hours in pairs
    )


def shift_of(row: models.Shift) -> Duty:
    return Duty(
        role=row.role, user=row.user_id, starts_at=row.starts_at, ends_at=row.ends_at, origin="shift",
        origin_id=row.pk or 0,
    )  # fmt: skip


def cover_of(row: models.Cover) -> rota.Cover:
    return rota.Cover(
        id=row.pk or 0, role=row.role, user=row.user_id, replaces=row.replaces_id, starts_at=row.starts_at,
        ends_at=row.ends_at,
    )  # fmt: skip


def leave_of(row: models.Leave) -> rota.Leave:
    return rota.Leave(user=row.user_id, starts_at=row.starts_at, ends_at=row.ends_at)
