"""What kind of affair it is: themes weighed by their cue words (config/words/types), the heaviest gives the type. Pure.

A theme is a type code and a shade ("T13-disaster"); the shade tells storms from fires and praise from notices.
"""

from __future__ import annotations

from collections.abc import Sequence

from analysis.facts import Facts
from analysis.lexicon import Hit

OTHER = "T03-other"  # police take part and nothing more is said
LEAST = 1.2  # below this weight no theme speaks
TITLE = 1.5  # a word in the title weighs so much more


def weigh(hits: Sequence[Hit], title_end: int) -> dict[str, float]:
    """Weight of each theme: the sum over its distinct words, words of the title counting more."""
    weights: dict[str, float] = {}
    seen: set[str] = set()
    for start, word in hits:
        if word.themes and word.text not in seen:
            seen.add(word.text)
            factor = TITLE if start < title_end else 1.0
            for theme, weight in word.themes:
                weights[theme] = weights.get(theme, 0.0) + weight * factor
    return weights


def choose(weights: dict[str, float], facts: Facts) -> str:
    """The heaviest theme. Where people came to harm, praise and notices stand back."""
    harmed = bool(facts.deaths or facts.missing or facts.serious or facts.injured)
    best, most = OTHER, LEAST
    for theme, weight in weights.items():
        if harmed and theme.startswith("T15"):
            weight *= 0.4
        if weight > most or (weight == most and theme < best):
            best, most = theme, weight
    return best


def words_of(hits: Sequence[Hit], theme: str) -> list[str]:
    """The words that speak for a theme, heaviest first, at most five."""
    found = {h.word.text: w for h in hits for t, w in h.word.themes if t == theme}
    return sorted(found, key=lambda text: -found[text])[:5]
