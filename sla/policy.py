"""Reads config/duties.toml and config/calendar.toml."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from config.door import ConfigError, Table, read_toml
from sla.authority import EFFECTS, Authority
from sla.calendar import Calendar
from sla.engine import GRADES, Duty

LONGEST_CODE, LONGEST_UNIT = 12, 60  # what the table's columns hold


MET_BY = ("release", "conference", "answer", "continuing", "record")


@dataclass(frozen=True)
class Duties:
    duties: tuple[Duty, ...]
    max_event_age: timedelta
    calendar: Calendar
    authorities: tuple[Authority, ...] = ()
    exempt_roles: tuple[str, ...] = ()

    def by_code(self, code: str) -> Duty | None:
        return next((d for d in self.duties if d.code == code), None)


def load_duties(folder: Path) -> Duties:
    """The duties of `folder`/duties.toml with its calendar. Raises ConfigError naming file, key, value and hint."""
    top, digest = read_toml(folder / "duties.toml")
    edition = f"{top.text('edition')}#{digest}"
    age = timedelta(hours=top.number("max_event_age_hours", least=1))
    exempt_roles = top.texts("exempt_roles", ("centre_head", "bureau_leader"))
    tables = top.tables("duty")
    duties = tuple(_duty(table, edition) for table in tables)
    authorities = tuple(_authority(table) for table in top.tables("authority", []))
    top.done()
    codes = [d.code for d in duties]
    for table, code in zip(tables, codes, strict=True):
        if codes.count(code) > 1:
            raise table.error("code", "each duty needs a code of its own")
    return Duties(duties, age, load_calendar(folder), authorities, exempt_roles)


def _duty(table: Table, edition: str) -> Duty:
    subject = table.text("subject", "event", one_of=("event", "letter", "unit"))
    hours = table.number("hours", 0)
    days, working_days = (table.number(key, 0, least=0) for key in ("days", "working_days"))
    every = table.text("every", "", one_of=("", "quarter", "half_year", "year"))
    if table.has("hours") and hours <= 0:
        raise table.error("hours", "give hours above 0, for example 5")
    if subject == "event" and not hours:
        raise table.error("hours", "missing; an event's duty is measured in elapsed hours, for example 5")
    if sum(bool(n) for n in (hours, days, working_days)) != 1 and not every:
        raise table.error("hours", "give one of hours, days, working_days")
    if (subject == "unit") != bool(every):
        raise table.error("every", 'give every = "quarter", "half_year" or "year" with subject = "unit", and only then')
    if days != int(days) or working_days != int(working_days):
        raise table.error("days" if days != int(days) else "working_days", "give whole days")
    still = table.number("still_every_hours")
    if still <= 0:
        raise table.error("still_every_hours", "give hours above 0, for example 2")
    warnings = table.numbers("warn_minutes")
    longest = hours * 60 or days * 1440 or 180 * 1440
    if any(not 0 < w < longest for w in warnings):
        raise table.error("warn_minutes", f"each warning must lie inside the {longest / 60:g} hours")
    grades = table.texts("grades", () if subject != "event" else ...)
    if any(g not in (*GRADES, "") for g in grades):
        raise table.error("grades", "give some of " + ", ".join(GRADES) + ', or "" for ungraded')
    code = table.text("code")
    if len(code) > LONGEST_CODE:
        raise table.error("code", f"give at most {LONGEST_CODE} characters")
    units = table.texts("units", ())
    if any(len(unit) > LONGEST_UNIT for unit in units):
        raise table.error("units", f"give names of at most {LONGEST_UNIT} characters")
    duty = Duty(
        code=code,
        name=table.text("name"),
        grades=grades,
        hours=hours,
        warn_minutes=tuple(sorted((int(w) for w in warnings), reverse=True)),
        still_every_hours=still,
        met_by=table.text("met_by", one_of=MET_BY),
        source=table.text("source"),
        edition=edition,
        days=int(days),
        working_days=int(working_days),
        statutory=table.flag("statutory", True),
        reminder=table.flag("reminder", False),
        subject=subject,
        every=every,
        units=units,
        post=table.text("post", "", one_of=("", "head", "deputy")),
    )
    if (duty.met_by == "record") != (subject != "event"):
        raise table.error("met_by", 'an event is answered by release, conference, answer or continuing; others by "record"')
    table.done()
    return duty


def _authority(table: Table) -> Authority:
    made = Authority(
        code=table.text("code"),
        name=table.text("name"),
        who=table.text("who"),
        effect=table.text("effect", one_of=tuple(EFFECTS)),
        law=table.text("law"),
        note=table.text("note", ""),
        types=table.texts("types", ()),
        flags=table.texts("flags", ()),
        words=table.texts("words", ()),
    )
    table.done()
    return made


def load_calendar(folder: Path) -> Calendar:
    """config/calendar.toml. Raises ConfigError naming key, value and hint."""
    top, _ = read_toml(folder / "calendar.toml")
    top.text("edition")
    off: set[date] = set()
    work: set[date] = set()
    years: set[int] = set()
    provisional: set[int] = set()
    for table in top.tables("year"):
        year = int(table.number("year", least=2000))
        if year in years:
            raise table.error("year", "each year once")
        years.add(year)
        table.text("source")
        if not table.flag("official"):
            provisional.add(year)
        off |= {day for text in table.texts("off") for day in _days(table, "off", text, year)}
        work |= {day for text in table.texts("work") for day in _days(table, "work", text, year)}
        table.done()
        if both := off & work:
            raise table.error("work", f"{min(both)} cannot be a day off and a working day")
    top.done()
    if not years:
        raise ConfigError("calendar.toml", "year", None, "give at least one [[year]]")
    return Calendar(frozenset(off), frozenset(work), frozenset(years), frozenset(provisional))


def _days(table: Table, key: str, text: str, year: int) -> list[date]:
    """"02-10..02-17" or "06-10" of that year."""
    first, _, last = text.partition("..")
    try:
        start = date.fromisoformat(f"{year}-{first}")
        end = date.fromisoformat(f"{year}-{last or first}")
    except ValueError:
        raise table.error(key, f'{text!r} is no day; give "10-01" or "10-01..10-07"') from None
    if end < start:
        raise table.error(key, f"{text!r} ends before it starts")
    return [start + timedelta(days=n) for n in range((end - start).days + 1)]
