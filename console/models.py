"""What the console keeps about its people."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from analysis.models import Unit


class Profile(models.Model):
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="profile")
    must_change_password = models.BooleanField(default=False)
    # Where they work: letters are read by 办公室 and by the unit a letter was handed to.
    unit = models.ForeignKey(Unit, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
