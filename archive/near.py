"""What no engine answers exactly: strings near each other, and strings whose last word may go on.

Such a part of a query is asked for loosely (its strings anywhere), and its candidates are looked at here.
"""

from __future__ import annotations

from collections.abc import Mapping

from archive.terms import fold, last_unit, needle, pattern, units
from archive.tree import And, Everything, Ids, Near, Node, Not, Or, Text, Within

Checked = Near | Text
LONGEST_UNIT = 80  # characters of a word with the punctuation around it
NOTHING = Not(Everything())


def to_check(node: Node) -> list[Checked]:
    """The parts of a query that our own code must look at, each once."""
    match node:
        case Near():
            return [node]
        case Text() if needle(node.text, node.prefix).loose:
            return [node]
        case Not(part):
            return to_check(part)
        case And(parts) | Or(parts):
            return list(dict.fromkeys(found for part in parts for found in to_check(part)))
        case _:
            return []


def loosely(node: Node, wanted: bool = True) -> Node:
    """A query without the parts to check that finds everything `node` finds and perhaps more (not `wanted`: or less)."""
    match node:
        case Near(left, right):
            return And((_any(left), _any(right), *_closely(node))) if wanted else NOTHING
        case Text(text, field, prefix) if needle(text, prefix).loose:
            return And(tuple(_parts(text, field))) if wanted else NOTHING
        case Not(part):
            return Not(loosely(part, not wanted))
        case And(parts):
            return And(tuple(loosely(part, wanted) for part in parts))
        case Or(parts):
            return Or(tuple(loosely(part, wanted) for part in parts))
        case _:
            return node


def settled(node: Node, found: Mapping[Checked, frozenset[int]], scored: bool = True) -> Node:
    """The query with each checked part replaced by the posts it was found in; its strings stay where they are `scored`."""
    if isinstance(node, (Near, Text)) and node in found:
        ids = Ids(found[node])
        if not scored:
            return ids
        strings = (_any(node.left), _any(node.right)) if isinstance(node, Near) else (loosely(node),)
        return And((*strings, ids))
    match node:
        case Not(part):
            return Not(settled(part, found, scored))
        case And(parts):
            return And(tuple(settled(part, found, scored) for part in parts))
        case Or(parts):
            return Or(tuple(settled(part, found, scored) for part in parts))
        case _:
            return node


def holds(checked: Checked, title: str, body: str, source: str = "") -> bool:
    """Whether a post with these texts matches the part of the query."""
    field = checked.field if isinstance(checked, Text) else checked.left[0].field
    texts = {"title": (title,), "body": (body,), "source": (source,)}.get(field, (title, body))
    if isinstance(checked, Text):
        found = pattern(checked.text, checked.prefix)
        return any(found.search(fold(text)) for text in texts)
    return any(_near(checked, fold(text)) for text in texts if text)


def _near(near: Near, folded: str) -> bool:
    left, right = _spans(near.left, folded), _spans(near.right, folded)
    if not (left and right):
        return False
    gaps = (
        (earlier[1], later[0])
        for a in left
        for b in right
        for earlier, later in ((a, b) if a[0] < b[0] else (b, a),)
        if earlier[1] <= later[0]
    )
    # Most gaps are far shorter or far longer than asked for: only the others are counted out.
    return any(
        end - start <= near.distance
        or (end - start <= near.distance * LONGEST_UNIT and units(folded[start:end]) <= near.distance)
        or (near.distance == 0 and units(folded[start:end]) == 0)
        for start, end in gaps
    )


def _spans(texts: tuple[Text, ...], folded: str) -> list[tuple[int, int]]:
    return [m.span() for t in texts for m in pattern(t.text, t.prefix).finditer(folded)]


def _any(texts: tuple[Text, ...]) -> Node:
    parts = tuple(loosely(text) for text in texts)
    return parts[0] if len(parts) == 1 else Or(parts)


def _closely(near: Near) -> list[Node]:
    """What the engine can say of the distance, as a part to be fulfilled too; nothing where a string is open at its end.

    Between the first terms of both strings lie the rest of the earlier string, the end of its run, two terms a unit at
    most (a lone character: where its run begins and where it ends), and where the later string's run begins. A phrase
    query counts two more for the other order.
    """
    pairs = []
    for left in near.left:
        for right in near.right:
            a, b = needle(left.text, left.prefix), needle(right.text, right.prefix)
            if a.prefix or b.prefix or not a.terms or not b.terms or a.terms[0] == b.terms[0]:
                return []
            slop = 2 * near.distance + max(len(a.terms) + 1, len(b.terms) + 3)
            fields = (left.field,) if left.field else ("title", "body")
            pairs += [Within(a.terms[0], b.terms[0], slop, field) for field in fields]
    return [Or(tuple(pairs))]


def _parts(text: str, field: str) -> list[Text]:
    """The string without its last word, and that word as a prefix by itself."""
    last = fold(text).rstrip()
    start = last_unit(last)
    while start > 0 and not needle(last[:start]).terms:
        start -= 1
    return [Text(last[:start], field), Text(last[start:], field, True)]
