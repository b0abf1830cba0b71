"""What the console says of the channels, laid over the file's: the file's `enabled = false` stays the last word."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from django.db.models import Max

from alerts.channel_policy import CHANNELS, Entry, entries_of
from alerts.ladder import Ladder
from alerts.models import ChannelSetting
from config.door import ConfigError

log = logging.getLogger(__name__)


def with_saved(ladder: Ladder, folder: Path) -> Ladder:
    """`ladder` with the channels as the page has them. A row that no longer fits leaves its channel off, and says so."""
    saved = {row.channel: row for row in ChannelSetting.objects.all()}
    if not saved:
        return ladder
    on = dict(ladder.channels)
    for name, entry in entries_of(folder).items():
        if name not in saved or not entry.enabled:
            continue
        on.pop(name, None)
        try:
            found = entry.saying(saved[name].values).settings() if saved[name].enabled else None
        except ConfigError as e:
            log.error("channel %s is off: %s", name, e)
            continue
        if found:
            on[name] = found
    return replace(ladder, channels={name: on[name] for name in CHANNELS if name in on})


def newest() -> datetime | None:
    """When a channel was last changed on the page."""
    at: datetime | None = ChannelSetting.objects.aggregate(at=Max("changed_at"))["at"]
    return at


def saved_entry(entry: Entry) -> Entry:
    """The file's entry with what the page says of its addresses."""
    row = ChannelSetting.objects.filter(channel=entry.name).first()
    return entry.saying(row.values) if row else entry
