"""Numbers that a text says of people harmed, missing, gathered or moved, each with its quoted words.

`harms` cuts a sentence into numbers, harms and cues, `attribution` gives each harm its number; here the cues say to
what time and whose word a number belongs: another time, a statistic, a supposition, a denial, a correction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from analysis.attribution import numbers_of
from analysis.harms import DENIAL, HARMS, JUDGED, Token, cut, hinted

__all__ = ["JUDGED", "Figure", "find", "hinted"]

_SENTENCE = re.compile(r"[^。！？!?\n]+")
# A sentence of more tokens than this is no prose.
PER_SENTENCE = 150
CROWD = 3  # 聚众 is three or more; one man 打砸 is no crowd
_SPOT, _LATER = re.compile("当场|现场"), re.compile("抢救无效|医治无效|送医|医院|不治")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number somebody stated. `high` None = open upwards (以上, 余, 多); low == high = exact.

    `official`: an authority says so. Where hearsay exceeds it, the figure is a range of both, its quotes parted by ｜.
    """

    low: int
    high: int | None
    quote: str
    post_id: int | None = None
    official: bool = False

    @property
    def top(self) -> int:
        """The highest plausible value; an open figure can only be taken at what it says at least."""
        return self.low if self.high is None else self.high


@dataclass(slots=True)
class Found:
    """All figures of one text by kind; those of another time; those of suspects; and what was said about nobody."""

    now: dict[str, list[Figure]] = field(default_factory=dict)
    past: dict[str, list[Figure]] = field(default_factory=dict)
    mended: dict[str, Figure] = field(default_factory=dict)
    refuted: set[tuple[str, int]] = field(default_factory=set)
    flags: set[str] = field(default_factory=set)


def find(text: str, year: int, month: int, *, fresh: bool = False) -> Found:
    """Every figure of `text`, posted in that year and month (Asia/Shanghai).

    `fresh`: the text dates the deed in the days before the post, so that a judgment named beside it (前科) does not make
    its figures history.
    """
    found = Found()
    sentences = [
        list(islice(cut(text, *m.span(), year, month), PER_SENTENCE))
        for m in _SENTENCE.finditer(text)
        if hinted(m[0]) or DENIAL.search(m[0])
    ]
    denied_anywhere = any(t.kind in ("deny", "refute") for sentence in sentences for t in sentence)
    for sentence in sentences:
        judged = not fresh and any(t.kind == "judged" for t in sentence)
        _read_sentence(text, sentence, found, hearsay=denied_anywhere, judged=judged)
    if found.refuted:
        found.flags.add("denied")
        _withdraw(found)
    return found


def _withdraw(found: Found) -> None:
    """A number denied in one sentence is denied wherever the text repeats it."""
    for kind, claims in list(found.now.items()):
        left = [c for c in claims if (kind, c.low) not in found.refuted]
        if left:
            found.now[kind] = left
        else:
            del found.now[kind]


def _read_sentence(text: str, tokens: list[Token], found: Found, *, hearsay: bool, judged: bool) -> None:
    kinds = {t.kind for t in tokens}
    if "calm" in kinds:
        found.flags.update(_calm(text, tokens))
    if not kinds & (HARMS.keys() | {"shot"}):
        return
    claims = _added(text, tokens, _claims(text, tokens))
    dead = {at for kind, _, at in claims if kind == "deaths"}
    for kind, figure, at in claims:
        if kind in ("missing", "endangered") and at in dead:
            continue  # 失联8人已遇难: they are no longer missing
        scope = _scope(tokens, at)
        if scope == "mend":
            found.mended[kind] = figure
        elif scope != "reset" and _refuted(text, tokens, at, hearsay):
            found.refuted.add((kind, figure.low))
        elif scope == "past" or judged:
            found.past.setdefault(kind, []).append(figure)
        elif scope != "none":
            found.now.setdefault(kind, []).append(figure)


