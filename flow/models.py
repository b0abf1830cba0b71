"""Outcomes, rounds, leases and the audit chain."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from analysis.models import Event, Unit
from archive.models import Post


class Outcome(models.Model):
    """Every post has exactly one fate."""

    class Kind(models.TextChoices):
        JOINED = "joined", "并入事件"
        OPENED = "opened", "新开事件"
        NOT_RELEVANT = "not_relevant", "无关"
        SET_ASIDE = "set_aside", "搁置待查"
        KEPT = "kept", "补采存档"

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


class Regroup(models.Model):
    """归并调整: two events made one, one made two, or posts given to another event; by a person, or the engine's repair.

    What a person undid the machine does not do again: see flow.parted.
    """

    class Kind(models.TextChoices):
        MERGE = "merge", "合并"
        SPLIT = "split", "拆分"
        MOVE = "move", "移动"

    kind = models.CharField(max_length=5, choices=Kind)
    at = models.DateTimeField(db_index=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")  # None: engine
    reason = models.CharField(max_length=500, blank=True)
    # The posts went out of one event and into another.
    out_of = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+")
    into = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+")
    posts = models.JSONField(default=list)  # ids
    before = models.JSONField(default=dict)  # grade and title of both, for taking it back
    undone_at = models.DateTimeField(null=True, db_index=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")


class MergeProposal(models.Model):
    """Two open events that look like one affair; a person says whether they are."""

    class State(models.TextChoices):
        OPEN = "open", "待定"
        ACCEPTED = "accepted", "已合并"
        DECLINED = "declined", "不是一件事"
        LAPSED = "lapsed", "已失效"

    into = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="+")  # the older
    gone = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    score = models.FloatField()
    reasons = models.JSONField(default=list)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN, db_index=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["into", "gone"], name="one_proposal_a_pair")]


class Hold(models.Model):
    """暂缓清理: a post, or an event's posts, kept whole beyond its time, with the reason."""

    post = models.ForeignKey(Post, null=True, on_delete=models.CASCADE, related_name="holds")
    event = models.ForeignKey(Event, null=True, on_delete=models.CASCADE, related_name="holds")
    by = models.CharField("经办", max_length=150)
    reason = models.CharField("理由", max_length=300)
    at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)
    released_by = models.CharField(max_length=150, blank=True)


class Letter(models.Model):
    """来信: 局长信箱, 12345, 私信. Kept here alone: never a Post, never searched, never learned from; every read is audited.

    Text and title are masked before they are stored. Its clocks are obligations of "letter:ID" (flow/letters.py).
    """

    class Channel(models.TextChoices):
        MAILBOX = "mailbox", "局长信箱"
        HOTLINE = "hotline", "12345"
        MESSAGE = "message", "私信"
        PAPER = "paper", "来信来访"

    class Kind(models.TextChoices):
        COMPLAINT = "complaint", "投诉"
        SUGGESTION = "suggestion", "建议"
        REPORT = "report", "举报"
        INQUIRY = "inquiry", "咨询"

    class State(models.TextChoices):
        NEW = "new", "待转办"
        HANDED = "handed", "已转办，待签收"
        ACCEPTED = "accepted", "单位已签收"
        OBJECTED = "objected", "单位退回，待另转"
        CLOSED = "closed", "已办结"

    key = models.CharField(max_length=64, unique=True)  # the same letter twice is one row
    channel = models.CharField("渠道", max_length=8, choices=Channel)
    kind = models.CharField("类型", max_length=10, choices=Kind)
    kind_guessed = models.BooleanField(default=False)  # by words of the text; the office says what it is
    external_no = models.CharField("原编号", max_length=80, blank=True)  # how the mailbox numbers it: the answer goes out there
    writer = models.CharField("来信人", max_length=20, blank=True)  # 张**
    title = models.CharField("标题", max_length=200, blank=True)
    text = models.TextField("内容")
    received_at = models.DateTimeField("收到时间", db_index=True)
    entered_at = models.DateTimeField()
    entered_by = models.CharField(max_length=150)  # log-in name, or the source that brought it
    petition = models.BooleanField("按信访办理", default=True)  # which clocks it owes
    state = models.CharField("状态", max_length=8, choices=State, default=State.NEW, db_index=True)
    closed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.get_channel_display()}来信 {self.pk}"


class LetterHandover(models.Model):
    """转办: a letter given to a unit, which signs for it or says within five working days that it is not theirs."""

    letter = models.ForeignKey(Letter, on_delete=models.PROTECT, related_name="handovers")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    by = models.CharField(max_length=150)
    note = models.CharField("要求", max_length=300, blank=True)
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.CharField(max_length=150, blank=True)
    objected_at = models.DateTimeField(null=True)
    objected_by = models.CharField(max_length=150, blank=True)
    objection = models.CharField("异议", max_length=300, blank=True)
