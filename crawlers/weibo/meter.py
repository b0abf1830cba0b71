"""Calls counted before they are made, per token and local day: a killed child cannot call for free."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.db.models import F

from crawlers.models import CallCount


def used(meter: str, day: date) -> int:
    return CallCount.objects.filter(meter=meter, day=day).values_list("used", flat=True).first() or 0


def take(meter: str, day: date, limit: int) -> bool:
    """One call of the day's `limit`, if there is one left. Two processes together never take more."""
    with transaction.atomic():
        CallCount.objects.get_or_create(meter=meter, day=day)
        return CallCount.objects.filter(meter=meter, day=day, used__lt=limit).update(used=F("used") + 1) == 1
