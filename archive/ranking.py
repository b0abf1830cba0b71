"""What best-first adds to the engines' own score (BM25, the title counting twice): whole phrases, and freshness. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from archive.results import FRESHNESS, Page
from archive.terms import needle
from archive.tree import And, Node, Text, positive_texts

TITLE_WEIGHT = 2.0
PHRASE_WEIGHT = 1.5


def phrase(node: Node) -> Text | None:
    """The words of a plain query as one string: who types 西安 警方 likes a text that says 西安警方 best."""
    parts = node.parts if isinstance(node, And) else ()
    words = [part.text for part in parts if isinstance(part, Text) and not part.field and not part.prefix]
    if not 1 < len(words) == len(parts) <= 6:
        return None
    joined = words[0]
    for word in words[1:]:
        # Latin words are written apart, Han words together.
        joined += word if _han(joined[-1]) or _han(word[0]) else " " + word
    return Text(joined)


def by_time(node: Node, page: Page) -> bool:
    """Whether the newest come first: asked for, or nothing in the query tells one match from another."""
    return page.sort == "newest" or not any(not needle(t.text, t.prefix).prefix for t in positive_texts(node))


def fresh(page: Page) -> list[tuple[datetime, float]]:
    """(not older than, so much is added to the score) for a mixed order; nothing for the others."""
    if page.sort != "mixed" or page.now is None:
        return []
    return [(page.now - timedelta(days=days), weight) for days, weight in FRESHNESS]


def _han(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"
