"""Reads config/escalation.toml and the environment variables it names."""

from __future__ import annotations

import re
from datetime import time, timedelta
from pathlib import Path

from alerts.channel_policy import CHANNELS, FILE, load_channels
from alerts.escalation import CONSOLE, FINAL_KINDS, OTHER_GRADES, Ladder, Level
from alerts.ladder import Quiet, Snooze
from alerts.messages import KINDS
from config.door import ConfigError, Table, read_toml
from sla.engine import GRADES

LEVELS = 4
LONGEST_MINUTES = 7 * 24 * 60
TIME_OF_DAY = r"([01]\d|2[0-3]):[0-5]\d"
# Past a warning nobody may put an alert off, whatever the file says.
WARNINGS = ("near", "missed", "still_missed")
# Kinds that may be told to keep quiet at night; an alert of a grave event never is, whatever its kind.
LOW_KINDS = ("source_silent", "saved_search", "met", "system")


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
        repeats=_repeats(top.table("repeat", {})),
        ack_timeouts=_ack_timeouts(top.table("ack_timeout", {OTHER_GRADES: 0})),
        snooze=_snooze(top.table("snooze", {"max_minutes": 0, "times": 0, "never": []})),
        quiet=_quiet(top.table("quiet")) if top.has("quiet") else None,
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
    if not texts or not all(re.fullmatch(TIME_OF_DAY, text) for text in texts):
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


def _repeats(tables: Table) -> dict[str, dict[str, timedelta]]:
    found = {}
    for kind, table in tables.items():
        _known_kind(tables, kind, ("default",))
        found[kind] = {grade: _some_minutes(table, grade, least=1) for grade in _grades(table)}
        table.done()
    if "default" not in found:
        hint = f'missing; give [repeat.default] with "{OTHER_GRADES}" = 240: paging never ends in silence'
        raise ConfigError(FILE, "repeat.default", None, hint)
    return found


def _some_minutes(table: Table, key: str, *, least: int) -> timedelta:
    minutes = table.number(key)
    if not least <= minutes <= LONGEST_MINUTES:
        raise table.error(key, f"give a number of minutes from {least} to {LONGEST_MINUTES}")
    return timedelta(minutes=minutes)


def _ack_timeouts(table: Table) -> dict[str, timedelta]:
    found = {grade: _some_minutes(table, grade, least=0) for grade in _grades(table)}
    table.done()
    return found


def _snooze(table: Table) -> Snooze:
    never = table.texts("never")
    if not set(never) <= {*KINDS, *GRADES}:
        raise table.error("never", "give kinds and grades, some of " + ", ".join((*KINDS, *GRADES)))
    found = Snooze(
        longest=_some_minutes(table, "max_minutes", least=0),
        times=int(table.number("times", least=0)),
        never=frozenset((*never, *WARNINGS)),
    )
    table.done()
    return found


def _quiet(table: Table) -> Quiet:
    kinds = table.texts("kinds")
    if not set(kinds) <= set(LOW_KINDS):
        raise table.error("kinds", "only these may wait for morning: " + ", ".join(LOW_KINDS))
    starts, ends = (_time_of_day(table, key) for key in ("from", "to"))
    if starts == ends:
        raise table.error("to", "give another time than `from`; leave out [quiet] to have no quiet hours")
    table.done()
    return Quiet(starts=starts, ends=ends, kinds=frozenset(kinds))


def _time_of_day(table: Table, key: str) -> time:
    text = table.text(key)
    if not re.fullmatch(TIME_OF_DAY, text):
        raise table.error(key, 'give a time of day, for example "22:00"')
    return time.fromisoformat(text)


def _known_kind(tables: Table, kind: str, others: tuple[str, ...]) -> None:
    known = (*others, *(k for k in KINDS if k not in FINAL_KINDS))
    if kind not in known:
        raise tables.error(kind, "unknown kind; known: " + ", ".join(known))


def _grades(table: Table) -> list[str]:
    """The grades a table speaks of: always 其余, so that no grade is ever without a value."""
    if not table.has(OTHER_GRADES):
        raise table.error(OTHER_GRADES, "missing; it holds for every grade not named")
    return [OTHER_GRADES, *(grade for grade in GRADES if table.has(grade))]
