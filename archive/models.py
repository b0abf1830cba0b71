"""Sources and posts: what was said, as first read."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Source(models.Model):
    """信源: one configured place to read, with its approval, schedule, cursor and health."""

    class Kind(models.TextChoices):
        FEED = "feed", "订阅源"
        SITE = "site", "新闻网站"
        WEIBO = "weibo", "微博本账号"
        WEIBO_SEARCH = "weibo_search", "微博商业检索"
        WEIBO_PUSH = "weibo_push", "微博推送流"
        WECHAT = "wechat", "微信公众号"
        WEBHOOK = "webhook", "推送接口"
        FOLDER = "folder", "监看文件夹"
        FILE = "file", "文件导入"
        MANUAL = "manual", "人工录入"

    class Outlet(models.TextChoices):
        """Who speaks there; decides retention class and whether a statement can owe an answer (K3)."""

        AUTHORITY = "authority", "政务机关"
        MEDIA = "media", "新闻媒体"
        OWN = "own", "本局发布渠道"
        INDIVIDUAL = "individual", "个人及其他"

    class State(models.TextChoices):
        ALIVE = "alive", "正常"
        QUIET = "quiet", "安静"
        FAILING = "failing", "故障"
        CAPPED = "capped", "受限"
        OFF = "off", "停用"

    name = models.CharField("名称", max_length=120, unique=True)
    kind = models.CharField("类型", max_length=12, choices=Kind)
    outlet = models.CharField("主体", max_length=12, choices=Outlet, default=Outlet.MEDIA)
    url = models.URLField("地址", max_length=1000, blank=True)
    home = models.CharField("所属地", max_length=60, blank=True, help_text="本地信源填城市名，用于判断属地")
    interval_s = models.PositiveIntegerField("读取间隔（秒）", default=600)
    enabled = models.BooleanField("启用", default=False)
    # The assessment form that must exist before a source is read (sources.md §6).
    purpose = models.CharField("用途", max_length=300, blank=True)
    legal_basis = models.CharField("依据", max_length=300, blank=True)
    approved_by = models.CharField("批准人", max_length=150, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_for = models.CharField(max_length=64, blank=True)  # archive.approval.covered() of what was approved
    robots_for = models.CharField(max_length=64, blank=True)  # digest of the robots rules approved; "" = not seen yet
    enabled_at = models.DateTimeField(null=True, blank=True)
    # Until when somebody's authorisation holds, for kinds that read with one; the engine reminds before it ends.
    authorised_until = models.DateTimeField("授权到期", null=True, blank=True)

    state = models.CharField("状态", max_length=8, choices=State, default=State.OFF)
    code = models.CharField("原因", max_length=20, blank=True)  # the finer reason: archive.health.REASONS
    detail = models.CharField("说明", max_length=500, blank=True)
    last_run_at = models.DateTimeField(null=True, blank=True)
    last_ok_at = models.DateTimeField(null=True, blank=True)
    last_item_at = models.DateTimeField(null=True, blank=True)
    next_run_at = models.DateTimeField(null=True, blank=True, db_index=True)
    failures = models.PositiveIntegerField("连续失败", default=0)
    silent_told_at = models.DateTimeField(null=True, blank=True)
    # Conditional GET and cursor, advanced in the same transaction as the posts they stand for.
    etag = models.CharField(max_length=300, blank=True)
    last_modified = models.CharField(max_length=100, blank=True)
    cursor = models.JSONField(default=dict, blank=True)
    # What is particular to the kind: selectors, template, budget … Never a secret: those come from the environment.
    options = models.JSONField("设置", default=dict, blank=True)

    class Meta:
        constraints = [
            # 网络数据安全管理条例第十八条: whoever writes this row, a source that nobody approved is not read.
            models.CheckConstraint(
                condition=models.Q(enabled=False)
                | (models.Q(approved_at__isnull=False) & ~models.Q(approved_by="") & ~models.Q(approved_for="")),
                name="enabled_source_is_approved",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Approval(models.Model):
    """批准: one assessment of a source, asked for and decided; never rewritten. Together they are the processing record."""

    class State(models.TextChoices):
        WAITING = "waiting", "待批准"
        GIVEN = "given", "已批准"
        REFUSED = "refused", "不批准"
        ENDED = "ended", "已失效"  # something it covered changed, or a newer one took its place

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="approvals")
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    why = models.CharField("事由", max_length=300)  # 新增信源, 地址改为 …, robots.txt 有变
    asked_by = models.CharField("提出人", max_length=150)  # log-in name, a file's name, or "engine"
    asked_at = models.DateTimeField()
    # As they were when it was asked for: what the decision is about.
    purpose = models.CharField(max_length=300, blank=True)
    legal_basis = models.CharField(max_length=300, blank=True)
    kind = models.CharField(max_length=12)
    url = models.CharField(max_length=1000, blank=True)
    interval_s = models.PositiveIntegerField()
    options = models.JSONField(default=dict, blank=True)
    decided_by = models.CharField("批准人", max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True)
    note = models.CharField("意见", max_length=300, blank=True)
    robots = models.TextField(blank=True)  # robots.txt as of the decision, or as first seen after it
    robots_sha = models.CharField(max_length=64, blank=True)  # of its bytes as text; "" = none seen
    robots_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_why = models.CharField(max_length=300, blank=True)
    told_at = models.DateTimeField(null=True)  # asked for by the engine: audited and told

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source"], name="one_approval_waiting", condition=models.Q(state="waiting")),
            models.UniqueConstraint(fields=["source"], name="one_approval_in_force", condition=models.Q(state="given")),
        ]


class Spell(models.Model):
    """状态段: an unbroken time that a source spent in one state for one reason. What coverage is told from."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="spells")
    state = models.CharField(max_length=8, choices=[*Source.State.choices, ("unread", "未读取")])
    code = models.CharField(max_length=20, blank=True)
    detail = models.CharField(max_length=500, blank=True)  # as it was at the beginning
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source"], name="one_spell_open", condition=models.Q(ends_at=None))
        ]
        indexes = [models.Index(fields=["source", "starts_at"], name="spell_of_source")]


