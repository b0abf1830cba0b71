"""The drill's people, rota and sources, put into its own database."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User

from alerts.models import Shift
from archive import approval
from archive.models import Source
from console.people import create_user
from drill.city import Outlet
from flow.roles import ROLES

PEOPLE = {
    "zhiban": "duty_officer",
    "daiban": "shift_leader",
    "zhuren": "centre_head",
    "juling": "bureau_leader",
    "fenxi": "analyst",
    "admin": "admin",
}
ON_DUTY = ("duty_officer", "shift_leader", "centre_head", "bureau_leader")
SHIFT = timedelta(hours=12)
SHIFTS = 14
POLL_S = 2.0  # real seconds between two readings of a feed


def enrol(start: datetime) -> list[tuple[str, str, str]]:
    """Make everybody, with one password for all of this drill, and a rota of a week: (name, role in Chinese, password)."""
    password = f"yanlian-{secrets.token_hex(3)}"
    ids = {name: create_user(name, role, None).pk for name, role in PEOPLE.items()}
    # Hashed once for all of them: six times would keep the first page waiting for seconds.
    User.objects.filter(pk__in=ids.values()).update(password=make_password(password))
    _rota(ids, start - timedelta(hours=1))
    return [(name, ROLES[role], password) for name, role in PEOPLE.items()]


def _rota(ids: dict[str, int], begin: datetime) -> None:
    Shift.objects.bulk_create(
        Shift(user_id=ids[name], role=role, starts_at=begin + n * SHIFT, ends_at=begin + (n + 1) * SHIFT)
        for name, role in PEOPLE.items()
        if role in ON_DUTY
        for n in range(SHIFTS)
    )


def approve(outlets: Sequence[Outlet], speed: float, now: datetime) -> None:
    """The city's outlets become the only sources, approved by the drill: it reads nothing outside this machine."""
    Source.objects.all().delete()
    for outlet in outlets:
        source = Source.objects.create(
            name=outlet.feed.name,
            kind=Source.Kind.FEED,
            outlet=outlet.feed.outlet,
            url=f"{outlet.url}/feed",
            home="西安",
            interval_s=max(1, round(POLL_S * speed)),
            purpose="演练",
            legal_basis="演练用的虚构信源，只在本机",
        )
        approval.give(approval.ask(source, "演练", approval.FIRST, now), "演练导调", now, None)
