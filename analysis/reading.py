"""Reading a post: does it concern the police, what is it, where, who speaks, which figures; always with the words.

Pure: a post's text in, a Verdict out. The word lists, the gazetteer and the learned weights are handed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from analysis import facts, folding, relevance, signals, stance, terms, themes
from analysis.facts import Facts
from analysis.gazetteer import Gazetteer
from analysis.lexicon import Hit, Scanner, Word
from analysis.text import Cutter, normalise, strip_chain

RULES = "rules-2"  # raised when the rules change; part of every Reading's version
LONGEST = 6000  # characters read; what an article says further on does not change what it is about
CUT = 1500  # characters that are cut into words: the model reads 600, the words that tell events apart stand in the head
LEAD = 40  # characters of a post without a title that stand for one
LEARNED = 0.7  # share of the learned probability in a score; the rest is the rules', lest an odd text carry the model away
LEARNED_UNTITLED = 0.4  # of a comment or short post: the model was taught on headlines and says too little of them


TIERS = ("none", "incident", "direct")  # in ascending order


@dataclass(frozen=True)
class Raised:
    """What people's topics (专题) say of a post: a tier it has at least ('' for none), a type ('' for none), their names."""

    tier: str
    type: str
    names: tuple[str, ...]


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
    raised: Raised | None = None


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

    @property
    def doubt(self) -> float:
        """How far it stays below what is relevant, 0..1; 0 for a relevant one."""
        return relevance.doubt(self.tier, self.score)


class Learned(Protocol):
    """What the reader needs of a learned model (analysis.learning.Model)."""

    version: str

    def predict(
        self, text: str, title: Sequence[str], body: Sequence[str], seen: Sequence[float]
    ) -> dict[str, float]: ...

    def speaking(self, words: Sequence[str], head: str) -> list[str]: ...

    def rarity(self, words: Sequence[str]) -> list[float]: ...


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """The word lists as read from config/words: cues, words for the cutter, words no event is told by; their hash."""

    cues: tuple[Word, ...]
    dictionary: tuple[str, ...]
    stop: frozenset[str]
    hash: str


@dataclass(frozen=True, kw_only=True)
class Look:
    """What the rules see of one text: the words found in it, the weight of each theme, both scores, all its words."""

    text: str
    hits: list[Hit]
    weights: dict[str, float]
    found: relevance.Relevance
    title_words: list[str]
    body_words: list[str]

    @property
    def silent(self) -> bool:
        """Whether no word of it speaks of anything: only a model can then say what it is about."""
        return not self.weights and not self.found.toll and not any(h.word.police for h in self.hits)

    @property
    def seen(self) -> list[float]:
        """As numbers for the model."""
        return signals.of(self.hits, self.text, self.found, self.weights)


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
        read = self.look(post)
        if read.silent and self._model is None and not post.raised:
            return self._nothing
        hits, text, weights, found = read.hits, read.text, read.weights, read.found
        words_of_title, words_of_body = read.title_words, read.body_words
        learned = None
        if self._model:
            learned = self._model.predict(text, words_of_title, words_of_body, read.seen)
        direct, incident = _weigh_in(found, learned, LEARNED if post.title else LEARNED_UNTITLED)
        reasons = [*found.reasons, *found.incident_reasons]
        tier = "direct" if direct >= relevance.DIRECT else "incident" if incident >= relevance.INCIDENT_FROM else "none"
        if post.raised:
            tier = max(tier, post.raised.tier or "none", key=TIERS.index)
            reasons.append(f"专题“{'”“'.join(post.raised.names)}”命中")
        if tier == "none":
            return self._irrelevant(direct, incident, reasons, themes.choose(weights, Facts(), learned), learned)
        if self._model and learned:
            words = self._model.speaking([*words_of_title, *words_of_body], tier)
            reasons.append(f"模型 {learned[tier]:.2f}" + (f"：{'、'.join(words)}" if words else ""))
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
            type=(post.raised and post.raised.type) or theme[:3],
            theme=theme,
            stance=stance.stance(hits, text, post.outlet, theme, said),
            happened=_happened(stance.happened(hits, text, theme, said), said, learned),
            facts=said,
            places=placed.places,
            units=placed.units,
            terms=terms.weighted(words_of_title, words_of_body, self._stop, rarity),
            text_hash=folding.text_hash(norm),
            signature=folding.signature(norm),
            version=self.version,
        )

    def look(self, post: PostText) -> Look:
        """What the rules see of a post."""
        title, text = _whole(post)
        title = title or _lead(text)
        hits = self._scanner.scan(text)
        weights = themes.weigh(hits, len(title))
        return Look(
            text=text,
            hits=hits,
            weights=weights,
            found=relevance.judge(hits, text, weights),
            title_words=self._cutter.cut(title),
            body_words=self._cutter.cut(text[len(title) : CUT]),
        )

    def terms(self, text: str) -> dict[str, float]:
        """The weighted words by which any text, relevant or not, is compared with others."""
        rarity = self._model.rarity if self._model else terms.by_length
        return terms.weighted(self._cutter.cut(normalise(text)), (), self._stop, rarity)

    def _irrelevant(
        self, direct: float, incident: float, reasons: list[str], theme: str, learned: dict[str, float] | None
    ) -> Verdict:
        return Verdict(
            tier="none",
            score=round(max(direct, incident), 3),
            direct=round(direct, 3),
            incident=round(incident, 3),
            reasons=tuple(reasons) or ("没有涉警线索",),
            type=theme[:3],
            theme=theme,
            happened=_happened(True, Facts(), learned),
            version=self.version,
        )


def _weigh_in(found: relevance.Relevance, learned: dict[str, float] | None, share: float) -> tuple[float, float]:
    """Both scores: those of the rules, or mostly those of the model, which has seen what the rules say."""
    if learned is None:
        return found.direct, found.incident
    direct = share * learned["direct"] + (1 - share) * found.direct
    incident = share * learned["incident"] + (1 - share) * found.incident
    if found.toll:  # three or more dead or missing: no model may talk that away
        incident = max(incident, found.incident)
    return direct, incident


def _happened(by_rule: bool, said: Facts, learned: dict[str, float] | None) -> bool:
    """Whether there is anything to grade. Where somebody came to harm the rules alone decide: a toll is never talked away."""
    if learned is None or said.deaths or said.missing or said.serious or said.injured:
        return by_rule
    return learned["happened"] >= 0.5


def _lead(text: str) -> str:
    """The first sentence of a post without a title, at most LEAD characters: what it says first is what it is about."""
    head = text[:LEAD]
    end = min((at for mark in "。！？!?；;" if (at := head.find(mark)) > 3), default=len(head))
    return head[:end]


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
