"""Slack: chat.postMessage with Block Kit (alerting.md §6.1)."""

from __future__ import annotations

import http.client
import urllib.error
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackRequestError

from alerts.channels.base import TIMEOUT, DeliveryFailed, Parcel, Sent, http_failure, seconds
from alerts.escalation import ChannelSettings
from alerts.rendering import MAYBE_TWICE

# HTTP 200 with {"ok": false}. Only these may pass by themselves; every other error needs a person.
PASSING = {
    "ratelimited",
    "rate_limited",
    "internal_error",
    "service_unavailable",
    "request_timeout",
    "fatal_error",
}
UNSURE = {"fatal_error", "internal_error"}  # "some aspect may have succeeded"
API = "https://slack.com/api/"


class Slack:
    name = "slack"
    recognises_copies = False  # Slack has no idempotency key
    lease_s = 2 * TIMEOUT + 5  # connecting, then sending and reading

    def __init__(self, settings: ChannelSettings) -> None:
        base_url = (settings.options["base_url"] or API).rstrip("/") + "/"
        # The SDK's own handler repeats a request after a reset connection: only the outbox may do that.
        self._client = WebClient(
            settings.options["token"], base_url=base_url, timeout=int(TIMEOUT), retry_handlers=[]
        )

    def send(self, parcel: Parcel) -> Sent:
        try:
            answer = self._client.chat_postMessage(channel=parcel.address, **_marked(parcel))
        except SlackApiError as e:
            raise _judged(e) from None
        except (urllib.error.URLError, http.client.HTTPException, OSError) as e:
            raise _network(e) from None
        except SlackRequestError:
            raise DeliveryFailed("slack: 请求无法组成，请检查 HUIYING_SLACK_URL", permanent=True) from None
        return Sent(provider_id=":".join(filter(None, (answer.get("channel"), answer.get("ts")))), http=200)


def _marked(parcel: Parcel) -> dict[str, Any]:
    """The stored body; a possible copy gets one block in front, and nothing else changes."""
    if not parcel.maybe_twice:
        return parcel.body
    note = {"type": "context", "elements": [{"type": "plain_text", "text": MAYBE_TWICE}]}
    return parcel.body | {"text": MAYBE_TWICE + parcel.body["text"], "blocks": [note, *parcel.body["blocks"]]}


def _judged(e: SlackApiError) -> DeliveryFailed:
    status, data = e.response.status_code, e.response.data
    wait = next((v for k, v in e.response.headers.items() if k.lower() == "retry-after"), None)
    if status != 200:
        return http_failure("slack", status, wait)
    # The SDK puts a sentence there when the answer was no JSON; Slack's own errors are single words.
    if not isinstance(data, dict) or " " in str(data.get("error", " ")):
        return DeliveryFailed("slack: 回复不是约定的格式", unsure=True, http=200, code="not_json")
    error = data["error"][:60]
    return DeliveryFailed(
        f"slack: {error}",
        permanent=error not in PASSING,
        unsure=error in UNSURE,
        http=200,
        code=error,
        retry_after=seconds(wait),
    )


def _network(e: Exception) -> DeliveryFailed:
    # urllib wraps only what fails up to the end of sending into URLError: that request was not complete.
    cause = e.reason if isinstance(e, urllib.error.URLError) else e
    what = type(cause).__name__
    return DeliveryFailed(f"slack: 连接失败（{what}）", unsure=cause is e, code=what)
