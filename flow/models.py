"""Outcomes, rounds, leases and the audit chain."""

from __future__ import annotations

from django.db import models

from analysis.models import Event
from archive.models import Post


class Outcome(models.Model):
    """Every post has exactly one fate."""

    class Kind(models.TextChoices):
        JOINED = "joined", "并入事件"
        OPENED = "opened", "新开事件"
        NOT_RELEVANT = "not_relevant", "无关"
        SET_ASIDE = "set_aside", "搁置待查"

    post = models.OneToOneField(Post, on_delete=models.CASCADE, related_name="outcome")
    kind = models.CharField(max_length=12, choices=Kind)
    event = models.ForeignKey(Event, null=True, on_delete=models.SET_NULL, related_name="+")
    error = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()


class Round(models.Model):
    """The last instant the service has lived through (one row per replayed round; one row, kept, when live)."""

    now = models.DateTimeField(db_index=True)
    live = models.BooleanField(default=False)
    counts = models.JSONField(default=dict)


class Lease(models.Model):
    """Who holds a singleton role (engine, auditor), and until when by real time."""

    name = models.CharField(max_length=40, unique=True)
    holder = models.CharField(max_length=80)
    pid = models.PositiveIntegerField()
    until = models.DateTimeField()
    ticked_at = models.DateTimeField(null=True)  # liveness: real time of the last watch tick, or of the last audit
    # Of the same tick: two readings that grow apart mean that the clock was set, or the machine slept.
    ticked_monotonic = models.FloatField(null=True)
    boot_id = models.CharField(max_length=36, blank=True, default="")
    found = models.JSONField(default=list)  # the auditor's: what its last audit found broken


class AuditEntry(models.Model):
    """Append-only, hash-chained. Inserted with its transaction, sealed (seq, hash) by the engine each round."""

    at = models.DateTimeField()
    actor = models.CharField(max_length=150)  # log-in name, or "engine"
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=120)  # "event:7", "release:3": ids and hashes only, no personal text
    data = models.JSONField(default=dict)
    seq = models.PositiveBigIntegerField(null=True, unique=True)
    hash = models.CharField(max_length=64, blank=True)

    class Meta:
        # "Did anybody do anything for this event since?" is asked when an acknowledgement's time runs out.
        indexes = [models.Index(fields=["subject", "at"], name="audit_subject_at")]
