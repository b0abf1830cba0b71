"""config/heat.toml as a value; refused with file, key and hint when it is wrong."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path

from analysis.heat import COLOURS, Coefficients, Level, Platform
from config.door import Table, read_toml

SHIPPED = Path(__file__).resolve().parent.parent / "config" / "heat.toml"
OUTLETS = ("authority", "media", "own", "individual")


@cache
def load_heat(folder: Path) -> Coefficients:
    """The coefficients of a policy folder; one from before there was a heat.toml uses the shipped file. Raises ConfigError."""
    path = folder / "heat.toml"
    top, _ = read_toml(path if path.exists() else SHIPPED)
    half_life = timedelta(hours=top.number("half_life_h", least=0.1))
    platforms = dict(map(_platform, top.tables("platform")))
    if "default" not in platforms:
        raise top.error("platform", 'one [[platform]] must be named "default"')
    who = top.table("outlets")
    outlets = {name: who.number(name, least=0) for name in OUTLETS}
    who.done()
    levels = top.table("levels")
    days, needs = int(levels.number("days", least=1)), int(levels.number("needs", least=1))
    marks = {colour: _level(levels.table(colour)) for colour in COLOURS}
    levels.done()
    _falling(levels, marks)
    spike = top.table("spike")
    times, least = spike.number("times", least=1), spike.number("least", least=0)
    spike.done()
    top.done()
    return Coefficients(
        half_life=half_life, platforms=platforms, outlets=outlets, levels=marks, spike_times=times, spike_least=least,
        days=days, needs=needs,
    )  # fmt: skip


def _platform(table: Table) -> tuple[str, Platform]:
    name = table.text("name")
    table.text("source")  # every coefficient is published with where it comes from
    shares = {key: table.number(key, least=0) for key in ("reposts", "comments", "likes", "reads")}
    found = Platform(**shares, cap=int(table.number("cap", 0, least=0)), times=table.number("times", 1.0, least=0))
    table.done()
    return name, found


def _level(table: Table) -> Level:
    marks = {key: table.number(key, least=0) for key in ("alone", "least", "share", "reposts")}
    if marks["share"] > 1:
        raise table.error("share", "a share is between 0 and 1")
    table.done()
    return Level(**marks)


def _falling(table: Table, marks: dict[str, Level]) -> None:
    """Red asks for more than orange, orange for more than yellow."""
    for upper, lower in pairwise(COLOURS):
        for key in ("alone", "least", "share", "reposts"):
            if getattr(marks[upper], key) < getattr(marks[lower], key):
                raise table.error(upper, f"{key} of {upper} may not be below that of {lower}")
