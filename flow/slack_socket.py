"""Slack's Socket Mode: clicks come in over a connection that we open, so an office network needs no way in.

slack_sdk's built-in client speaks the protocol and follows Slack's own requests to reconnect; this beat opens the
connection, closes one that has gone silent, and waits between tries. Any connection of the app may get a click, and
gets it again until it is answered: flow.callbacks lets each have its effect once.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from django.db import connection
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from alerts.channels.base import DeliveryFailed, reveal
from alerts.channels.slack import SILENT, Slack
from alerts.ladder import ChannelSettings
from alerts.models import ChannelTest
from config import clock
from flow import callbacks, handling

log = logging.getLogger(__name__)

PING_S = 2.0
IDLE_S = 10.0  # a connection that answers no ping for so long is dead though it looks open
WAITS = (1, 5, 15, 60)  # seconds after the 1st, 2nd… connection that failed
BY = "socket"  # who "tested" in the row that tells the connection's state


class Socket:
    """One connection of this process. `beat` keeps it; `close` ends it."""

    def __init__(self, settings: ChannelSettings) -> None:
        self._settings = settings
        self._client: SocketModeClient | None = None
        self._opened = self._not_before = 0.0
        self._session = ""
        self._failures = 0
        self._told: str | None = None

    def beat(self) -> bool:
        now = time.monotonic()
        if self._client and self._alive(self._client, now):
            return False
        if now < self._not_before:
            return False
        self.close()
        try:
            self._client = self._open()
            self._opened, self._failures = time.monotonic(), 0
            self._tell("")
        except (DeliveryFailed, SlackApiError, OSError, ValueError) as e:
            wait = WAITS[min(self._failures, len(WAITS) - 1)]
            self._failures, self._not_before = self._failures + 1, now + wait
            self._tell(_words(e))
        return False

    def close(self) -> None:
        client, self._client = self._client, None
        if client:
            _end(client)

    def _alive(self, client: SocketModeClient, now: float) -> bool:
        if not client.is_connected():
            return False
        session = client.current_session
        if session and session.session_id != self._session:  # Slack asked for a new one meanwhile
            self._session, self._opened = session.session_id, now
        ponged = session.last_ping_pong_time if session else None
        # Until the first answer, the age of the connection counts: one may be dead from its beginning.
        silent = time.time() - ponged if ponged else now - self._opened
        return silent < IDLE_S

    def _open(self) -> SocketModeClient:
        web = Slack(self._settings).web_client()
        client = SocketModeClient(
            reveal(self._settings.options["app_token"]), logger=SILENT, web_client=web, auto_reconnect_enabled=False,
            ping_interval=PING_S, concurrency=2,
        )  # fmt: skip
        client.socket_mode_request_listeners.append(_clicked)
        try:
            client.connect()
            if not client.is_connected():
                raise ConnectionError("no handshake")
        except BaseException:
            _end(client)
            raise
        return client

    def _tell(self, trouble: str) -> None:
        """One row and one line for each change, not for each try."""
        if trouble == self._told:
            return
        self._told = trouble
        (log.warning if trouble else log.info)("slack socket: %s", trouble or "connected")
        ChannelTest.objects.create(
            channel="slack", address="Socket Mode", at=clock.real_now(), by=BY, ok=not trouble,
            words=f"按钮长连接断开：{trouble}"[:300] if trouble else "按钮长连接已建立",
        )  # fmt: skip


def _end(client: SocketModeClient) -> None:
    try:
        client.close()
    except Exception:
        # A thread of its own closed the same socket at the same moment; the second call ends what is left.
        client.close()


def _words(e: Exception) -> str:
    """What went wrong, without addresses or tokens."""
    if isinstance(e, SlackApiError):
        error = e.response.data.get("error") if isinstance(e.response.data, dict) else None
        return str(error or e.response.status_code)[:60]
    return str(e) if isinstance(e, DeliveryFailed) else type(e).__name__


def _clicked(client: BaseSocketModeClient, request: SocketModeRequest) -> None:
    """Runs in the SDK's pool. Written down first, answered then: a click is repeated until it is answered."""
    try:
        if request.type == "interactive":
            _take(request.payload)
    except Exception as e:
        # Not answered: Slack tells the person, and may send it again.
        log.error("slack click not taken: %s", type(e).__name__)
        return
    finally:
        connection.close()  # the SDK's threads live on idle between two clicks
    client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))


def _take(payload: dict[str, Any]) -> None:
    now = clock.now()
    try:
        callbacks.slack_click(payload, now)
    except callbacks.Refused as e:
        handling.refused_from_outside(e.code, str(payload.get("container", "")), now)
