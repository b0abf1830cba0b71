"""Reads config/duties.toml."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from config.door import Table, read_toml
from sla.engine import GRADES, Duty


@dataclass(frozen=True)
class Duties:
    duties: tuple[Duty, ...]
    max_event_age: timedelta

    def by_code(self, code: str) -> Duty | None:
        return next((d for d in self.duties if d.code == code), None)


def load_duties(folder: Path) -> Duties:
    """The duties of `folder`/duties.toml. Raises ConfigError naming file, key, value and hint."""
    top, digest = read_toml(folder / "duties.toml")
    edition = f"{top.text('edition')}#{digest}"
    age = timedelta(hours=top.number("max_event_age_hours", least=1))
    tables = top.tables("duty")
    duties = tuple(_duty(table, edition) for table in tables)
    top.done()
    codes = [d.code for d in duties]
    for table, code in zip(tables, codes, strict=True):
        if codes.count(code) > 1:
            raise table.error("code", "each duty needs a code of its own")
    return Duties(duties, age)


def _duty(table: Table, edition: str) -> Duty:
    hours = table.number("hours")
    if hours <= 0:
        raise table.error("hours", "give hours above 0, for example 5")
    still = table.number("still_every_hours")
    if still <= 0:
        raise table.error("still_every_hours", "give hours above 0, for example 2")
    warnings = table.numbers("warn_minutes")
    if any(not 0 < w < hours * 60 for w in warnings):
        raise table.error("warn_minutes", f"each warning must lie inside the {hours} hours")
    grades = table.texts("grades")
    if any(g not in (*GRADES, "") for g in grades):
        raise table.error("grades", "give some of " + ", ".join(GRADES) + ', or "" for ungraded')
    duty = Duty(
        code=table.text("code"),
        name=table.text("name"),
        grades=grades,
        hours=hours,
        warn_minutes=tuple(sorted((int(w) for w in warnings), reverse=True)),
        still_every_hours=still,
        met_by=table.text("met_by", one_of=("release", "conference", "answer")),
        source=table.text("source"),
        edition=edition,
    )
    table.done()
    return duty
