"""Alerts (what somebody must be told) and deliveries (the telling): the outbox of alerting.md §2.5."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from analysis.models import Event
from sla.models import Milestone

USER = settings.AUTH_USER_MODEL


class Escalation(models.Model):
    """升级: how one cause is being told; its steps are the alerts of that cause.

    `rule` is the policy as it stood when the cause was first told (escalation.Rule): a file edited since changes
    nothing here until somebody applies it. `version` grows with every step and every act, so that a button made for
    an earlier state can be told from one that still means something.
    """

    cause = models.CharField(max_length=100, unique=True)
    rule = models.JSONField()
    version = models.PositiveIntegerField(default=1)
    # An acknowledgement that nothing followed lapses at this instant; null = no acknowledgement, or it holds for good.
    ack_ends_at = models.DateTimeField(null=True)
    snoozed_until = models.DateTimeField(null=True)  # set: at that instant the same level is told again
    closed_at = models.DateTimeField(null=True)  # by a leader, with the reason kept in Handling

    class Meta:
        indexes = [
            models.Index(
                fields=["ack_ends_at"], name="escalation_ack_ends", condition=models.Q(ack_ends_at__isnull=False)
            )
        ]


class Alert(models.Model):
    """告警: one step of one cause. `key` = cause + level (+ which time); the next step is another row."""

    key = models.CharField(max_length=120, unique=True)
    cause = models.CharField(max_length=100, db_index=True)
    kind = models.CharField(max_length=20)
    level = models.PositiveSmallIntegerField()
    repeat = models.PositiveIntegerField(default=1)  # the how-manieth time this level is told of the cause
    # The named person a step was handed to; null = the people of the level.
    assigned_to = models.ForeignKey(USER, null=True, on_delete=models.SET_NULL, related_name="+")
    event = models.ForeignKey(Event, null=True, on_delete=models.CASCADE, related_name="alerts")
    milestone = models.ForeignKey(Milestone, null=True, on_delete=models.SET_NULL)
    grade = models.CharField(max_length=4, null=True)
    title = models.CharField(max_length=200)
    text = models.TextField()
    raised_at = models.DateTimeField(db_index=True)
    # When the next step is told if nobody has acknowledged. Of an open cause exactly one step has it, the newest.
    escalates_at = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)
    acked_at = models.DateTimeField(null=True)
    acked_by = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")
    # No longer needs an answer: its obligation was settled, or the event closed.
    stood_down_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["escalates_at"],
                name="alert_escalates",
                condition=models.Q(
                    escalated_at__isnull=True, acked_at__isnull=True, stood_down_at__isnull=True
                ),
            )
        ]


class Delivery(models.Model):
    """送达: one attempt-carrying message of an Alert to one address by one channel."""

    class State(models.TextChoices):
        WAITING = "waiting", "待发"  # to be sent at next_try_at or later
        SENDING = "sending", "发送中"  # claimed; taken back when the lease has run out
        SENT = "sent", "已送达渠道"  # the provider took it; whether a person read it is Alert.acked_at
        FAILED = "failed", "失败"  # not tried again; the console shows it
        UNKNOWN = "unknown", "结果不明"  # the lease ran out while sending; sent again, marked 可能重复
        CANCELLED = "cancelled", "已撤销"  # no longer needed before it was sent
        HELD = "held", "暂扣"  # a replay without --send, or a channel that is switched off

    UNSENT = (State.WAITING, State.UNKNOWN)  # what a sender may still claim

    key = models.CharField(max_length=200, unique=True)  # alert key : channel : address
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.CharField(max_length=20)
    address = models.CharField(max_length=200)
    user = models.ForeignKey(USER, null=True, on_delete=models.SET_NULL, related_name="+")
    because = models.CharField(max_length=20, blank=True)  # why this address: a code of escalation.BECAUSE
    # Several alerts of one event at one moment leave as one message: this one's words went with that delivery.
    carried_by = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="carries")
    body = models.JSONField()  # rendered once; a resend is byte-identical
    priority = models.PositiveSmallIntegerField(default=5)  # 1 = top grade
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    reason = models.CharField(max_length=300, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()  # real time
    lease_token = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True)  # real time
    provider_id = models.CharField(max_length=200, blank=True)
    receipt = models.CharField(max_length=2, default="L0")
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)  # null while it waits or is being sent
    # This one replaces another that failed or whose outcome is unknown, and why; looked into once for each delivery.
    instead_of = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="replaced_by")
    instead_why = models.CharField(max_length=300, blank=True)
    replaced_at = models.DateTimeField(null=True)
    # A message that can be drawn anew is kept up to date until this instant (real time); then, or when done, null.
    redraw_until = models.DateTimeField(null=True)
    drawn = models.CharField(max_length=10, blank=True)  # what it was last redrawn to say

    class Meta:
        indexes = [
            models.Index(
                fields=["channel", "priority", "next_try_at"],
                name="delivery_due",
                # Not `state IN (…)`: SQLite cannot match bound values against it and would scan the table.
                condition=models.Q(settled_at__isnull=True),
            ),
            models.Index(fields=["lease_until"], name="delivery_leased", condition=models.Q(state="sending")),
            models.Index(
                fields=["redraw_until"], name="delivery_redraw", condition=models.Q(redraw_until__isnull=False)
            ),
        ]


class Attempt(models.Model):
    """One try of one Delivery, kept whatever came of it."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tries")
    n = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField(db_index=True)  # real time; the throttle counts the last minute
    ended_at = models.DateTimeField(null=True)  # real time; null = nobody came back to tell
    http = models.PositiveSmallIntegerField(null=True)
    code = models.CharField(max_length=60, blank=True)  # the provider's business code
    error = models.CharField(max_length=500, blank=True)