class Post(models.Model):
    """信息: one thing said, as first read; never rewritten. `key` makes a second arrival the same row."""

    key = models.CharField(max_length=64, unique=True)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="posts")
    # The name people know the place by: 新浪微博, 华商网… (for feeds the source's own name).
    site = models.CharField("来源", max_length=120, db_index=True)
    platform = models.CharField("平台", max_length=20, default="news")  # weibo wechat news video forum app other
    outlet = models.CharField("主体", max_length=12, choices=Source.Outlet, default=Source.Outlet.INDIVIDUAL)
    external_id = models.CharField(max_length=200, blank=True)
    url = models.CharField("链接", max_length=1000, blank=True)
    title = models.CharField("标题", max_length=500, blank=True)
    body = models.TextField("正文", blank=True)
    # HMAC pseudonym; the name itself is never stored (design.md §6).
    author = models.CharField(max_length=32, blank=True)
    follower_band = models.CharField(max_length=8, blank=True)
    region = models.CharField("地域", max_length=60, blank=True)
    is_repost = models.BooleanField("转发", default=False)
    reposts = models.PositiveBigIntegerField(default=0)
    comments = models.PositiveBigIntegerField(default=0)
    likes = models.PositiveBigIntegerField(default=0)
    reads = models.PositiveBigIntegerField(default=0)
    published_at = models.DateTimeField("发布时间")
    published_raw = models.CharField(max_length=80, blank=True)
    received_at = models.DateTimeField("收到时间")
    notes = models.JSONField("收录说明", default=list, blank=True)  # ["发布时间缺失，按收到时间计", …]
    # What an article says of itself: {"origin": "新华社", "pictures": [addresses]}
    details = models.JSONField("文章信息", default=dict, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    # An individual's post after its time: the body is an excerpt, its hash says what it was (design.md §6, retention).
    excerpted_at = models.DateTimeField(null=True, blank=True)
    body_hash = models.CharField(max_length=64, blank=True)
    unread = models.BooleanField(default=True)
    # Brought later from a past window: read for search and reports, opens no event and tells nobody.
    past = models.BooleanField("补采", default=False)

    class Meta:
        indexes = [
            models.Index(fields=["published_at", "id"], name="post_unread", condition=models.Q(unread=True)),
            models.Index(fields=["published_at"], name="post_published"),
            models.Index(fields=["id"], name="post_past_unread", condition=models.Q(unread=True, past=True)),
            models.Index(
                fields=["published_at"], name="post_excerpted", condition=models.Q(excerpted_at__isnull=False)
            ),
            models.Index(
                fields=["id"], name="post_to_empty", condition=models.Q(withdrawn_at__isnull=False) & ~models.Q(body="")
            ),
            models.Index(fields=["outlet", "published_at"], name="post_to_age", condition=models.Q(body_hash="")),
        ]

    def __str__(self) -> str:
        return self.title or self.body[:40]


class Measurement(models.Model):
    """计数: a post's counters read again at one moment, beside what was known of them before."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="measurements")
    at = models.DateTimeField()
    reposts = models.PositiveBigIntegerField(default=0)
    comments = models.PositiveBigIntegerField(default=0)
    likes = models.PositiveBigIntegerField(default=0)
    reads = models.PositiveBigIntegerField(default=0)
    before = models.JSONField(default=list)  # reposts, comments, likes, reads
    warmed = models.BooleanField(default=False)  # its event's heat has taken the growth in

    class Meta:
        indexes = [
            models.Index(fields=["post", "at"], name="measurement_series"),
            models.Index(fields=["id"], name="measurement_to_warm", condition=models.Q(warmed=False)),
        ]


class PostVersion(models.Model):
    """版本: what a post says after an edit at its source. The post itself keeps what was first read."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="versions")
    at = models.DateTimeField()  # when the edit was seen
    title = models.CharField(max_length=500, blank=True)
    body = models.TextField(blank=True)
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["post", "digest"], name="one_version_of_a_text")]


