"""A signed webhook, for SMS gateways and whatever else a bureau runs.

The request body is the stored body as JSON (sorted keys, UTF-8). Headers: X-Huiying-Delivery and Idempotency-Key
(the same for every try of one delivery), X-Huiying-Timestamp (seconds), X-Huiying-Signature = "sha256=" + hex
HMAC-SHA256 with the shared secret over timestamp + "." + body. A receiver checks the signature, refuses old
timestamps, and drops known ids. It may report back what became of the message: flow/callbacks.py.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from urllib.parse import quote, unquote

from alerts.channels.base import SPARE, TIMEOUT, DeliveryFailed, Parcel, Sent, reveal
from alerts.channels.http import post, serialised
from alerts.ladder import ChannelSettings
from config.clock import real_now


class Webhook:
    name = "webhook"
    recognises_copies = True
    lease_s = 3 * TIMEOUT + SPARE  # connecting, sending, reading

    def __init__(self, settings: ChannelSettings) -> None:
        self._options = settings.options

    def send(self, parcel: Parcel) -> Sent:
        content = serialised(parcel.body)
        stamp, own_id = str(int(real_now().timestamp())), public_id(parcel.key)
        headers = {
            "X-Huiying-Delivery": own_id,
            "Idempotency-Key": own_id,
            "X-Huiying-Timestamp": stamp,
            "X-Huiying-Signature": "sha256=" + signature(reveal(self._options["secret"]), stamp, content),
        }
        _check_business(post(self.name, reveal(self._options["url"]), content, headers, timeout=TIMEOUT))
        return Sent(provider_id=own_id, http=200)


def signature(secret: str, stamp: str, content: bytes) -> str:
    return hmac.new(secret.encode(), stamp.encode() + b"." + content, hashlib.sha256).hexdigest()


def public_id(key: str) -> str:
    """A delivery's key as a header can carry it: keys may hold Chinese, headers are ASCII."""
    return quote(key, safe=":/@-._~")


def key_of(public: str) -> str:
    """The delivery's key that a receiver names in its report."""
    return unquote(public)


def _check_business(answer: bytes) -> None:
    """Gateways answer HTTP 200 to what they refuse: {"errcode": 45009} or {"ok": false} is a failure."""
    try:
        said = json.loads(answer)
    except ValueError:
        return  # no promise of JSON was made
    if not isinstance(said, dict):
        return
    code = said.get("errcode", 0)
    if code not in (0, "0") or said.get("ok") is False:
        # Which of a gateway's codes pass by themselves is not known here, so all are tried again.
        shown = str(code or said.get("error") or "ok=false")[:60]
        raise DeliveryFailed("webhook: 对方回复失败", http=200, code=shown)
