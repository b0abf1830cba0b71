"""People with a log-in: making them, and the first administrator."""

from __future__ import annotations

import secrets

from django.contrib.auth.models import Group, User
from django.db import transaction

from analysis.models import Unit
from console.models import Profile
from flow.roles import ROLES


def create_user(
    name: str, role: str, password: str | None, *, must_change: bool = False, unit: Unit | None = None
) -> User:
    """A user with one role; without a password nobody can log in as them yet.

    Raises ValueError when the role is unknown or the name taken.
    """
    if role not in ROLES:
        raise ValueError(f"unknown role {role}; known: {', '.join(ROLES)}")
    if User.objects.filter(username=name).exists():
        raise ValueError(f"user {name} exists already")
    with transaction.atomic():
        user = User.objects.create_user(name, password=password)
        user.groups.add(Group.objects.get(name=role))
        Profile.objects.create(user=user, must_change_password=must_change, unit=unit)
    return user


def unit_of(user: User) -> Unit | None:
    """Where this person works; None when nobody has said so."""
    profile = Profile.objects.filter(user=user).select_related("unit").first()
    return profile.unit if profile else None


def first_administrator() -> str | None:
    """Make the user `admin` when nobody exists yet; its password, to be changed at first log-in, or None."""
    if User.objects.exists():
        return None
    password = secrets.token_urlsafe(9)
    create_user("admin", "admin", password, must_change=True)
    return password
