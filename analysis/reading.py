"""Reading a post: does it concern the police, what is it, where, who speaks, which figures; always with the words.

Pure: a post's text in, a Verdict out. The word lists, the gazetteer and the learned weights are handed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from analysis import facts, folding, relevance, stance, terms, themes
from analysis.facts import Facts
from analysis.gazetteer import Gazetteer
from analysis.lexicon import Hit, Scanner, Word
from analysis.text import Cutter, normalise, strip_chain

RULES = "rules-1"  # raised when the rules change; part of every Reading's version
LONGEST = 6000  # characters read; what an article says further on does not change what it is about
# Between these the rules are unsure and the learned probability has a say (the mean of both decides).
UNSURE = (0.15, 0.85)


@dataclass(frozen=True, kw_only=True)
class PostText:
    """What reading may see of a post. `source_home`: the source's own city or ''; `outlet`: archive's Source.Outlet."""

    title: str
    body: str
    published_at: datetime
    site: str
    source_home: str
    outlet: str
    platform: str
    region: str
    is_repost: bool


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What was made of one post; `terms` are at most 24 weighted words for telling events apart."""

    tier: str  # direct | incident | none
    score: float  # of the tier; for none the higher of the two below
    direct: float = 0.0  # 涉警, 0..1
    incident: float = 0.0  # 警情类, 0..1
    reasons: tuple[str, ...]
    jurisdiction: str = "unknown"  # ours | elsewhere | unknown
    jurisdiction_reasons: tuple[str, ...] = ()
    type: str = ""  # T01..T15, '' when no word of the post speaks of anything
    theme: str = ""  # the type with its shade, "T13-disaster"
    stance: str = "report"
    happened: bool = False
    facts: Facts = field(default_factory=Facts)
    places: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    terms: dict[str, float] = field(default_factory=dict)
    text_hash: int = 0
    signature: bytes | None = None
    version: str


class Learned(Protocol):
    """What the reader needs of a learned model (analysis.learning.Model)."""

    version: str

    def predict(self, text: str, words: Sequence[str]) -> dict[str, float]: ...

    def rarity(self, words: Sequence[str]) -> list[float]: ...


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """The word lists as read from config/words: cues, words for the cutter, words no event is told by; their hash."""

    cues: tuple[Word, ...]
    dictionary: tuple[str, ...]
    stop: frozenset[str]
    hash: str


class Reader:
    def __init__(
        self, lexicon: Lexicon, gazetteer: Gazetteer, model: Learned | None, model_note: str = "", jieba: Any = None
    ) -> None:
        """`model_note`: why there is no model, '' when there is one; `jieba`: see text.Cutter."""
        self.model_note = model_note
        self._gazetteer, self._model, self._stop = gazetteer, model, lexicon.stop
        self._scanner = Scanner([*lexicon.cues, *gazetteer.words])
        self._cutter = Cutter([*lexicon.dictionary, *(w.text for w in gazetteer.words)], jieba)
        learned = model.version if model else "none"
        self.version = f"{RULES}+{lexicon.hash}+{learned}"[:40]
        self._nothing = Verdict(tier="none", score=0.0, reasons=("没有涉警或警情用语",), version=self.version)

    @property
    def stop(self) -> frozenset[str]:
        """Words no event is told by."""
        return self._stop

    def cut(self, text: str) -> list[str]:
        """The words of a normalised text, by the dictionary that reading uses."""
        return self._cutter.cut(text)

    def read(self, post: PostText) -> Verdict:
        """The verdict on one post. Never raises on any text; time grows with length up to LONGEST characters."""
        title, text = _whole(post)
        hits = self._scanner.scan(text)
        weights = themes.weigh(hits, len(title))
        if not weights and not any(h.word.police for h in hits) and not relevance.toll(text):
            return self._nothing
        found = relevance.judge(hits, text, weights)
        if found.direct < UNSURE[0] and found.incident < UNSURE[0]:
            return self._irrelevant(found.direct, found.incident, found.reasons, weights)
        words_of_title, words_of_body = self._cutter.cut(title), self._cutter.cut(text[len(title) :])
        learned = self._model.predict(text, words_of_title + words_of_body) if self._model else None
        direct, incident, reasons = _weigh_in(found, learned)
        tier = "direct" if direct >= relevance.DIRECT else "incident" if incident >= 0.5 else "none"
        if tier == "none":
            return self._irrelevant(direct, incident, reasons, weights)
        said = facts.extract(f"{post.title}\n{post.body}"[:LONGEST], post.published_at)
        theme = themes.choose(weights, said, learned)
        placed = self._gazetteer.place(hits, text, post.source_home, post.site)
        rarity = self._model.rarity if self._model else terms.by_length
        norm = folding.normal_form(folding.said(post.title, post.body)[:LONGEST])
        return Verdict(
            tier=tier,
            score=round(direct if tier == "direct" else incident, 3),
            direct=round(direct, 3),
            incident=round(incident, 3),
            reasons=(*reasons, *_theme_reason(hits, theme)),
            jurisdiction=placed.jurisdiction,
            jurisdiction_reasons=placed.reasons,
            type=theme[:3],
            theme=theme,
            stance=stance.stance(hits, text, post.outlet, theme, said),
            happened=stance.happened(hits, text, theme, said),
            facts=said,
            places=placed.places,
            units=placed.units,
            terms=terms.weighted(words_of_title, words_of_body, self._stop, rarity),
            text_hash=folding.text_hash(norm),
            signature=folding.signature(norm),
            version=self.version,
        )

    def terms(self, text: str) -> dict[str, float]:
        """The weighted words by which any text, relevant or not, is compared with others."""
        rarity = self._model.rarity if self._model else terms.by_length
        return terms.weighted(self._cutter.cut(normalise(text)), (), self._stop, rarity)

    def _irrelevant(self, direct: float, incident: float, reasons: list[str], weights: dict[str, float]) -> Verdict:
        theme = max(weights, key=lambda t: weights[t]) if weights else ""
        return Verdict(
            tier="none",
            score=round(max(direct, incident), 3),
            direct=round(direct, 3),
            incident=round(incident, 3),
            reasons=tuple(reasons) or ("没有涉警线索",),
            type=theme[:3],
            theme=theme,
            version=self.version,
        )


def _weigh_in(found: relevance.Relevance, learned: dict[str, float] | None) -> tuple[float, float, list[str]]:
    """Both scores after the learned model had its say where the rules are unsure, and the reasons."""
    direct, incident = found.direct, found.incident
    reasons = [*found.reasons, *found.incident_reasons]
    if learned is None:
        return direct, incident, reasons
    low, high = UNSURE
    if low <= direct <= high:
        reasons.append(f"规则 {direct:.2f}，模型 {learned['direct']:.2f}，取平均")
        direct = (direct + learned["direct"]) / 2
    if low <= incident <= high:
        incident = (incident + learned["incident"]) / 2
    return direct, incident, reasons


def _whole(post: PostText) -> tuple[str, str]:
    """The normalised title, and title and body as one text (feeds often repeat the title in the body)."""
    title = normalise(strip_chain(post.title)) if post.title else ""
    body = normalise(strip_chain(post.body[:LONGEST]))
    if not title or body.startswith(title):
        return title, body
    return title, f"{title}\n{body}" if body else title


def _theme_reason(hits: Sequence[Hit], theme: str) -> tuple[str, ...]:
    words = themes.words_of(hits, theme)
    return (f"类型 {theme[:3]}：{'、'.join(words)}",) if words else ()
