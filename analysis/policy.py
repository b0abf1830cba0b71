"""Reads the editions of config/grades.toml; a mistake stops the start, named with file, key, value and hint."""

from __future__ import annotations

import re
from pathlib import Path

from analysis.facts import FLAGS
from analysis.grading import DERIVED, GRADES, MEASURES, RANK, Clause, Edition
from config.door import Table, read_toml

EDITIONS = ("bureau", "labels")
_TYPE = re.compile(r"T(0[1-9]|1[0-5])")


def load_editions(folder: Path) -> dict[str, Edition]:
    """`grades.toml` of the policy folder as {"bureau": …, "labels": …}; ConfigError for any mistake."""
    table, digest = read_toml(folder / "grades.toml")
    editions = {key: _edition(table.table(key), digest) for key in EDITIONS}
    table.done()
    return editions


def _edition(table: Table, digest: str) -> Edition:
    name, floor = table.text("name"), table.text("floor")
    clauses: list[Clause] = []
    seen: set[str] = set()
    for group in table.tables("group"):
        group.text("id")
        clauses += _group(group, seen)
        group.done()
    if not clauses:
        raise table.error("group", "give at least one clause")
    table.done()
    return Edition(name=name, hash=digest, clauses=tuple(clauses), floor=floor)


def _group(group: Table, seen: set[str]) -> list[Clause]:
    types = group.texts("types", ())
    if wrong := [t for t in types if not _TYPE.fullmatch(t)]:
        raise group.error("types", f"{wrong[0]} is no type; give T01 to T15")
    source, effective = group.text("source"), group.day("effective")
    unconfirmed = group.flag("unconfirmed", False)
    clauses: list[Clause] = []
    for row in group.tables("clauses"):
        clause = Clause(
            id=row.text("id"),
            grade=row.text("grade", one_of=GRADES),
            quantity=row.text("quantity", one_of=tuple(MEASURES)),
            low=row.number("low", least=1),
            high=row.number("high", None),
            types=types,
            needs=_flags(row, "needs"),
            unless=_flags(row, "unless"),
            text=row.text("text"),
            source=source,
            effective=effective,
            unconfirmed=unconfirmed,
            on=row.flag("on", True),
        )
        row.done()
        _check(clause, clauses, seen, row)
        clauses.append(clause)
    return clauses


def _flags(row: Table, key: str) -> tuple[str, ...]:
    flags = row.texts(key, ())
    known = (*FLAGS, *DERIVED)
    if wrong := [f for f in flags if f not in known]:
        raise row.error(key, f"{wrong[0]} is no flag; known: {', '.join(sorted(known))}")
    return flags


def _check(new: Clause, others: list[Clause], seen: set[str], row: Table) -> None:
    """One id once; a range has a width; ranges of one column neither overlap nor stand in the wrong order."""
    if new.id in seen:
        raise row.error("id", "this id is used twice")
    seen.add(new.id)
    if new.high is not None and new.high <= new.low:
        raise row.error("high", f"give a number above low ({new.low:g}), or leave it out")
    for old in others:
        if (old.quantity, old.needs, old.unless) != (new.quantity, new.needs, new.unless):
            continue
        graver, lighter = (new, old) if RANK[new.grade] > RANK[old.grade] else (old, new)
        if graver.grade == lighter.grade:
            raise row.error("grade", f"{old.id} already gives {new.grade} for {new.quantity}")
        if lighter.high is None or lighter.high > graver.low:
            raise row.error(
                "low",
                f"{graver.id} ({graver.grade}) must begin where {lighter.id} ({lighter.grade}) has ended: "
                "ranges of one column may not overlap, and the graver one is the higher",
            )
