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


class MappingTemplate(models.Model):
    """对照模板: how one vendor's files are to be read. Seeded from mappings.toml; then this table is the truth."""

    name = models.CharField("名称", max_length=60, unique=True)
    # [[folded header, field]]: of several headers of a field the first with a value counts; "" = deliberately not taken.
    columns = models.JSONField(default=list)
    defaults = models.JSONField(default=dict)  # field -> what the vendor's files leave unsaid
    changed_at = models.DateTimeField(null=True)
    changed_by = models.CharField(max_length=150, blank=True)

    def __str__(self) -> str:
        return self.name


class ImportBatch(models.Model):
    """导入批次: one file taken in (from a page, a command, a watched folder), or one day of a vendor's pushes."""

    class State(models.TextChoices):
        UPLOADED = "uploaded", "待确认"
        CHECKING = "checking", "试运行中"
        WAITING = "waiting", "排队中"
        RUNNING = "running", "导入中"
        DONE = "done", "已完成"
        FAILED = "failed", "未完成"
        UNDOING = "undoing", "撤销中"
        UNDONE = "undone", "已撤销"
        DROPPED = "dropped", "已放弃"

    source = models.ForeignKey(Source, null=True, on_delete=models.PROTECT, related_name="batches")
    name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    # When it was given to us; the received_at of its posts, so no two batches of a source share one.
    at = models.DateTimeField(db_index=True)
    by = models.CharField(max_length=150, blank=True)
    state = models.CharField(max_length=9, choices=State, default=State.DONE)
    path = models.CharField(max_length=500, blank=True)  # the file while it is needed; "" once it is taken in
    bytes = models.PositiveBigIntegerField(default=0)
    template = models.CharField(max_length=60, blank=True)
    past = models.BooleanField(default=False)  # a past window: its posts open no event and tell nobody (Post.past)
    mapping = models.JSONField(default=dict)  # {"columns", "defaults"}: what the person decided on the page
    rows = models.PositiveIntegerField(default=0)  # in the state running: rows done so far, from which a restart goes on
    new = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    # Its new posts are those of its source, received at `at`, from the first id to the last.
    first_post = models.PositiveBigIntegerField(null=True)
    last_post = models.PositiveBigIntegerField(null=True)
    report = models.JSONField(default=dict)  # warnings and headers; of a trial run the counts and first refusals
    undone = models.PositiveIntegerField(default=0)
    kept = models.PositiveIntegerField(default=0)  # not withdrawn: posts an event rests on
    undone_by = models.CharField(max_length=150, blank=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["at"], name="batch_to_do", condition=models.Q(state__in=["checking", "waiting", "running", "undoing"])
            )
        ]


class Rejection(models.Model):
    """One row (or feed item) that could not be taken, and why."""

    batch = models.ForeignKey(ImportBatch, null=True, on_delete=models.CASCADE, related_name="rejected")
    run = models.ForeignKey(SourceRun, null=True, on_delete=models.CASCADE, related_name="rejected")
    row = models.PositiveIntegerField()
    field = models.CharField(max_length=80)
    reason = models.CharField(max_length=300)
    # What the row said, as far as it may be stored: no columns about persons, no authors, numbers masked.
    cells = models.JSONField(default=dict)


class Inbound(models.Model):
    """One signed request of a vendor's push: kept from its acceptance until its rows are posts. Its id is the batch id."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_index=True)
    # Of what was signed: the same request again is a replay.
    digest = models.CharField(max_length=64, unique=True)
    body = models.TextField(blank=True)  # JSON lines without the columns about persons; "" once taken
    rows = models.PositiveIntegerField()
    taken_at = models.DateTimeField(null=True)
    new = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["id"], name="inbound_to_take", condition=models.Q(taken_at__isnull=True))]


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


class SourceDay(models.Model):
    """One source's readings of one day (Asia/Shanghai), summed: outlives the runs themselves."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    runs = models.PositiveIntegerField(default=0)
    bad = models.PositiveIntegerField(default=0)  # failing or capped
    fetched = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "day"], name="one_day_of_a_source")]
        indexes = [models.Index(fields=["day"], name="day_of_sources")]


class Learned(models.Model):
    """What is known of a source's habits, learned anew some times a day from its posts (crawlers/rhythm.py)."""

    source = models.OneToOneField(Source, on_delete=models.CASCADE, related_name="learned")
    at = models.DateTimeField(db_index=True)
    rhythm = models.JSONField(null=True)  # crawlers.rhythm.Rhythm; null while there is too little to learn from
    low = models.BooleanField(default=False)  # far fewer items than expected, now
    items = models.PositiveIntegerField(default=0)  # posts of the last 28 days …
    relevant = models.PositiveIntegerField(default=0)  # … and those that concern the police


class Errand(models.Model):
    """差事: one thing a person wants from the outside world now, done by a process of its own within limits."""

    class Kind(models.TextChoices):
        PROBE = "probe", "查看地址"
        BACKFILL = "backfill", "补采"

    class State(models.TextChoices):
        WAITING = "waiting", "等待"
        RUNNING = "running", "进行中"
        DONE = "done", "完成"
        FAILED = "failed", "未成"
        STOPPED = "stopped", "已取消"

    kind = models.CharField(max_length=8, choices=Kind)
    source = models.ForeignKey(Source, null=True, on_delete=models.CASCADE, related_name="errands")
    by = models.CharField(max_length=150)  # log-in name
    at = models.DateTimeField(db_index=True)
    ask = models.JSONField(default=dict)  # address, window
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    said = models.CharField(max_length=500, blank=True)  # what is being done, then what came of it
    found = models.JSONField(default=dict)
    pages = models.JSONField(default=dict)  # name -> {"url", "text"}: what selectors are tried on, emptied after a day
    beat_at = models.DateTimeField(null=True)  # real time of the last sign of life
    ended_at = models.DateTimeField(null=True)

    @property
    def over(self) -> bool:
        return self.state not in (self.State.WAITING, self.State.RUNNING)


class AppToken(models.Model):
    """The access_token of one application or account, for all processes; sealed. Whoever holds the lease fetches the next."""

    appid = models.CharField(max_length=64, unique=True)
    sealed = models.TextField(blank=True)
    got_at = models.DateTimeField(null=True)  # real time, as all instants here
    expires_at = models.DateTimeField(null=True)
    lease = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True)
    forced = models.PositiveIntegerField(default=0)  # forced refreshes of the day of forced_at
    forced_at = models.DateTimeField(null=True)
