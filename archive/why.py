"""Why a post matched: the query clause by clause, with what of it holds. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from archive.matcher import Arrived, matches
from archive.tree import And, Everything, Node, Not, Or, Text, written

LONGEST = 12  # alternatives of one clause that are told apart


@dataclass(frozen=True, kw_only=True)
class Clause:
    """One thing the query asks for. `holds`: the post satisfies it; `by`: which alternatives, and where."""

    text: str
    holds: bool
    by: tuple[str, ...] = ()


def why(node: Node, document: Arrived) -> list[Clause]:
    """The clauses that must all hold, in the order they were written."""
    return [_clause(part, document) for part in clauses(node)]


def clauses(node: Node) -> Iterator[Node]:
    """What the query asks for together: the parts of its outermost AND, flattened; nothing for the empty query."""
    match node:
        case And(parts):
            for part in parts:
                yield from clauses(part)
        case Everything():
            return
        case _:
            yield node


def _clause(part: Node, document: Arrived) -> Clause:
    alternatives = part.parts if isinstance(part, Or) else (part,)
    by = tuple(_place(a, document) for a in alternatives[:LONGEST] if matches(a, document))
    return Clause(text=written(part), holds=matches(part, document), by=by if not isinstance(part, Not) else ())


def _place(part: Node, document: Arrived) -> str:
    """«西安» in title and body: where one string stands."""
    if not isinstance(part, Text) or part.field:
        return written(part)
    places = [word for word, field in (("标题", "title"), ("正文", "body")) if matches(Text(part.text, field, part.prefix), document)]
    return f"{written(part)}（{'、'.join(places)}）"
