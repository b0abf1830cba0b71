"""更正研读: a person corrects what was read of one post, and takes it back.

The reading as shown and exported follows at once, and the post is indexed again. No event, grade or clock is touched: those have acts of their own
(flow.regroup, flow.acts, flow.clock_acts). Refusals raise sla.engine.Unmet(error, field); nothing is written then.
"""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from analysis.models import Correction, Reading
from analysis.reading import TIERS
from archive.models import Change
from flow import audit
from flow.acts import TYPES
from sla.engine import Unmet

MARK = "人工更正："


def standing(post_id: int) -> Correction | None:
    """The correction that counts for a post: the newest not taken back."""
    return Correction.objects.filter(post_id=post_id, undone_at=None).select_related("by").order_by("-id").first()


def correct(post_id: int, tier: str, type_: str, reason: str, user: User, now: datetime) -> Correction:
    """Put a person's tier and type in the place of what was read. With tier none the type is dropped."""
    reason, type_ = reason.strip()[:300], "" if tier == "none" else type_
    if tier not in TIERS:
        raise Unmet("相关性须为 " + "、".join(TIERS) + " 之一", "tier")
    if tier != "none" and type_ not in TYPES:
        raise Unmet("请选择类型（T01 至 T15）", "type")
    if not reason:
        raise Unmet("请写明理由", "reason")
    with transaction.atomic():
        reading = _locked(post_id)
        if reading.tier == tier and (tier == "none" or reading.type == type_):
            raise Unmet("与现在的研读相同，无须更正", "tier")
        row = Correction.objects.create(
            post_id=post_id, by=user, at=now, tier=tier, type=type_, reason=reason,
            before={"tier": reading.tier, "type": reading.type, "reasons": reading.reasons},
        )  # fmt: skip
        who = user.get_full_name() or user.username
        kept = [line for line in reading.reasons if not line.startswith(MARK)]
        _write(reading, tier, type_, [f"{MARK}{who}：{reason}", *kept])
        audit.record(user.username, "reading.corrected", f"post:{post_id}", now, correction=row.pk, tier=tier, type=type_)
    return row


def undo(post_id: int, user: User, now: datetime) -> Correction:
    """Take back one's own correction, if it is the post's last: the reading is again what it was before it."""
    with transaction.atomic():
        reading = _locked(post_id)
        row = standing(post_id)
        if row is None:
            raise Unmet("没有可撤销的更正", "post")
        if row.by_id != user.pk:
            raise Unmet(f"最后一次更正是{row.by.get_full_name() or row.by.username}作的，只能由本人撤销；也可另作更正", "post")
        row.undone_at = now
        row.save(update_fields=["undone_at"])
        _write(reading, row.before["tier"], row.before["type"], row.before["reasons"])
        audit.record(user.username, "reading.correction_undone", f"post:{post_id}", now, correction=row.pk)
    return row


def _locked(post_id: int) -> Reading:
    reading = Reading.objects.select_for_update(of=("self",)).select_related("post").filter(post_id=post_id).first()
    if reading is None:
        raise Unmet("这条信息尚未研读，无可更正", "post")
    if reading.post.withdrawn_at:
        raise Unmet("原文已撤回，不能更正", "post")
    return reading


def _write(reading: Reading, tier: str, type_: str, reasons: list[str]) -> None:
    reading.tier, reading.type, reading.reasons = tier, type_, reasons
    reading.save(update_fields=["tier", "type", "reasons"])
    Change.objects.create(post_id=reading.post_id)
