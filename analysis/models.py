"""What analysis made of posts: readings, folds, events, gradings; and the units it knows."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from archive.models import Post


class Unit(models.Model):
    """单位: bureau, branch, department, with aliases and validity dates (units change; names stay searchable)."""

    name = models.CharField("名称", max_length=80, unique=True)
    kind = models.CharField("类别", max_length=20)  # bureau branch county department station
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL)
    aliases = models.JSONField("别名", default=list, blank=True)
    places = models.JSONField("辖区地名", default=list, blank=True)
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)
    source = models.CharField("出处", max_length=200, blank=True)

    def __str__(self) -> str:
        return self.name


class Event(models.Model):
    """事件: an affair in the world that posts are about."""

    class Jurisdiction(models.TextChoices):
        OURS = "ours", "本地"
        ELSEWHERE = "elsewhere", "外地"
        UNKNOWN = "unknown", "属地不明"

    class Heat(models.TextChoices):
        RED = "red", "红"
        ORANGE = "orange", "橙"
        YELLOW = "yellow", "黄"
        BLUE = "blue", "蓝"

    title = models.CharField("名称", max_length=200)
    named_by = models.ForeignKey(  # a person gave the title: the engine leaves it
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    type = models.CharField("类型", max_length=3)
    grade = models.CharField("等级", max_length=4, null=True, blank=True)
    provisional = models.BooleanField("暂按", default=True)
    jurisdiction = models.CharField("属地", max_length=10, choices=Jurisdiction)
    heat = models.CharField("热度", max_length=6, choices=Heat, default=Heat.BLUE)
    heat_index = models.FloatField(default=0)
    heat_parts = models.JSONField(default=dict, blank=True)
    t_event = models.DateTimeField("发生时间", null=True, blank=True)
    t_event_quote = models.CharField(max_length=200, blank=True)
    t_first_post = models.DateTimeField("首发时间", null=True, blank=True)
    t_detected = models.DateTimeField("发现时间")
    t_graded = models.DateTimeField("定级时间", null=True, blank=True)
    last_post_at = models.DateTimeField(db_index=True)
    posts = models.PositiveIntegerField("信息数", default=0)
    folds = models.PositiveIntegerField("去重后", default=0)
    facts = models.JSONField("事实", default=dict, blank=True)
    reasons = models.JSONField("依据", default=list, blank=True)
    owes_reason = models.CharField("回应依据", max_length=300, blank=True)
    # Somebody outside the authorities asked, complained, accused… (design.md §6 "Who owes what").
    answer_owed = models.BooleanField(default=False)
    # An officer's word on the answer, which stands whatever is posted later: "" | open | drop.
    answer_ruling = models.CharField(max_length=4, blank=True)
    answer_ruling_reason = models.CharField(max_length=250, blank=True)
    # 发布权限: [{"code", "who", "effect", …, "why"}] of sla.authority, computed before K1 is owed.
    release_authority = models.JSONField("发布权限", default=list, blank=True)
    terms = models.JSONField(default=dict, blank=True)  # centroid: word -> weight, at most 40
    entities = models.JSONField(default=list, blank=True)  # places and units, for entity agreement
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT)
    knowledge = models.CharField("来源说明", max_length=500, blank=True)  # how a hand-opened event became known
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    close_reason = models.CharField("结案理由", max_length=500, blank=True)
    reopened_at = models.DateTimeField(null=True, blank=True)
    merged_into = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT)

    def __str__(self) -> str:
        return self.title


class Fold(models.Model):
    """折叠: posts that say the same text; shown as its first post with a count."""

    first_post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="+")
    first_at = models.DateTimeField(db_index=True)
    last_at = models.DateTimeField()
    posts = models.PositiveIntegerField(default=1)


class Reading(models.Model):
    """研读: what analysis made of one post, with the version that said so."""

    post = models.OneToOneField(Post, on_delete=models.CASCADE, related_name="reading")
    tier = models.CharField(max_length=8)  # direct | incident | none
    score = models.FloatField()
    reasons = models.JSONField(default=list)
    jurisdiction = models.CharField(max_length=10)
    jurisdiction_reasons = models.JSONField(default=list)
    type = models.CharField(max_length=3, blank=True)
    stance = models.CharField(max_length=12, blank=True)
    facts = models.JSONField(default=dict)
    places = models.JSONField(default=list)
    units = models.JSONField(default=list)
    grade = models.CharField(max_length=4, null=True)
    text_hash = models.BigIntegerField(default=0)  # signed 64 bit of the normalised text; 0 = nothing left
    signature = models.BinaryField(null=True)  # 60 x uint32 MinHash; None when not relevant
    version = models.CharField(max_length=40)
    fold = models.ForeignKey(Fold, null=True, on_delete=models.SET_NULL, related_name="readings")
    event = models.ForeignKey(Event, null=True, on_delete=models.SET_NULL, related_name="readings")

    class Meta:
        indexes = [models.Index(fields=["text_hash"], name="reading_text_hash", condition=models.Q(fold__isnull=False))]


class Grading(models.Model):
    """One proposal or decision about an event's grade, with its reasons; never changed, only followed by another."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="gradings")
    at = models.DateTimeField()
    grade = models.CharField(max_length=4, null=True)
    kind = models.CharField(max_length=10)  # proposed | confirmed | overridden
    clause = models.CharField(max_length=300)
    edition = models.CharField(max_length=120)
    evidence = models.JSONField(default=list)  # [{"quote", "post_id"}]
    reason = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")


class Correction(models.Model):
    """更正研读: a person's word on one post's reading. The newest that was not taken back stands, and is learned from."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="corrections")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    tier = models.CharField(max_length=8)  # direct | incident | none
    type = models.CharField(max_length=3, blank=True)  # "" with tier none
    reason = models.CharField("理由", max_length=300)
    before = models.JSONField()  # tier, type and reasons of the reading, for taking it back
    undone_at = models.DateTimeField(null=True)
