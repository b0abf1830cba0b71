"""A signed webhook, for SMS gateways and whatever else a bureau runs.

The request body is the stored body as JSON (sorted keys, UTF-8). Headers: X-Huiying-Delivery (the same for every
try of one delivery), X-Huiying-Timestamp (seconds), X-Huiying-Signature = "sha256=" + hex HMAC-SHA256 with the
shared secret over timestamp + "." + body. A receiver checks the signature, refuses old timestamps, and drops
known ids.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import time
from typing import Any

import httpx

from alerts.channels.base import TIMEOUT, DeliveryFailed, Parcel, Sent, http_failure
from alerts.escalation import ChannelSettings
from config.clock import real_now

# They log whole addresses, and ours may hold a key.
for _library in ("httpx", "httpcore"):
    logging.getLogger(_library).setLevel(logging.WARNING)

MOST_READ = 64 * 1024  # of an answer; a receiver that sends more is not answering


class Webhook:
    name = "webhook"
    recognises_copies = True
    lease_s = 3 * TIMEOUT + 5  # connecting, sending, reading

    def __init__(self, settings: ChannelSettings) -> None:
        self._url, self._secret = settings.options["url"], settings.options["secret"]

    def send(self, parcel: Parcel) -> Sent:
        content = serialised(parcel.body)
        stamp = str(int(real_now().timestamp()))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "X-Huiying-Delivery": _header_id(parcel.key),
            "X-Huiying-Timestamp": stamp,
            "X-Huiying-Signature": "sha256=" + signature(self._secret, stamp, content),
        }
        try:
            status, wait, answer = self._post(content, headers)
        except httpx.ConnectError as e:
            raise DeliveryFailed(f"webhook: 连接失败（{type(e).__name__}）", code=type(e).__name__) from None
        except httpx.HTTPError as e:
            raise DeliveryFailed(
                f"webhook: 无回应（{type(e).__name__}）", unsure=True, code=type(e).__name__
            ) from None
        if not 200 <= status < 300:
            raise http_failure("webhook", status, wait)
        _check_business(answer, status)
        return Sent(http=status)

    def _post(self, content: bytes, headers: dict[str, str]) -> tuple[int, str | None, bytes]:
        """Status, Retry-After and the beginning of the answer; redirects are not followed."""
        deadline = time.monotonic() + TIMEOUT
        answer = b""
        with httpx.stream("POST", self._url, content=content, headers=headers, timeout=TIMEOUT) as response:
            for piece in response.iter_bytes(4096):
                answer += piece
                if len(answer) > MOST_READ:
                    break
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("the answer trickles")
            return response.status_code, response.headers.get("Retry-After"), answer


def serialised(body: dict[str, Any]) -> bytes:
    """The one form of a body: the same bytes at every try."""
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def signature(secret: str, stamp: str, content: bytes) -> str:
    return hmac.new(secret.encode(), stamp.encode() + b"." + content, hashlib.sha256).hexdigest()


def _header_id(key: str) -> str:
    """Headers are ASCII; keys may hold Chinese log-in names."""
    return key if key.isascii() else hashlib.sha256(key.encode()).hexdigest()


def _check_business(answer: bytes, status: int) -> None:
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
        raise DeliveryFailed("webhook: 对方回复失败", http=status, code=shown)
