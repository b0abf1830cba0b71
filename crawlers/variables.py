"""Whose environment variables a source reads with: secrets never stand in a source's settings, only where they are."""

from __future__ import annotations

import re

from archive.models import Source

PREFIX = re.compile(r"HUIYING_[A-Z0-9_]{1,40}")


def prefix_of(source: Source, usual: str) -> str:
    """How the names of its variables begin: options.variables, for a second account of its own, else `usual`."""
    prefix = str(source.options.get("variables") or usual)
    return prefix if PREFIX.fullmatch(prefix) else usual