def _claims(text: str, tokens: list[Token]) -> list[tuple[str, Figure, int]]:
    claims: list[tuple[str, Figure, int]] = []
    clause: list[Token] = []
    before: list[Token] = []
    for token in [*tokens, Token("comma", len(text), len(text))]:
        if token.kind != "comma":
            clause.append(token)
        elif clause:
            claims += _read_clause(text, clause, before)
            before, clause = clause, []
    return claims


def _refuted(text: str, tokens: list[Token], at: int, hearsay: bool) -> bool:
    """Whether the number at `at` is denied: by 系谣言 behind it, 辟谣 or 并非 before it, or as hearsay of a denied story.

    A denial of something else in the same sentence (12人死亡, 网传30人死亡系谣言) leaves it standing.
    """
    rumoured = [t for t in tokens if t.kind == "rumour"]
    if any(t.start < at for t in rumoured) and (
        hearsay or any(t.kind in ("refute", "deny") for t in tokens)
    ):
        return True
    for t in tokens:
        if t.kind == "refute" and t.start > at and not rumoured and text.count("，", at, t.start) <= 1:
            return True
        if t.kind == "deny" and t.end <= at and "，" not in text[t.end : at]:
            return True
        if t.kind == "not" and t.end <= at <= t.end + 4:
            return True
    return False


def _calm(text: str, tokens: list[Token]) -> Iterator[str]:
    for t in tokens:
        said = text[t.start : t.end]
        if t.kind == "calm" and not re.search("其[他它]|新增|进一步|不明|不详|待核|正在|尚在|仍在", said):
            yield "none_hurt"


def _scope(tokens: list[Token], at: int) -> str:
    """What the cues before position `at` make of a number there: now, reset, past, none or mend."""
    scope = "now"
    for t in tokens:
        if t.start >= at:
            break
        if t.kind in ("reset", "mend", "past"):
            scope = t.kind
        elif t.kind in ("stat", "suppose", "unlike"):
            scope = "none"
    return scope


def _read_clause(text: str, clause: list[Token], before: list[Token]) -> list[tuple[str, Figure, int]]:
    claims = []
    for i, harm in enumerate(clause):
        if harm.kind not in HARMS and harm.kind != "shot":
            continue
        taken = harm.gave or numbers_of(text, clause, i, before)
        if not taken:
            continue
        harm.gave = taken
        for t in taken:
            t.used = True
        kind = harm.kind
        if kind == "shot" or (kind == "deaths" and all(t.suspect for t in taken)):
            kind = "suspects"
        elif kind == "deaths":
            taken = [t for t in taken if not t.suspect]
        start = min(harm.start, taken[0].start)
        end = max(harm.end, taken[-1].end)
        high = None if any(t.high is None for t in taken) else sum(t.high or 0 for t in taken)
        if kind == "participants" and sum(t.high or t.low for t in taken) < CROWD:
            continue
        figure = Figure(low=sum(t.low for t in taken), high=high, quote=text[start:end].strip())
        claims.append((kind, figure, taken[-1].start))
    return claims


def _added(
    text: str, tokens: list[Token], claims: list[tuple[str, Figure, int]]
) -> list[tuple[str, Figure, int]]:
    """3人当场死亡，另有2人送医后死亡 adds up; a later 其中 or a repetition does not."""
    deaths = list({c[2]: c for c in claims if c[0] == "deaths"}.values())
    if len(deaths) != 2 or any(t.kind == "part" for t in tokens):
        return claims
    (_, one, at_one), (_, two, at_two) = deaths
    if at_two - at_one > 45:
        return claims
    between = text[at_one:at_two]
    spot = _SPOT.search(one.quote + text[max(0, at_one - 4) : at_one]) and _LATER.search(two.quote + between)
    other = any(t.kind == "again" and at_one < t.start < at_two and at_two - t.end <= 4 for t in tokens)
    if not (spot or other) or one.high is None or two.high is None:
        return claims
    start = text.find(one.quote)
    end = text.find(two.quote, start) + len(two.quote)
    both = Figure(low=one.low + two.low, high=one.high + two.high, quote=text[start:end])
    return [*claims, ("deaths", both, at_two)]
