"""What channels report back: clicks in Slack, receipts of a gateway. Each thing has its effect once (alerts.models.Inbox).

Signatures are checked by whoever received it (check_slack, check_report); from there on a copy, a late or a foreign
callback changes nothing and says why.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from slack_sdk.signature import Clock, SignatureVerifier

from alerts import acks, replacing
from alerts.channels.webhook import key_of, signature
from alerts.ladder import Ladder
from alerts.models import AckLink, Contact, Delivery, Inbox
from alerts.rendering import SLACK_ACK
from config.clock import real_now
from flow import handling

WINDOW = timedelta(minutes=5)  # how old a signed callback may be
State = Delivery.State


class Refused(Exception):
    """A callback without effect. `code`: forged, expired, malformed, replayed, foreign; `status` for its sender."""

    STATUS = {"forged": 401, "expired": 401, "malformed": 400, "replayed": 409, "foreign": 409}

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code, self.status = code, self.STATUS[code]


def check_slack(body: bytes, stamp: str, signed: str, secret: str) -> None:
    """Raises Refused unless Slack signed this within the last five minutes."""
    _fresh(stamp)
    if not SignatureVerifier(secret, _Now()).is_valid(body, stamp, signed):
        raise Refused("forged", "签名不符")


class _Now(Clock):
    def now(self) -> float:
        return real_now().timestamp()


def check_report(body: bytes, stamp: str, signed: str, secret: str) -> None:
    """Raises Refused unless the holder of the webhook's shared secret signed this within the last five minutes."""
    _fresh(stamp)
    right = "sha256=" + signature(secret, stamp, body)
    # As bytes: a header may hold anything, and comparing texts wants ASCII.
    if not hmac.compare_digest(right.encode(), signed.encode(errors="replace")):
        raise Refused("forged", "签名不符")


def _fresh(stamp: str) -> None:
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) < 12):
        raise Refused("forged", "缺少时间戳")
    if abs(real_now().timestamp() - int(stamp)) > WINDOW.total_seconds():
        raise Refused("expired", "时间戳超出五分钟，请核对双方时钟")


def slack_click(payload: dict[str, Any], now: datetime) -> str | None:
    """Acknowledge by a click on a message's button; in words what it did, None for clicks that ask for nothing.

    A stale button has no effect, and the person is told why (flow.chat sends `reply_to` its outcome).
    """
    click = _click(payload)
    if click is None:
        return None
    place, ts, person, token, external_id = click
    with transaction.atomic():
        row = _once("slack", external_id)
        try:
            _refuse_foreign(token, f"{place}:{ts}")
            alert = handling.acknowledge_by_link(token, _user("slack", person), now)
            row.outcome = f"已确认 {alert.key}"
        except (acks.LinkRefused, Refused) as e:
            handling.refused_from_outside(e.code, token, now)
            row.outcome, row.reply_to = str(e)[:300], f"{place}:{person}"
        row.save(update_fields=["outcome", "reply_to"])
    return row.outcome


def _click(payload: dict[str, Any]) -> tuple[str, str, str, str, str] | None:
    """(conversation, message, person, button value, id of this very click). Raises Refused (malformed)."""
    try:
        if payload["type"] != "block_actions":
            return None
        action = next((a for a in payload["actions"] if a["action_id"] == SLACK_ACK), None)
        if action is None:
            return None
        container, person = payload["container"], payload["user"]["id"]
        fields = [container["channel_id"], container["message_ts"], person, action["value"], action["action_ts"]]
    except (KeyError, TypeError):
        raise Refused("malformed", "不是约定的格式") from None
    if not all(isinstance(f, str) and 0 < len(f) <= 120 for f in fields):
        raise Refused("malformed", "不是约定的格式")
    place, ts, person, value, action_ts = fields
    return place, ts, person, value, hashlib.sha256(f"{place}:{ts}:{person}:{action_ts}".encode()).hexdigest()


def _refuse_foreign(token: str, where: str) -> None:
    """The button must stand on the message it was sent in, not on a copy made elsewhere."""
    link = AckLink.objects.filter(token_hash=acks.hashed(token)).first()
    sent = Delivery.objects.filter(key=link.delivery_key, channel="slack").first() if link else None
    if sent and sent.provider_id and sent.provider_id != where:
        raise Refused("foreign", "此按钮不在原消息上，请在原消息中确认，或登录系统确认。")


def _user(channel: str, address: str) -> User | None:
    """Whose address this is, when exactly one active person has it."""
    found = Contact.objects.filter(channel=channel, address=address, user__is_active=True).select_related("user")[:2]
    return found[0].user if len(found) == 1 else None


def receipt(body: bytes, ladder: Ladder, now: datetime) -> str:
    """What a gateway reports of a delivery: {"id", "delivery", "status": delivered | read | failed, "code"}.

    `id` names this report, `delivery` is the X-Huiying-Delivery it was sent with. Raises Refused.
    """
    report = _report(body)
    with transaction.atomic():
        row = _once("webhook", report["id"])
        delivery = Delivery.objects.filter(channel="webhook", key=key_of(report["delivery"]))
        found = delivery.first()
        if found is None:
            raise Refused("foreign", "没有这样一条经此渠道的消息")
        if report["status"] == "failed":
            row.outcome = _not_delivered(found, str(report.get("code") or "")[:40], ladder, now)
        else:
            # A report ends the doubt about a try that had no answer: it need not be sent again.
            open_ones = delivery.filter(state__in=Delivery.UNSENT, settled_at=None)
            open_ones.update(state=State.SENT, reason="", settled_at=now)
            delivery.exclude(receipt="L4").update(receipt="L3")
            row.outcome = f"已送达终端 {found.key}"[:300]
        row.save(update_fields=["outcome"])
    return row.outcome


def _report(body: bytes) -> dict[str, Any]:
    try:
        report = json.loads(body)
    except ValueError:
        report = None
    if not isinstance(report, dict):
        raise Refused("malformed", "正文须为 JSON 对象")
    for field, longest in (("id", 200), ("delivery", 700)):
        if not isinstance(report.get(field), str) or not 0 < len(report[field]) <= longest:
            raise Refused("malformed", f"{field} 须为 1 至 {longest} 字的文本")
    if report.get("status") not in ("delivered", "read", "failed"):
        raise Refused("malformed", "status 须为 delivered、read 或 failed")
    return report


def _not_delivered(row: Delivery, code: str, ladder: Ladder, now: datetime) -> str:
    """The gateway took it and could not deliver it: a failure like any other, so another channel takes over."""
    reason = f"网关回报未送达{f'（{code}）' if code else ''}"
    heard = Delivery.objects.filter(id=row.id).exclude(receipt__in=["L3", "L4"]).exclude(state=State.CANCELLED)
    if heard.update(state=State.FAILED, reason=reason, settled_at=now, lease_token="", lease_until=None):
        replacing.start(row.id, reason, ladder, now)
    return f"{reason} {row.key}"[:300]


def _once(source: str, external_id: str) -> Inbox:
    """The row of this thing; raises Refused when it came in before."""
    try:
        with transaction.atomic():
            return Inbox.objects.create(source=source, external_id=external_id, at=real_now())
    except IntegrityError:
        raise Refused("replayed", "已经收到过，未重复处理") from None
