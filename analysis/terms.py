"""The words that carry a post's event: content words with weights, rare ones and those of the title more. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

MOST = 24
TITLE = 2.0
_CONTENT = re.compile(r"^(?:[\u4e00-\u9fff]{2,}|[a-z][a-z0-9]+|[\u4e00-\u9fffa-z0-9]{3,})$")

Rarity = Callable[[Sequence[str]], Sequence[float]]


def by_length(words: Sequence[str]) -> list[float]:
    """How rare words are when no counts are at hand: longer ones are rarer."""
    return [3.0 + 1.5 * min(len(w), 6) for w in words]


def weighted(title: Sequence[str], body: Sequence[str], stop: frozenset[str], rarity: Rarity) -> dict[str, float]:
    """At most 24 words with their weights, heaviest first, scaled to length 1."""
    counts: dict[str, float] = {}
    for words, gain in ((title, TITLE), (body, 1.0)):
        for word in words:
            if len(word) > 1 and word not in stop and (word in counts or _CONTENT.match(word)):
                counts[word] = counts.get(word, 0.0) + gain
    if not counts:
        return {}
    names = list(counts)
    weights = [(1 + math.log(counts[w])) * r for w, r in zip(names, rarity(names), strict=True)]
    heaviest = sorted(zip(weights, names, strict=True), reverse=True)[:MOST]
    length = math.sqrt(sum(w * w for w, _ in heaviest))
    return {name: round(w / length, 4) for w, name in heaviest}
