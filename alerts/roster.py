"""The rota: who is on duty at an instant."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from alerts.escalation import Person
from alerts.models import Shift


def on_duty(at: datetime) -> dict[str, list[Person]]:
    """Role -> the people whose shift holds `at` (a shift ends the moment the next begins). One query."""
    people: dict[str, list[Person]] = defaultdict(list)
    shifts = Shift.objects.filter(starts_at__lte=at, ends_at__gt=at, user__is_active=True)
    rows = shifts.order_by("starts_at", "id").values_list("role", "user_id", "user__username")
    for role, user_id, name in rows:
        person = Person(user_id=user_id, name=name)
        if person not in people[role]:
            people[role].append(person)
    return dict(people)