class Showing(models.Model):
    """在列: an article of our own outlet that the outlet's list did not name, how many readings in a row (0 = it is there again)."""

    post = models.OneToOneField(Post, on_delete=models.CASCADE, related_name="showing")
    missed = models.PositiveIntegerField(default=0)
    looked_at = models.DateTimeField()


class Change(models.Model):
    """One post whose search document must be made again. Rows go when the index has committed them."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, db_constraint=False)


class Erasure(models.Model):
    """An erased post whose text may still stand in files of the index, until that month is written anew."""

    post_id = models.BigIntegerField(db_index=True)
    month = models.CharField(max_length=7)
    by = models.CharField("经办", max_length=150)
    reason = models.CharField("理由", max_length=300, blank=True)
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    rewritten_at = models.DateTimeField(null=True)
    # Its terms in alphabetical order, for the proof; emptied when the files that hold them too are gone.
    terms = models.JSONField(default=list)
    proof = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="erasure_due", condition=models.Q(rewritten_at=None))]


class IndexState(models.Model):
    """One row an engine: how far search is, what is wrong with it, and a request to rebuild it."""

    engine = models.CharField(max_length=20, unique=True)
    committed_at = models.DateTimeField(null=True)
    rebuild_wanted_at = models.DateTimeField(null=True)
    rebuilt_at = models.DateTimeField(null=True)
    damaged = models.BooleanField(default=False)  # its files could not be read: moved aside before they are rebuilt
    trouble = models.CharField("故障", max_length=500, blank=True)  # why posts wait; empty while indexing works
    note = models.CharField("说明", max_length=500, blank=True)  # what became of damaged files


class SavedSearch(models.Model):
    """专题: a search that is kept, matched as posts arrive, and told of. A topic is nothing else (design.md §2)."""

    class Raises(models.TextChoices):
        NO = "", "不改变"
        INCIDENT = "incident", "警情"
        DIRECT = "direct", "涉警"

    class Tells(models.TextChoices):
        OWNER = "owner", "建立人"
        DUTY = "duty", "值班员"

    name = models.CharField("名称", max_length=60)
    query = models.TextField("检索式", max_length=4000)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="saved_searches")
    shared = models.BooleanField("共享", default=True)
    # Told as posts arrive; without it the topic is only kept and counted.
    alerting = models.BooleanField("命中即告知", default=False)
    tells = models.CharField("告知", max_length=5, choices=Tells, default=Tells.OWNER)
    most_per_day = models.PositiveIntegerField("每日上限", default=30)
    muted_until = models.DateTimeField("静音至", null=True, blank=True)
    raises = models.CharField("命中视为", max_length=8, choices=Raises, default=Raises.NO, blank=True)
    names_type = models.CharField("命中归为", max_length=3, blank=True)  # T01…T15
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    swept_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)  # two people editing at once: the second sees the first's
    deleted_at = models.DateTimeField(null=True, blank=True)  # deleting can be undone

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name"], name="one_topic_of_a_name", condition=models.Q(deleted_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return self.name


class SavedHit(models.Model):
    """One post that matched a saved search; told at most once."""

    search = models.ForeignKey(SavedSearch, on_delete=models.CASCADE, related_name="hits")
    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="saved_hits")
    at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)
    swept = models.BooleanField(default=False)  # found by the nightly sweep, not on arrival
    quiet = models.CharField(max_length=12, blank=True)  # why it was not told: muted, limit, not_alerting, past

    class Meta:
        constraints = [models.UniqueConstraint(fields=["search", "post"], name="one_hit_per_search")]
        indexes = [
            models.Index(
                fields=["search"], name="hit_to_tell", condition=models.Q(told_at__isnull=True, quiet="")
            )
        ]


class SearchHistory(models.Model):
    """What a person searched for, newest first, so that it can be asked again; only they see it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    address = models.CharField(max_length=6000)  # the page's query string
    query = models.TextField()
    total = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["user", "-at"], name="history_newest")]
