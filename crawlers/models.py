"""How the outside world was read: hosts and their manners, runs, imports."""

from __future__ import annotations

from django.db import models

from archive.models import Source


class Host(models.Model):
    """What is known of one site across runs and processes: whose turn it is, its wish to be left alone, its failures."""

    name = models.CharField(max_length=255, unique=True)  # registrable: xa.gov.cn; host:port for an IP address
    crawl_delay = models.FloatField(null=True)  # the longest any robots.txt of the site asks for, seconds
    # One request at a time: who holds the turn, until when at most, and when the next may be taken.
    turn = models.CharField(max_length=32, blank=True)
    busy_until = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)
    # The circuit: closed to us until not_before, by Retry-After (`requested`) or after failures in a row.
    failures = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(null=True)
    requested = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.name


class RobotsFile(models.Model):
    """The robots.txt of one origin as it was last fetched: what an approval shows and a crawl obeys."""

    origin = models.CharField(max_length=255, unique=True)  # scheme://host:port
    site = models.CharField(max_length=255, db_index=True)  # Host.name
    status = models.CharField(max_length=10)  # ok | none | unclear | failed
    body = models.TextField(blank=True)
    crawl_delay = models.FloatField(null=True)
    fetched_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.origin


class SourceRun(models.Model):
    """One reading of one source: what came, what was new, what went wrong."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="runs")
    started_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=8)
    http = models.PositiveSmallIntegerField(null=True)
    fetched = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)


class ImportBatch(models.Model):
    """One file taken in."""

    name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    at = models.DateTimeField()
    rows = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)


class Rejection(models.Model):
    """One row (or feed item) that could not be taken, and why."""

    batch = models.ForeignKey(ImportBatch, null=True, on_delete=models.CASCADE, related_name="rejected")
    run = models.ForeignKey(SourceRun, null=True, on_delete=models.CASCADE, related_name="rejected")
    row = models.PositiveIntegerField()
    field = models.CharField(max_length=80)
    reason = models.CharField(max_length=300)


class Token(models.Model):
    """What an account's owner allowed us to read with. Sealed: of no use without this installation's key."""

    source = models.OneToOneField(Source, on_delete=models.CASCADE, related_name="token")
    sealed = models.TextField()
    uid = models.CharField("账号编号", max_length=40, blank=True)  # the bureau's own account
    given_by = models.CharField("授权经办", max_length=150)
    given_at = models.DateTimeField("授权时间")
    expires_at = models.DateTimeField("到期时间")
    refusal = models.CharField("失效原因", max_length=200, blank=True)  # the platform took it no more


class CallCount(models.Model):
    """Calls made with one token on one local day, each counted before it was made."""

    meter = models.CharField(max_length=120)
    day = models.DateField()
    used = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["meter", "day"], name="one_count_a_day")]
