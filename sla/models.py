"""Obligations, their milestones, and the releases that settle them."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from analysis.models import Event
from archive.models import Post

USER = settings.AUTH_USER_MODEL


class Release(models.Model):
    """发布: an official statement, from draft to evidenced publication; the rows of 信息发布台账."""

    class State(models.TextChoices):
        DRAFT = "draft", "起草"
        REVIEWED = "reviewed", "已审"
        PUBLISHED = "published", "已发布"

    class Channel(models.TextChoices):
        PORTAL = "portal", "门户网站"
        WEIBO = "weibo", "微博"
        WECHAT = "wechat", "微信"
        APP = "app", "移动客户端"
        MEDIA = "media", "新闻媒体"
        CONFERENCE = "conference", "新闻发布会"

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="releases")
    # The event it was made for, when that one was merged into `event`; taking the merge back returns it.
    made_for = models.ForeignKey(Event, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    duties = models.JSONField("所履行职责", default=list)  # ["K1"]: one release settles only what it names
    title = models.CharField("标题", max_length=200)
    body = models.TextField("正文")
    state = models.CharField("状态", max_length=9, choices=State, default=State.DRAFT)
    channel = models.CharField("渠道", max_length=10, choices=Channel, blank=True)
    url = models.URLField("链接", max_length=1000, blank=True)
    public_attribute = models.CharField("公开属性", max_length=12, default="主动公开")
    drafted_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    drafted_at = models.DateTimeField()
    reviewed_by = models.ForeignKey(USER, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reviewed_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(USER, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField("发布时间", null=True, blank=True)
    recorded_at = models.DateTimeField(null=True, blank=True)
    review_no = models.CharField("审查编号", max_length=60, blank=True)
    issuer = models.CharField("发布机关", max_length=100, blank=True)  # another agency with release authority: 由…发布
    # Evidence: the page as published, kept under DATA/evidence/<sha256>; nothing is fetched.
    page_hash = models.CharField("页面指纹", max_length=64, blank=True)
    place = models.CharField("地点", max_length=200, blank=True)
    speaker = models.CharField("发言人", max_length=100, blank=True)
    attendees = models.PositiveIntegerField("到场人数", null=True, blank=True)

    def __str__(self) -> str:
        return self.title


class Sighting(models.Model):
    """渠道所见: one article on an outlet of ours, and the release it is, if any. It settles nothing by itself."""

    class State(models.TextChoices):
        OFFERED = "offered", "待认定"  # looks like a release that is not yet recorded as published
        SEEN = "seen", "已见"  # is a release that the ledger has as published
        ACCEPTED = "accepted", "已认定"  # a person took it as the evidence of publication
        UNLISTED = "unlisted", "台账没有"
        DISMISSED = "dismissed", "不属发布"  # a person says that no release belongs to it

    class How(models.TextChoices):
        URL = "url", "链接相同"
        TEXT = "text", "正文相同"
        NEAR = "near", "正文相近"
        TITLE = "title", "标题相同"
        PERSON = "person", "人工指认"

    class Verdict(models.TextChoices):
        SAME = "same", "与审定稿一致"
        CUT = "cut", "渠道只显示前一部分"
        DIFFERS = "differs", "与审定稿不一致"

    post = models.OneToOneField(Post, on_delete=models.CASCADE, related_name="sighting")
    release = models.ForeignKey(Release, null=True, blank=True, on_delete=models.PROTECT, related_name="sightings")
    state = models.CharField("认定", max_length=9, choices=State, db_index=True)
    how = models.CharField("依据", max_length=6, choices=How, blank=True)
    likeness = models.FloatField(null=True)
    verdict = models.CharField("文字", max_length=7, choices=Verdict, blank=True)
    seen_at = models.DateTimeField()
    # When it was last held against the ledger: a release drafted since is another chance.
    checked_at = models.DateTimeField()
    not_of = models.JSONField(default=list)  # releases it is not, as a person said
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField("理由", max_length=300, blank=True)
    gone_at = models.DateTimeField("不再显示", null=True)

    def __str__(self) -> str:
        return f"{self.post} → {self.release or '—'}"


class Obligation(models.Model):
    """应办事项: one Duty owed by one subject, with its own copy of the rule. A correction is a new revision.

    The subject is an event; or, with no event, whatever `subject` names: a letter, a unit's quarter, a person's year.
    """

    event = models.ForeignKey(Event, null=True, blank=True, on_delete=models.PROTECT, related_name="obligations")
    subject = models.CharField(max_length=80, blank=True)  # "letter:12", "unit:3:2026Q1"; "" when there is an event
    subject_title = models.CharField("对象", max_length=200, blank=True)
    duty = models.CharField(max_length=12)
    rev = models.PositiveIntegerField(default=1)
    rule = models.JSONField()  # the Duty as it was: name, hours, warnings, edition, hash
    starts_at = models.DateTimeField()
    start_basis = models.CharField(max_length=12)  # t_event | t_first_post | t_detected | manual
    due_at = models.DateTimeField()
    original_due_at = models.DateTimeField()
    created_at = models.DateTimeField()
    # Why this revision is there: "" as the facts say, "start" corrected, "merge:7", "unmerge:7", "reopen" …
    made_by = models.CharField(max_length=40, blank=True)
    settled_at = models.DateTimeField(null=True)
    release = models.ForeignKey(Release, null=True, on_delete=models.PROTECT, related_name="settles")
    settled_note = models.CharField(max_length=500, blank=True)  # what settled it where no release does: a letter's reply
    exempt_reason = models.CharField(max_length=500, blank=True)
    exempt_basis = models.CharField(max_length=300, blank=True)  # the legal ground
    exempt_at = models.DateTimeField(null=True)
    exempt_by = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")
    paused_at = models.DateTimeField(null=True)
    pause_reason = models.CharField(max_length=500, blank=True)
    superseded_at = models.DateTimeField(null=True)
    superseded_for = models.CharField(max_length=40, blank=True)  # what took its place, as `made_by` names it

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "duty", "rev"], name="one_obligation_per_rev"),
            models.UniqueConstraint(
                fields=["subject", "duty", "rev"], name="one_subject_obligation_per_rev", condition=~models.Q(subject="")
            ),
            models.CheckConstraint(
                condition=models.Q(event__isnull=False, subject="") | (models.Q(event=None) & ~models.Q(subject="")),
                name="obligation_has_one_subject",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                name="obligation_running",
                condition=models.Q(settled_at__isnull=True, superseded_at__isnull=True),
            )
        ]

    @property
    def closed(self) -> bool:
        """Settled or exempt: its clock no longer runs."""
        return self.settled_at is not None or bool(self.exempt_reason)


class Milestone(models.Model):
    """节点: a moment in an Obligation's life that somebody must hear of."""

    obligation = models.ForeignKey(Obligation, on_delete=models.CASCADE, related_name="milestones")
    code = models.CharField(max_length=20)  # near-1, near-2, missed, still_missed-1 …
    at = models.DateTimeField()
    fired_at = models.DateTimeField(null=True)
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["obligation", "code"], name="one_milestone_per_code")]
        indexes = [
            models.Index(
                fields=["at"],
                name="milestone_due",
                condition=models.Q(fired_at__isnull=True, superseded_at__isnull=True),
            )
        ]


class Appearance(models.Model):
    """A head or deputy before the press: what the spokesperson counters count (方案 四(一))."""

    class Post(models.TextChoices):
        HEAD = "head", "主要负责同志"
        DEPUTY = "deputy", "相关负责人"

    class Form(models.TextChoices):
        CONFERENCE = "conference", "新闻发布会"
        INTERVIEW = "interview", "接受采访"

    unit = models.CharField("单位", max_length=60)
    name = models.CharField("姓名", max_length=100)
    post = models.CharField("职务", max_length=6, choices=Post)
    form = models.CharField("形式", max_length=10, choices=Form)
    at = models.DateTimeField("时间")
    note = models.CharField("说明", max_length=300, blank=True)
    release = models.ForeignKey(Release, null=True, blank=True, on_delete=models.PROTECT, related_name="appearances")
    recorded_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["unit", "name", "form", "at"], name="one_appearance_per_moment")
        ]