class AckLink(models.Model):
    """A signed one-time link that acknowledges an alert from a message without a log-in."""

    token_hash = models.CharField(max_length=64, unique=True)
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="links")
    delivery_key = models.CharField(max_length=200, blank=True)  # the message it went out in
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class Handling(models.Model):
    """处置: what a person did about a cause, or what came of doing nothing."""

    class Kind(models.TextChoices):
        ACKNOWLEDGED = "acknowledged", "确认收到"
        REFUSED = "refused", "拒接"
        REASSIGNED = "reassigned", "转交"
        SNOOZED = "snoozed", "暂缓"
        LAPSED = "lapsed", "确认失效"
        CLOSED = "closed", "关闭"
        REAPPLIED = "reapplied", "改用现行策略"

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="handlings")  # the step it was done at
    kind = models.CharField(max_length=12, choices=Kind)
    at = models.DateTimeField()
    by = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")  # null = a link, or the engine
    to = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300, blank=True)
    until = models.DateTimeField(null=True)


class Inbox(models.Model):
    """收件: what came in from outside, each thing once. A second copy meets the unique key and has no effect."""

    source = models.CharField(max_length=20)  # slack, webhook
    external_id = models.CharField(max_length=200)
    at = models.DateTimeField()  # real time
    outcome = models.CharField(max_length=300, blank=True)  # what was made of it, in words
    reply_to = models.CharField(max_length=200, null=True)  # who is still to be told the outcome: "channel:user"

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "external_id"], name="inbox_once")]
        indexes = [models.Index(fields=["at"], name="inbox_replies", condition=models.Q(reply_to__isnull=False))]


class ChannelSetting(models.Model):
    """渠道设置: what the console says of one channel over its file: on or off, and addresses that are no secret."""

    channel = models.CharField(max_length=20, unique=True)
    enabled = models.BooleanField(default=True)
    values = models.JSONField(default=dict)  # key of a Variable that may be set here -> text; absent = the environment's
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(USER, null=True, on_delete=models.SET_NULL, related_name="+")


class ChannelTest(models.Model):
    """渠道测试: one message sent to try a channel, and what came of it."""

    channel = models.CharField(max_length=20, db_index=True)
    address = models.CharField(max_length=200)
    at = models.DateTimeField()  # real time
    by = models.CharField(max_length=150)  # log-in name, or "command"
    ok = models.BooleanField()
    http = models.PositiveSmallIntegerField(null=True)
    code = models.CharField(max_length=60, blank=True)
    words = models.CharField(max_length=300)


class Shift(models.Model):
    """班次: who is on duty when, for which role."""

    user = models.ForeignKey(USER, on_delete=models.CASCADE, related_name="shifts")
    role = models.CharField(max_length=20)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(db_index=True)


class Rotation(models.Model):
    """轮值: people who take turns in one role (alerts.rota.Rotation is its value)."""

    role = models.CharField(max_length=20)
    name = models.CharField(max_length=40)
    people = models.JSONField()  # user ids in order; an account no longer in use leaves its shifts empty
    blocks = models.JSONField()  # [["08:00", 12], ["20:00", 12]]: start in Shanghai, hours
    first_day = models.DateField()
    last_day = models.DateField(null=True)
    weekdays = models.CharField(max_length=7, default="1234567")
    days = models.CharField(max_length=7, default="all")
    turn = models.CharField(max_length=5, default="shift")
    every = models.PositiveSmallIntegerField(default=1)
    handoff = models.PositiveSmallIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["role", "name"], name="rotation_name")]


class Cover(models.Model):
    """换班: `user` stands in for `replaces`, or for everybody of the role when that is null."""

    role = models.CharField(max_length=20)
    user = models.ForeignKey(USER, on_delete=models.CASCADE, related_name="covers")
    replaces = models.ForeignKey(USER, null=True, on_delete=models.CASCADE, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(db_index=True)


class Leave(models.Model):
    """请假: this person is on duty nowhere."""

    user = models.ForeignKey(USER, on_delete=models.CASCADE, related_name="leaves")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(db_index=True)


class RotaChange(models.Model):
    """One act on the rota: what it was and became (so that it can be undone), who is told instead of an empty shift."""

    at = models.DateTimeField()
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    text = models.CharField(max_length=300)
    # [{"table", "id", "before": fields or null, "after": fields or null}], in the order they were made.
    rows = models.JSONField()
    reason = models.CharField(max_length=300, blank=True)  # why a gap was left
    undone_at = models.DateTimeField(null=True)


class Contact(models.Model):
    """A person's own address on a channel, tried before each of their shifts."""

    user = models.ForeignKey(USER, on_delete=models.CASCADE, related_name="contacts")
    channel = models.CharField(max_length=20)
    address = models.CharField(max_length=70)
    test = models.ForeignKey(Delivery, null=True, on_delete=models.SET_NULL, related_name="+")  # the last one

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "channel", "address"], name="contact_once")]


class CalendarKey(models.Model):
    """The address of a person's calendar feed; deleting the row closes it. Only the hash of its secret is kept."""

    user = models.OneToOneField(USER, on_delete=models.CASCADE, related_name="calendar_key")
    secret_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()


class HandOver(models.Model):
    """交接班: written and signed by who leaves, then signed by who comes. One per role and shift start."""

    role = models.CharField(max_length=20)
    shift_at = models.DateTimeField()
    items = models.JSONField()  # what was open when it was signed: [{"what", "text", "url"}]
    summary = models.TextField()
    outgoing = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    handed_at = models.DateTimeField()
    incoming = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")
    taken_at = models.DateTimeField(null=True)
    remark = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["role", "shift_at"], name="handover_once")]
