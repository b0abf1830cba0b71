"""The tree of a query, and the tree as text again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from config.clock import SHANGHAI

HEATS = ("blue", "yellow", "orange", "red")  # by rank from 1
HEAT_WORDS = {"blue": "蓝", "yellow": "黄", "orange": "橙", "red": "红"}


@dataclass(frozen=True)
class Everything:
    """The empty query."""


@dataclass(frozen=True)
class Text:
    """A string to be found; `field` is title, body, source, or "" for title and body.

    With `prefix` its last word or number may go on (`covid*`); a last run of Han characters always may.
    """

    text: str
    field: str = ""
    prefix: bool = False


@dataclass(frozen=True)
class Near:
    """Two strings, in either order, with at most `distance` characters (words, numbers) between them."""

    left: tuple[Text, ...]  # any of them
    right: tuple[Text, ...]
    distance: int


@dataclass(frozen=True)
class Tag:
    """A value that must be equal: grade, event (digits), platform (code), type (T01…), unit, place, topic (names)."""

    field: str
    value: str


@dataclass(frozen=True)
class Range:
    """`low` <= value <= `high`; None is open. `field` time (seconds since 1970), heat (1 blue … 4 red), reposts."""

    field: str
    low: int | None
    high: int | None


@dataclass(frozen=True)
class Ids:
    """Posts by number: what our own code found to match. Never typed."""

    ids: frozenset[int]


@dataclass(frozen=True)
class Within:
    """Two search terms of one field, `first` then `second` with at most `slop` terms between them, or in the other order
    with at most slop - 2 (what a phrase query with slop means in both engines). Never typed: narrows what NEAR looks at.
    """

    first: str
    second: str
    slop: int
    field: str


@dataclass(frozen=True)
class Not:
    part: Node


@dataclass(frozen=True)
class And:
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Or:
    parts: tuple[Node, ...]


Node = Everything | Text | Near | Tag | Range | Ids | Within | Not | And | Or


@dataclass(frozen=True, kw_only=True)
class Filter:
    """What narrows a search beside its text. `start` <= published_at < `end` (aware); within a tuple any value fits."""

    start: datetime | None = None
    end: datetime | None = None
    sources: tuple[str, ...] = ()
    grades: tuple[str, ...] = ()
    events: tuple[int, ...] = ()
    platforms: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


def positive_texts(node: Node) -> list[Text]:
    """The strings whose presence makes a hit, for marking them: those under an even number of NOTs."""
    return list(_texts(node, True))


def _texts(node: Node, wanted: bool) -> Iterator[Text]:
    match node:
        case Text() if wanted:
            yield node
        case Near(left, right) if wanted:
            yield from (*left, *right)
        case Not(part):
            yield from _texts(part, not wanted)
        case And(parts) | Or(parts):
            for part in parts:
                yield from _texts(part, wanted)
        case _:
            return


# text again

_FIELD_WORDS = {
    "title": "标题", "body": "正文", "source": "来源", "grade": "等级", "event": "事件", "platform": "平台", "type": "类型",
    "unit": "单位", "place": "地点", "topic": "专题", "time": "时间", "heat": "热度", "reposts": "转发",
}  # fmt: skip
_BARE = re.compile(r"[0-9A-Za-z\u4e00-\u9fff]+")
_RESERVED = re.compile(r"(?i:and|or|not|near)|[与或非]")
_QUOTES = (("“", "”", '"“”„‟＂'), ("「", "」", "」"), ("『", "』", "』"))


def written(node: Node) -> str:
    """A query that parses to this tree. Raises ValueError for what cannot be typed (Ids, Within)."""
    match node:
        case Everything():
            return ""
        case Text():
            return _prefixed(node.field, _string(node))
        case Near(left, right, distance):
            inner = f"{_operand(left)} NEAR/{distance} {_operand(right)}"
            return f"{_FIELD_WORDS[left[0].field]}:({inner})" if left[0].field else inner
        case Tag(field, value):
            return _prefixed(field, _quoted(value))
        case Range(field, low, high):
            return _prefixed(field, _bounds(field, low, high))
        case Not(part):
            return "非 " + _bracketed(part)
        case And(parts):
            return " ".join(_bracketed(part) for part in parts)
        case Or(parts):
            return " 或 ".join(written(part) if isinstance(part, And) else _bracketed(part) for part in parts)
        case Ids() | Within():
            raise ValueError(f"{type(node).__name__} is not part of the language")


def _bracketed(node: Node) -> str:
    return f"({written(node)})" if isinstance(node, (And, Or, Not)) else written(node)


def _prefixed(field: str, text: str) -> str:
    return f"{_FIELD_WORDS[field]}:{text}" if field else text


def _operand(texts: tuple[Text, ...]) -> str:
    strings = [_string(text) for text in texts]
    return strings[0] if len(strings) == 1 else f"({' 或 '.join(strings)})"


def _string(text: Text) -> str:
    return _quoted(text.text) + ("*" if text.prefix else "")


def _quoted(text: str) -> str:
    if _BARE.fullmatch(text) and not _RESERVED.fullmatch(text):
        return text
    for opening, closing, ends in _QUOTES:
        if not any(end in text for end in ends):
            return opening + text + closing
    raise ValueError(f"no quotes left for {text!r}")


def _bounds(field: str, low: int | None, high: int | None) -> str:
    words = [_bound(field, value) if value is not None else "" for value in (low, high)]
    return words[0] if words[0] == words[1] and field != "time" else "..".join(words)


def _bound(field: str, value: int) -> str:
    if field == "time":
        return datetime.fromtimestamp(value, UTC).astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M:%S")
    return HEAT_WORDS[HEATS[value - 1]] if field == "heat" else str(value)
