"""What the engine does beside sending: replacements for lost messages, Slack's buttons, messages drawn anew."""

from __future__ import annotations

from collections.abc import Callable

from alerts import replacing
from alerts.ladder import Ladder
from config import clock


def works(ladder: Ladder) -> list[tuple[str, Callable[[], bool], float]]:
    """(name, work, seconds between two of it) of each beat these channels need."""
    found: list[tuple[str, Callable[[], bool], float]] = [
        ("replace", lambda: replacing.sweep(ladder, clock.now()) > 0, 1.0)
    ]
    if slack := ladder.channels.get("slack"):
        # Loaded here only: nobody else needs the SDK's socket.
        from flow.chat import Chat
        from flow.slack_socket import Socket

        found.append(("slack-chat", Chat(ladder).beat, 1.0))
        if slack.options.get("app_token"):
            found.append(("slack-socket", Socket(slack).beat, 2.0))
    return found
