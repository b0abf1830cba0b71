"""The policy files as one value, read at start; a mistake in any of them stops the start (config.door.ConfigError)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from alerts.channel_settings import with_saved
from alerts.policy import Ladder, load_ladder
from analysis.grading import Edition
from analysis.policy import load_editions
from archive.retention import Retention, load_retention
from sla.policy import Duties, load_duties


@dataclass(frozen=True)
class Policy:
    folder: Path
    duties: Duties
    edition: Edition
    ladder: Ladder
    retention: Retention


def live_policy(folder: Path) -> Policy:
    """The same with what the console says of the channels (alerts.models.ChannelSetting). Needs the tables."""
    policy = load_policy(folder)
    return replace(policy, ladder=with_saved(policy.ladder, folder))


def load_policy(folder: Path) -> Policy:
    return Policy(folder, load_duties(folder), load_editions(folder)["bureau"], load_ladder(folder), load_retention(folder))
