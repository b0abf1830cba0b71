"""What the rules see in a text, as numbers for the learned model: scores, places, ways of speaking, themes. Pure.

The order is part of a model: a model trained with other signals is refused (`NAMES` is hashed into its header).
"""

from __future__ import annotations

from collections.abc import Sequence

from analysis import relevance
from analysis.lexicon import Hit
from analysis.relevance import Relevance
from analysis.themes import KINDS

THEMES = tuple(sorted(KINDS))
STANCES = ("ask", "complain", "accuse", "harm", "rumour", "deny", "drill", "count", "bulletin")
SEEN = ("direct", "incident", "abroad_only", "drama", "abroad", "home", "toll", "mainland", "long", *STANCES)
NAMES = (*SEEN, *THEMES, *(f"top-{theme}" for theme in THEMES))
LONG = 40  # characters; a headline alone is shorter


def of(hits: Sequence[Hit], text: str, found: Relevance, weights: dict[str, float]) -> list[float]:
    """One number for each of NAMES, all between 0 and 2."""
    words = [hit.word for hit in hits]
    stances = {word.stance for word in words if word.stance}
    top = max(weights, key=lambda theme: weights[theme]) if weights else ""
    return [
        found.direct,
        found.incident,
        float(found.abroad),
        min(2.0, sum({w.text: w.drama for w in words if w.drama}.values())),
        float(any(w.abroad for w in words)),
        float(any(w.place or w.unit for w in words)),
        float(bool(relevance.toll(text))),
        float(any(w.mainland for w in words)),
        float(len(text) > LONG),
        *(float(stance in stances) for stance in STANCES),
        *(weights[theme] / (weights[theme] + 2) if theme in weights else 0.0 for theme in THEMES),
        *(float(theme == top) for theme in THEMES),
    ]
