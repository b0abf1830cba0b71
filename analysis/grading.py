"""How grave an event is by the clauses of an edition of config/grades.toml, with clause, quotes and reasons. Pure.

Never from heat or sentiment: only stated facts. The engine proposes; a named person confirms (design.md §6).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from analysis.facts import Facts, Figure

GRADES = ("一般", "较大", "重大", "特别重大")  # rank order, lightest first
RANK: dict[str | None, int] = {None: 0} | {grade: i for i, grade in enumerate(GRADES, 1)}

# What a clause may count, with the word and unit the page shows. The last four are made of several figures.
MEASURES = {
    "deaths": ("死亡", "人"), "serious": ("重伤", "人"), "injured": ("受伤", "人"), "poisoned": ("中毒", "人"),
    "participants": ("参与", "人"), "loss_yuan": ("损失", "元"), "hostages": ("被劫持", "人"), "endangered": ("被困", "人"),
    "moved": ("转移", "人"), "deaths_missing": ("死亡及失踪", "人"), "hurt": ("受伤合计", "人"), "deaths_ever": ("死亡", "人"),
}  # fmt: skip
# Flags that follow from figures rather than from words.
DERIVED = ("death", "poisoning")


@dataclass(frozen=True, kw_only=True)
class Clause:
    """One clause: `grade` when `low` <= quantity < `high` (None = no upper end), for these types, flags and switch."""

    id: str
    grade: str
    quantity: str
    low: float
    high: float | None
    types: tuple[str, ...]
    needs: tuple[str, ...]
    unless: tuple[str, ...]
    text: str
    source: str
    effective: date
    unconfirmed: bool
    on: bool

    def speaks_of(self, type_: str, flags: frozenset[str]) -> bool:
        return (
            self.on
            and (not self.types or type_ in self.types)
            and flags.issuperset(self.needs)
            and flags.isdisjoint(self.unless)
        )

    def holds(self, value: int) -> bool:
        return value >= self.low and (self.high is None or value < self.high)


@dataclass(frozen=True, kw_only=True)
class Edition:
    """One edition of the thresholds: its name, the hash of its file, the clauses, and what is said when none speaks."""

    name: str
    hash: str
    clauses: tuple[Clause, ...]
    floor: str


@dataclass(frozen=True, kw_only=True)
class Quote:
    text: str
    post_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A proposed grade (None = nothing to grade) with the clause that gives it, quoted evidence and reasons."""

    grade: str | None
    clause: str
    edition: str
    evidence: tuple[Quote, ...]
    reasons: tuple[str, ...]


def graver(a: str | None, b: str | None) -> bool:
    """Whether grade `a` is graver than `b`; no grade is the lightest."""
    return RANK[a] > RANK[b]


def propose(type_: str, facts: Facts, happened: bool, edition: Edition) -> Proposal:
    """The highest grade any clause of `edition` gives (或者 between columns), on the highest plausible figures."""
    made_by = f"{edition.name}#{edition.hash}"
    if not happened:
        reason = "无须定级：表扬、通知、演练或已辟谣，没有发生需要定级的事"
        return Proposal(grade=None, clause="", edition=made_by, evidence=(), reasons=(reason,))
    notes = tuple(_notes(facts))
    flags = _flags(facts)
    best: tuple[Clause, Figure] | None = None
    for clause in edition.clauses:
        figure = _figure(facts, clause.quantity)
        if figure is None or not clause.speaks_of(type_, flags) or not clause.holds(figure.top):
            continue
        if best is None or _before(clause, best[0]):
            best = clause, figure
    if best is None:
        return Proposal(grade=GRADES[0], clause=edition.floor, edition=made_by, evidence=(), reasons=notes)
    clause, figure = best
    return Proposal(
        grade=clause.grade,
        clause=clause.text,
        edition=made_by,
        evidence=_quotes(figure),
        reasons=(*_why(clause, figure, edition), *notes),
    )


def _before(new: Clause, old: Clause) -> bool:
    """Graver first; among equals a confirmed clause is the better reason."""
    return (RANK[new.grade], not new.unconfirmed) > (RANK[old.grade], not old.unconfirmed)


def _flags(facts: Facts) -> frozenset[str]:
    derived = {"death": facts.deaths, "poisoning": facts.poisoned}
    return frozenset(facts.flags) | {name for name, figure in derived.items() if figure}


def _figure(facts: Facts, quantity: str) -> Figure | None:
    if quantity == "deaths_missing":
        return _sum(facts.deaths, facts.missing)
    if quantity == "hurt":
        whole = _sum(_sum(facts.serious, facts.light), None)
        return max((f for f in (facts.injured, whole) if f), key=lambda f: f.top, default=None)
    if quantity == "deaths_ever":
        return max((f for f in (facts.deaths, facts.past_deaths) if f), key=lambda f: f.top, default=None)
    figure: Figure | None = getattr(facts, quantity)
    return figure


def _sum(a: Figure | None, b: Figure | None) -> Figure | None:
    if a is None or b is None:
        return a or b
    high = None if a.high is None or b.high is None else a.high + b.high
    return Figure(low=a.low + b.low, high=high, quote=f"{a.quote}｜{b.quote}", post_id=a.post_id)


def _quotes(figure: Figure) -> tuple[Quote, ...]:
    """A figure drawn from two statements carries both, parted by ｜."""
    return tuple(Quote(text=part, post_id=figure.post_id) for part in figure.quote.split("｜"))


def _why(clause: Clause, figure: Figure, edition: Edition) -> Iterator[str]:
    word, unit = MEASURES[clause.quantity]
    yield f"{word} {_said(figure)}{unit}（“{figure.quote}”），依 {clause.text}"
    if figure.high is None:
        yield f"数字为“不少于”，暂按 {figure.low} {unit}定级"
    elif figure.low != figure.high:
        yield f"说法为 {figure.low} 至 {figure.high} {unit}，暂按最高的 {figure.high} {unit}定级"
    if clause.unconfirmed:
        yield f"条文待核：{clause.source}"


def _said(figure: Figure) -> str:
    if figure.high is None:
        return f"≥{figure.low} "
    return f"{figure.low} " if figure.low == figure.high else f"{figure.low}-{figure.high} "


def _notes(facts: Facts) -> Iterator[str]:
    """What a person should know beside the clause."""
    if "many_dead" in facts.flags and facts.deaths is None:
        yield "文中称“多人死亡”，人数不明，请尽快核实"
    if not any((facts.deaths, facts.serious, facts.injured, facts.missing, facts.loss_yuan, facts.participants)):
        yield "文中没有伤亡、参与人数或损失的数字"
    if facts.past_deaths:
        yield f"“{facts.past_deaths.quote}”属旧事或其他案件，不计入"
    if facts.suspects:
        yield f"“{facts.suspects.quote}”为嫌疑人，不计入伤亡"
    if "none_hurt" in facts.flags:
        yield "有发布方称无人员伤亡" if facts.deaths or facts.injured else "文中称无人员伤亡"
    for quote in facts.superseded:
        yield f"此前的“{quote}”已由发布方更正"
    if "denied" in facts.flags:
        yield "文中有辟谣或更正，被否定的数字不计入"
