"""Slack: chat.postMessage with Block Kit (alerting.md §6.1)."""

from __future__ import annotations

import http.client
import logging
import urllib.error
from collections.abc import Callable, Mapping
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web import SlackResponse

from alerts.channels.base import SPARE, TIMEOUT, DeliveryFailed, Parcel, Sent, http_failure, reveal, seconds
from alerts.ladder import ChannelSettings
from alerts.rendering import MAYBE_TWICE, SLACK_ACK

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
# Who we are was refused, not what we said.
SETUP = {
    "invalid_auth",
    "not_authed",
    "account_inactive",
    "token_expired",
    "token_revoked",
    "missing_scope",
    "no_permission",
    "not_allowed_token_type",
    "access_denied",
    "org_login_required",
}
API = "https://slack.com/api/"
# The SDK's own lines hold whole answers, and with them tickets and messages; what matters we say ourselves.
SILENT = logging.getLogger("huiying.slack_sdk")
# Not `disabled`: whoever configures logging afterwards would switch it on again.
SILENT.addFilter(lambda record: False)


class Slack:
    name = "slack"
    recognises_copies = False  # Slack has no idempotency key
    lease_s = 2 * TIMEOUT + SPARE  # connecting, then sending and reading

    def __init__(self, settings: ChannelSettings) -> None:
        self._options = settings.options

    def send(self, parcel: Parcel) -> Sent:
        answer = self._call(
            lambda client: client.chat_postMessage(channel=parcel.address, **self._dressed(parcel))
        )
        where = [answer.get("channel"), answer.get("ts")]
        return Sent(provider_id=":".join(filter(None, where)), http=200, changeable=all(where))

    def redraw(self, provider_id: str, body: dict[str, Any]) -> None:
        """Change a message that was sent (`provider_id` = "channel:ts"). Raises DeliveryFailed."""
        place, _, ts = provider_id.partition(":")
        self._call(lambda client: client.chat_update(channel=place, ts=ts, **body))

    def whisper(self, place: str, user: str, text: str) -> None:
        """Say something to one person in a conversation. Raises DeliveryFailed."""
        self._call(lambda client: client.chat_postEphemeral(channel=place, user=user, text=text))

    def web_client(self) -> WebClient:
        # The SDK's own handler repeats a request after a reset connection: only the outbox may do that.
        base_url = (self._options["base_url"] or API).rstrip("/") + "/"
        return WebClient(
            reveal(self._options["token"]), base_url=base_url, timeout=int(TIMEOUT), retry_handlers=[], logger=SILENT
        )

    def _call(self, what: Callable[[WebClient], SlackResponse]) -> SlackResponse:
        try:
            return what(self.web_client())
        except SlackApiError as e:
            raise _judged(e) from None
        except (urllib.error.URLError, http.client.HTTPException, OSError) as e:
            raise _network(e) from None
        except SlackRequestError:
            raise DeliveryFailed("slack: 请求无法组成，请检查 HUIYING_SLACK_URL", permanent=True) from None

    def _dressed(self, parcel: Parcel) -> dict[str, Any]:
        """The stored body with the delivery's key as metadata, so that a person or a script can find its copies.

        A possible copy gets one block in front, and nothing else changes.
        """
        note_of_key = {"event_type": "huiying_delivery", "event_payload": {"key": parcel.key}}
        body = parcel.body | {"metadata": note_of_key}
        if interactive(self._options):
            body["blocks"] = [_clickable(block) for block in body["blocks"]]
        if not parcel.maybe_twice:
            return body
        note = {"type": "context", "elements": [{"type": "plain_text", "text": MAYBE_TWICE}]}
        return body | {"text": MAYBE_TWICE + body["text"], "blocks": [note, *body["blocks"]]}


def interactive(options: Mapping[str, Any]) -> bool:
    """Whether clicks on buttons come back to us, by Socket Mode or by signed HTTP."""
    return bool(options.get("app_token") or options.get("signing_secret"))


def _clickable(block: dict[str, Any]) -> dict[str, Any]:
    """Where clicks come back, the button acknowledges at once instead of opening its link."""
    if block["type"] != "actions":
        return block
    elements = [
        {k: v for k, v in e.items() if k != "url"} if e.get("action_id") == SLACK_ACK else e
        for e in block["elements"]
    ]
    return block | {"elements": elements}


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
        permanent=error not in PASSING | SETUP,
        unsure=error in UNSURE,
        http=200,
        code=error,
        retry_after=seconds(wait),
        setup=error in SETUP,
    )


def _network(e: Exception) -> DeliveryFailed:
    # urllib wraps only what fails up to the end of sending into URLError: that request was not complete.
    cause = e.reason if isinstance(e, urllib.error.URLError) else e
    what = type(cause).__name__
    return DeliveryFailed(f"slack: 连接失败（{what}）", unsure=cause is e, code=what)
