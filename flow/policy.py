"""The policy files as one value, read at start; a mistake in any of them stops the start (config.door.ConfigError)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alerts.policy import Ladder, load_ladder
from analysis.grading import Edition
from analysis.policy import load_editions
from sla.policy import Duties, load_duties


@dataclass(frozen=True)
class Policy:
    folder: Path
    duties: Duties
    edition: Edition
    ladder: Ladder


def load_policy(folder: Path) -> Policy:
    return Policy(folder, load_duties(folder), load_editions(folder)["bureau"], load_ladder(folder))
