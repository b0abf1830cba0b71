"""Names in a query that stand for more: a unit or place for all it is called, a topic (专题) for its own query. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from archive.query import parse
from archive.tokens import QueryError
from archive.tree import And, Node, Not, Or, Tag, Text

DEEPEST = 5  # topics that name topics


class Names(Protocol):
    """What the tables above the archive know of names."""

    def called(self, field: str, name: str) -> tuple[str, ...]:
        """Every name of a unit or place, its full one first; just `name` when it is unknown."""

    def topic(self, name: str) -> str | None:
        """The query of a topic, None when there is none of that name."""


class NoNames:
    """Nothing is known: a unit is called what it is called, and there are no topics."""

    def called(self, field: str, name: str) -> tuple[str, ...]:
        return (name,)

    def topic(self, name: str) -> str | None:
        return None


def meant(text: str, names: Names, now: datetime | None = None) -> Node:
    """The tree of a query with its names looked up. Raises QueryError."""
    return resolved(parse(text, now), text, names, now)


def resolved(node: Node, text: str, names: Names, now: datetime | None, inside: tuple[str, ...] = ()) -> Node:
    """`node` with units, places and topics replaced by what they stand for; `text` is where it was read from."""
    match node:
        case Tag("unit" | "place", name):
            called = names.called(node.field, name)
            return Or((Tag(node.field, called[0]), *(Text(n) for n in called)))
        case Tag("topic", name):
            return _topic(name, text, names, now, inside)
        case Not(part):
            return Not(resolved(part, text, names, now, inside))
        case And(parts):
            return And(tuple(resolved(part, text, names, now, inside) for part in parts))
        case Or(parts):
            return Or(tuple(resolved(part, text, names, now, inside) for part in parts))
        case _:
            return node


def _topic(name: str, text: str, names: Names, now: datetime | None, inside: tuple[str, ...]) -> Node:
    at = max(text.find(name), 0)
    if name in inside or len(inside) >= DEEPEST:
        raise QueryError(at, f"专题“{'”→“'.join((*inside, name))}”互相引用：请改其中一个专题的检索式")
    query = names.topic(name)
    if query is None:
        raise QueryError(at, f"没有名为“{name}”的专题：请核对名称，或在专题页新建")
    try:
        return resolved(parse(query, now), query, names, now, (*inside, name))
    except QueryError as e:
        raise QueryError(at, f"专题“{name}”：{e}") from None
