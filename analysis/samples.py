"""Texts of labelled and unlabelled data files, as posts for the reader."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analysis.reading import PostText


def plain_post(text: str, published: str = "2026-01-01T12:00:00+08:00") -> PostText:
    """A text of the data files (title, newline, body) as a post of a newspaper."""
    title, _, body = text.partition("\n")
    at = datetime.fromisoformat(published).astimezone(UTC)
    return PostText(
        title=title,
        body=body,
        published_at=at,
        site="",
        source_home="",
        outlet="media",
        platform="news",
        region="",
        is_repost=False,
    )


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a JSONL file, gzipped or plain."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
