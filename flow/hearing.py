"""What the engine does beside sending: replacements for lost messages, Slack's buttons, messages drawn anew."""

from __future__ import annotations

import logging
from collections.abc import Callable

from alerts import channel_settings, replacing
from alerts.ladder import Ladder
from config import clock

log = logging.getLogger(__name__)


def works(ladder: Ladder, begin_anew: Callable[[], None]) -> list[tuple[str, Callable[[], bool], float]]:
    """(name, work, seconds between two of it) of each beat these channels need.

    `begin_anew` ends the engine, whose parent starts it again: channels saved on the page hold within seconds.
    """
    known = channel_settings.newest()

    def look_for_changes() -> bool:
        if channel_settings.newest() != known:
            log.warning("channels were changed on the page; starting anew with them")
            begin_anew()
        return False

    found: list[tuple[str, Callable[[], bool], float]] = [
        ("replace", lambda: replacing.sweep(ladder, clock.now()) > 0, 1.0),
        ("channel-settings", look_for_changes, 2.0),
    ]
    if slack := ladder.channels.get("slack"):
        # Loaded here only: nobody else needs the SDK's socket.
        from flow.chat import Chat
        from flow.slack_socket import Socket

        found.append(("slack-chat", Chat(ladder).beat, 1.0))
        if slack.options.get("app_token"):
            found.append(("slack-socket", Socket(slack).beat, 2.0))
    return found
