"""What kind of affair it is: themes weighed by their cue words (config/words/types), the heaviest gives the type. Pure.

A theme is a type code and a shade ("T13-disaster"); the shade tells storms from fires and praise from notices.
"""

from __future__ import annotations

from collections.abc import Sequence

from analysis.facts import Facts
from analysis.lexicon import Hit

# The kind of the data set's labelling guide that each theme stands for (analysis of the labels is by these).
KINDS = {
    "T01-conduct": "enforcement_dispute",
    "T01-resistance": "enforcement_dispute",
    "T02-misconduct": "police_misconduct",
    "T03-case": "criminal_case",
    "T03-handling": "criminal_case",
    "T03-other": "other",
    "T04-violence": "criminal_case",
    "T05-traffic": "traffic",
    "T06-counter": "service",
    "T07-school": "campus_medical",
    "T08-hospital": "campus_medical",
    "T09-custody": "police_misconduct",
    "T10-crowd": "mass_gathering",
    "T11-fraud": "criminal_case",
    "T12-rumour": "rumor",
    "T13-accident": "fire_accident",
    "T13-disaster": "disaster",
    "T14-visitors": "other",
    "T15-notice": "service",
    "T15-praise": "praise_publicity",
}
# The theme taken when the learned model alone speaks for a kind.
FALLBACK = {
    "enforcement_dispute": "T01-conduct",
    "police_misconduct": "T02-misconduct",
    "criminal_case": "T03-case",
    "traffic": "T05-traffic",
    "campus_medical": "T07-school",
    "mass_gathering": "T10-crowd",
    "rumor": "T12-rumour",
    "fire_accident": "T13-accident",
    "disaster": "T13-disaster",
    "service": "T15-notice",
    "praise_publicity": "T15-praise",
    "other": "T03-other",
}
OTHER = "T03-other"  # police take part and nothing more is said
HARM = "T13-accident"  # people came to harm and nothing says how
LEAST = 1.2  # below this weight no theme speaks
SCENES, SCENE_NAMED = ("T07-school", "T08-hospital"), 1.4
AT_SCENE = ("T03-case", "T04-violence", "T13-accident", "T03-handling")
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
    for scene in SCENES:
        # What happens at a school or hospital belongs there whatever it is, once the place is clearly named.
        if weights.get(scene, 0.0) >= SCENE_NAMED:
            weights[scene] += max((w for t, w in weights.items() if t in AT_SCENE), default=0.0) * 0.8
    return weights


def choose(weights: dict[str, float], facts: Facts, learned: dict[str, float] | None = None) -> str:
    """The heaviest theme. Where people came to harm, praise and notices stand back.

    `learned`: probability of each kind by a model that has seen the weights. The likeliest kind then gives its heaviest
    theme: the model says the kind, the words its shade.
    """
    harmed = bool(facts.deaths or facts.missing or facts.serious or facts.injured)
    best: dict[str, tuple[float, str]] = {}
    for theme, weight in weights.items():
        if harmed and theme.startswith("T15"):
            weight *= 0.4
        kind = KINDS.get(theme, "other")
        best[kind] = max(best.get(kind, (0.0, "")), (weight, theme))
    if learned is None:
        weight, theme = max(best.values(), default=(0.0, ""))
        return theme if weight > LEAST else HARM if harmed else OTHER
    kind = max(FALLBACK, key=lambda k: learned[k])
    return best.get(kind, (0.0, FALLBACK[kind]))[1]


def kind_of_type(type_: str, weights: dict[str, float]) -> str | None:
    """The kind that a type code stands for; where its shades are of several kinds, that of the heaviest; None when none speaks."""
    shades = [theme for theme in KINDS if theme.startswith(f"{type_}-")]
    kinds = {KINDS[theme] for theme in shades}
    if len(kinds) == 1:
        return kinds.pop()
    spoken = [theme for theme in shades if weights.get(theme, 0.0) > 0]
    return KINDS[max(spoken, key=lambda theme: weights[theme])] if spoken else None


def words_of(hits: Sequence[Hit], theme: str) -> list[str]:
    """The words that speak for a theme, heaviest first, at most five."""
    found = {h.word.text: w for h in hits for t, w in h.word.themes if t == theme}
    return sorted(found, key=lambda text: -found[text])[:5]
