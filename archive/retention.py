"""How long a post keeps its body, by who said it (config/retention.toml, design.md §6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from config.door import read_toml

OUTLETS = ("authority", "media", "own", "individual")
LONGEST_EXCERPT = 2000


# Days, where the file does not say (written before these keys were there).
RECORDS = {"uneventful": 3, "runs": 90, "imports": 3650, "import_rejections": 365, "spells": 1095}


@dataclass(frozen=True)
class Records:
    """Days that records of reading and importing are kept, by kind."""

    days: dict[str, int]

    def cutoff(self, kind: str, now: datetime) -> datetime:
        """What is older than this is due."""
        return now - timedelta(days=self.days[kind])


@dataclass(frozen=True, kw_only=True)
class Retention:
    """Days that a body is kept, by outlet; what is left of it then; how long a closed event still protects its posts."""

    body_days: dict[str, int]
    excerpt_chars: int
    after_close: timedelta
    edition: str
    records: Records

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
    section = table.table("records", {})
    records = Records({kind: int(section.number(kind, usual, least=1)) for kind, usual in RECORDS.items()})
    section.done()
    table.done()
    return Retention(body_days=kept, excerpt_chars=chars, after_close=close, edition=digest, records=records)


def excerpt(body: str, chars: int) -> str:
    """The beginning of a body; … says that it was cut."""
    return body if len(body) <= chars else body[:chars] + "…"


def digest(body: str) -> str:
    """Proves later what a body was."""
    return sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
