"""Reads config/escalation.toml and the environment variables it names."""

from __future__ import annotations

import re
from datetime import time, timedelta
from pathlib import Path

from alerts.channel_policy import CHANNELS, load_channels
from alerts.escalation import CONSOLE, FINAL_KINDS, OTHER_GRADES, Ladder, Level
from alerts.messages import KINDS
from config.door import ConfigError, Table, read_toml
from sla.engine import GRADES

FILE = "escalation.toml"
LEVELS = 4


def load_ladder(folder: Path) -> Ladder:
    """The ladder of `folder`/escalation.toml with the channels that are switched on.

    Raises ConfigError naming file (or "environment"), key, value and hint.
    """
    top, digest = read_toml(folder / FILE)
    levels = _levels(top)
    ladder = Ladder(
        levels=levels,
        escalates=_escalates(top),
        delays=_delays(top.table("delay"), len(levels)),
        at_once=_at_once(top.table("at_once", {}), len(levels)),
        shift_starts=_shift_starts(top),
        channels=load_channels(top.table("channel", {})),
        edition=f"{top.text('edition')}#{digest}",
        contact_test_before=timedelta(minutes=top.number("contact_test_minutes", 60, least=0)),
    )
    top.done()
    return ladder


def _levels(top: Table) -> tuple[Level, ...]:
    tables = top.tables("level")
    if len(tables) != LEVELS:
        raise ConfigError(FILE, "level", len(tables), f"give {LEVELS} tables [[level]], lowest first")
    levels = tuple(_level(n, table) for n, table in enumerate(tables, 1))
    for table, level in zip(tables, levels, strict=True):
        if sum(other.role == level.role for other in levels) > 1:
            raise table.error("role", "each level needs a role of its own")
    return levels


def _level(n: int, table: Table) -> Level:
    channels = table.texts("channels", (CONSOLE,))
    if CONSOLE not in channels:
        raise table.error("channels", f'"{CONSOLE}" must be among them: it is the inbox that cannot fail')
    if not set(channels) <= {CONSOLE, *CHANNELS}:
        raise table.error("channels", "give some of " + ", ".join((CONSOLE, *CHANNELS)))
    level = Level(
        n=n, role=table.text("role"), name=table.text("name"), channels=tuple(dict.fromkeys(channels))
    )
    table.done()
    return level


def _escalates(top: Table) -> frozenset[str]:
    kinds = top.texts("escalates")
    possible = [kind for kind in KINDS if kind not in FINAL_KINDS]
    if not set(kinds) <= set(possible):
        raise top.error("escalates", "give some of " + ", ".join(possible))
    return frozenset(kinds)


def _shift_starts(top: Table) -> tuple[time, ...]:
    texts = top.texts("shift_starts")
    if not texts or not all(re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text) for text in texts):
        raise top.error("shift_starts", 'give times of day, for example ["08:00", "20:00"]')
    starts = tuple(time.fromisoformat(text) for text in texts)
    if list(starts) != sorted(set(starts)):
        raise top.error("shift_starts", "give each time once, earliest first")
    return starts


def _delays(tables: Table, levels: int) -> dict[str, dict[str, tuple[timedelta, ...]]]:
    found = {}
    for kind, table in tables.items():
        _known_kind(tables, kind, ("default",))
        found[kind] = {grade: _minutes(table, grade, levels) for grade in _grades(table)}
        table.done()
    if "default" not in found:
        raise ConfigError(
            FILE,
            "delay.default",
            None,
            f'missing; give [delay.default] with "{OTHER_GRADES}" = [30, 60, 120]',
        )
    return found


def _minutes(table: Table, grade: str, levels: int) -> tuple[timedelta, ...]:
    minutes = table.numbers(grade)
    if not minutes or len(minutes) >= levels or any(m <= 0 for m in minutes):
        raise table.error(grade, f"give 1 to {levels - 1} numbers of minutes above 0, one per level")
    return tuple(timedelta(minutes=m) for m in minutes)


def _at_once(tables: Table, levels: int) -> dict[str, dict[str, int]]:
    found = {}
    for kind, table in tables.items():
        _known_kind(tables, kind, ())
        found[kind] = {grade: _highest(table, grade, levels) for grade in _grades(table)}
        table.done()
    return found


def _highest(table: Table, grade: str, levels: int) -> int:
    n = table.number(grade)
    if n not in range(1, levels + 1):
        raise table.error(grade, f"give a level from 1 to {levels}")
    return int(n)


def _known_kind(tables: Table, kind: str, others: tuple[str, ...]) -> None:
    known = (*others, *(k for k in KINDS if k not in FINAL_KINDS))
    if kind not in known:
        raise tables.error(kind, "unknown kind; known: " + ", ".join(known))


def _grades(table: Table) -> list[str]:
    """The grades a table speaks of: always 其余, so that no grade is ever without a value."""
    if not table.has(OTHER_GRADES):
        raise table.error(OTHER_GRADES, "missing; it holds for every grade not named")
    return [OTHER_GRADES, *(grade for grade in GRADES if table.has(grade))]
