"""How long a post keeps its body, by who said it (config/retention.toml, design.md §6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from config.door import read_toml

OUTLETS = ("authority", "media", "own", "individual")
LONGEST_EXCERPT = 2000


@dataclass(frozen=True, kw_only=True)
class Retention:
    """Days that a body is kept, by outlet; what is left of it then; how long a closed event still protects its posts."""

    body_days: dict[str, int]
    excerpt_chars: int
    after_close: timedelta
    edition: str

    def cutoff(self, outlet: str, now: datetime) -> datetime:
        """What this outlet published before is due."""
        return now - timedelta(days=self.body_days[outlet])


def load_retention(folder: Path) -> Retention:
    """Raises ConfigError naming file, key, value and hint."""
    table, digest = read_toml(folder / "retention.toml")
    chars = int(table.number("excerpt_chars", least=0))
    if chars > LONGEST_EXCERPT:
        raise table.error("excerpt_chars", f"an excerpt has at most {LONGEST_EXCERPT} characters")
    close = timedelta(days=table.number("after_close_days", least=0))
    days = table.table("body_days")
    kept = {outlet: int(days.number(outlet, least=1)) for outlet in OUTLETS}
    days.done()
    table.done()
    return Retention(body_days=kept, excerpt_chars=chars, after_close=close, edition=digest)


def excerpt(body: str, chars: int) -> str:
    """The beginning of a body; … says that it was cut."""
    return body if len(body) <= chars else body[:chars] + "…"


def digest(body: str) -> str:
    """Proves later what a body was."""
    return sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
