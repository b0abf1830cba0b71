"""The signed one-time link of a message: acknowledges without a log-in, once, while it still means something.

Acknowledging ends the paging of one step. It never touches an obligation: the clock runs on (alerting.md §2.5-9).
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.core.signing import BadSignature, Signer
from django.db import transaction

from alerts import paging
from alerts.models import AckLink, Alert, Delivery
from config.clock import SHANGHAI

LINK_LIFE = timedelta(hours=24)


class LinkRefused(Exception):
    """A link without effect. `code`: forged, unknown, used, expired, settled or stale; the text is for the person."""

    def __init__(self, code: str, text: str, alert: Alert | None = None) -> None:
        super().__init__(text)
        self.code, self.alert = code, alert

    @property
    def status(self) -> int:
        """401: it opens nothing here. 409: it did, and what it was made for is past."""
        return 401 if self.code in ("forged", "unknown", "expired") else 409


def _signer() -> Signer:
    # "." is no letter of the signature's alphabet, and mail programs leave it alone within an address.
    return Signer(sep=".", salt="alerts.acks")


def new_link(alert_id: int, raised_at: datetime) -> tuple[AckLink, str]:
    """An unsaved link for an alert, and its address. Only the token's hash is kept: the table opens nothing."""
    token = _signer().sign(secrets.token_urlsafe(24))
    link = AckLink(token_hash=hashed(token), alert_id=alert_id, expires_at=raised_at + LINK_LIFE)
    return link, f"{settings.PUBLIC_URL.rstrip('/')}/ack/{token}/"


def look_up(token: str, now: datetime) -> AckLink:
    """The link, if using it now would have an effect; raises LinkRefused.

    Changes nothing: mail scanners and chat previews open every link, so the page asks and only its
    button uses it.
    """
    try:
        _signer().unsign(token)
    except BadSignature:
        raise LinkRefused("forged", "链接无效：不是本系统发出的。请从最新的告警消息中打开，或登录系统确认。") from None
    link = AckLink.objects.select_related("alert__event").filter(token_hash=hashed(token)).first()
    if link is None:
        raise LinkRefused("unknown", "链接无效，请从最新的告警消息中打开，或登录系统确认。")
    alert = link.alert
    if link.used_at:
        raise LinkRefused("used", f"此链接已于 {_moment(link.used_at)} 使用过，告警已确认。", alert)
    if alert.stood_down_at:
        raise LinkRefused("settled", "此事项已办结，无需再确认。", alert)
    newest = paging.head(alert.cause)
    # A button of an earlier step says so and does nothing: whoever was told later has it now.
    if newest.level > alert.level and newest.raised_at > alert.raised_at and not alert.acked_at:
        raise LinkRefused(
            "stale", f"已升级至第 {newest.level} 级，此确认无效。请登录系统确认，或由该级领导确认。", alert
        )
    if now >= link.expires_at:
        raise LinkRefused("expired", f"链接已于 {_moment(link.expires_at)} 过期，请登录系统确认。", alert)
    return link


def use(token: str, now: datetime, user: User | None = None) -> Alert:
    """Acknowledge by link, once. `user` is the person logged in, if any. Raises LinkRefused."""
    with transaction.atomic():
        paging.lock([look_up(token, now).alert.cause])
        link = look_up(token, now)  # again, now that no step can come between
        if not AckLink.objects.filter(id=link.id, used_at=None).update(used_at=now):
            raise LinkRefused("used", "此链接已使用过，告警已确认。", link.alert)
        # Whoever pressed it has read that very message.
        Delivery.objects.filter(key=link.delivery_key).update(receipt="L4")
        return paging.acknowledge(link.alert, user, now)


def read_in_console(alert: Alert, user: User) -> None:
    """L4 for the inbox entries this person has answered: their own, else those of the role they stand for."""
    entries = Delivery.objects.filter(alert__cause=alert.cause, channel="console")
    own = entries.filter(user_id=user.pk)
    (own if own.exists() else entries.filter(user=None)).update(receipt="L4")


def hashed(token: str) -> str:
    """How a token is kept: the table opens nothing."""
    return hashlib.sha256(token.encode()).hexdigest()


def _moment(instant: datetime) -> str:
    return f"{instant.astimezone(SHANGHAI):%m月%d日 %H:%M}"
