"""The channels, each one file. The console needs none: its deliveries are made when they are written."""

from __future__ import annotations

from alerts.channels.base import Channel
from alerts.escalation import Ladder


def channel(name: str, ladder: Ladder) -> Channel:
    """The channel `name` as `ladder` sets it up. KeyError when it is not switched on."""
    # Loaded on use: the web process imports alerts and never sends.
    settings = ladder.channels[name]
    if name == "slack":
        from alerts.channels.slack import Slack

        return Slack(settings)
    if name == "webhook":
        from alerts.channels.webhook import Webhook

        return Webhook(settings)
    from alerts.channels.email import Email

    return Email(settings)
