"""确认收到: by a person in the console or by command, or by a one-time link in a message.

Acknowledging ends the escalation of one cause. It never touches an obligation: the clock runs on
(alerting.md §2.5-9).
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Max

from alerts.models import AckLink, Alert, Delivery
from config.clock import SHANGHAI

LINK_LIFE = timedelta(hours=24)


class LinkRefused(Exception):
    """A link without effect. `code`: unknown, used, expired, settled or stale; the text is for the person."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def new_link(alert_id: int, raised_at: datetime) -> tuple[AckLink, str]:
    """An unsaved link for an alert, and its address. Only the token's hash is kept: the table opens nothing."""
    token = secrets.token_urlsafe(24)
    link = AckLink(token_hash=_hash(token), alert_id=alert_id, expires_at=raised_at + LINK_LIFE)
    return link, f"{settings.PUBLIC_URL.rstrip('/')}/ack/{token}/"


def look_up(token: str, now: datetime) -> AckLink:
    """The link, if using it now would have an effect; raises LinkRefused.

    Changes nothing: mail scanners and chat previews open every link, so the page asks and only its
    button uses it.
    """
    link = AckLink.objects.select_related("alert").filter(token_hash=_hash(token)).first()
    if link is None:
        raise LinkRefused("unknown", "链接无效，请从最新的告警消息中打开，或登录系统确认。")
    if link.used_at:
        raise LinkRefused("used", f"此链接已于 {_moment(link.used_at)} 使用过，告警已确认。")
    if link.alert.stood_down_at:
        raise LinkRefused("settled", "此事项已办结，无需再确认。")
    _refuse_stale(link.alert)
    if now >= link.expires_at:
        raise LinkRefused("expired", f"链接已于 {_moment(link.expires_at)} 过期，请登录系统确认。")
    return link


def use(token: str, now: datetime, user: AbstractBaseUser | None = None) -> Alert:
    """Acknowledge by link, once. `user` is the person logged in, if any. Raises LinkRefused."""
    with transaction.atomic():
        link = look_up(token, now)
        if not AckLink.objects.filter(id=link.id, used_at=None).update(used_at=now):
            raise LinkRefused("used", "此链接已使用过，告警已确认。")
        return acknowledge(link.alert, user, now)


def acknowledge(alert: Alert, user: AbstractBaseUser | None, now: datetime) -> Alert:
    """Mark every open step of the alert's cause as acknowledged and cancel what of it is not sent yet.

    Idempotent: a second acknowledgement changes nothing and the first name stays.
    """
    with transaction.atomic():
        # Waits for a step being written at this moment, so that it is acknowledged too (PostgreSQL).
        list(Alert.objects.select_for_update().filter(cause=alert.cause).values_list("id", flat=True))
        steps = Alert.objects.filter(cause=alert.cause, acked_at=None)
        ids = list(steps.values_list("id", flat=True))
        steps.update(acked_at=now, acked_by=user)
        unsent = Delivery.objects.filter(alert_id__in=ids, state__in=Delivery.UNSENT)
        unsent.update(state=Delivery.State.CANCELLED, reason="已确认收到", settled_at=now)
    alert.refresh_from_db()
    return alert


def _refuse_stale(alert: Alert) -> None:
    """A button of an earlier step says so and does nothing: whoever was told later has it now."""
    later = Alert.objects.filter(cause=alert.cause, level__gt=alert.level, raised_at__gt=alert.raised_at)
    highest = later.aggregate(level=Max("level"))["level"]
    if highest and not alert.acked_at:
        raise LinkRefused("stale", f"已升级至第 {highest} 级，此确认无效。请登录系统确认，或由该级领导确认。")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _moment(instant: datetime) -> str:
    return f"{instant.astimezone(SHANGHAI):%m月%d日 %H:%M}"
