"""Who may release: the check before K1 is assigned (domain.md §2.2). The clock runs whoever it is. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Authority:
    """发布权限: a matter whose release the law gives to somebody else, or binds to a condition."""

    code: str
    name: str
    who: str  # who must release, or must agree first
    effect: str  # releases: only they may · agree: agree with them first · guard: what may not be told
    law: str
    note: str
    types: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Held:
    """One authority that applies to an event, and why."""

    code: str
    name: str
    who: str
    effect: str
    law: str
    note: str
    why: str


def gate(type_: str, flags: Iterable[str], texts: Sequence[str], authorities: Iterable[Authority]) -> list[Held]:
    """The authorities that hold for an event of this type, with these flags, spoken of in these texts."""
    flags, found = set(flags), []
    for a in authorities:
        why = []
        if type_ in a.types:
            why.append(f"类型 {type_}")
        why += [f"标记 {flag}" for flag in a.flags if flag in flags]
        why += [f"「{word}」" for word in a.words if any(word in text for text in texts)][:3]
        if why:
            held = Held(
                code=a.code, name=a.name, who=a.who, effect=a.effect, law=a.law, note=a.note, why="、".join(why)
            )
            found.append(held)
    return found


EFFECTS = {"releases": "须由{who}发布", "agree": "发布前须与{who}会商一致", "guard": "发布时须隐去"}


def sentence(who: str, effect: str, note: str, law: str, why: str) -> str:
    """One line for a message or a page: who must release, on what ground, why we think so."""
    must = EFFECTS[effect].format(who=who)
    return f"发布权限：{must}{'（' + note + '）' if note else ''}。依据 {law}；因 {why}。时限照常计算。"
