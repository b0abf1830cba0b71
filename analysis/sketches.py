"""What a post is compared by when events are told apart: pairs of characters, words, their senses, places. Pure.

Short headlines of one affair share few words (列车命案, 火车杀人). So beside the pairs of characters and the words
themselves each word has a sense: a vector learned from which words stand together in headlines (analysis/joining.py).
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.placenames import named
from analysis.text import normalise, strip_chain

LEAD = 200  # characters of the body that are compared: news says what happened first
GRAMS, WORDS, RAREST = 48, 24, 18  # kept of one post; the heaviest pairs lead to candidates
TITLE = 2.0  # weight of what stands in the title: a headline must find the article
GRAM_BITS = 17
SENSES = 64  # length of a word's vector
COMMONEST = 10.0  # rarity of what the vocabulary has never seen

_RUN = re.compile(r"[\u4e00-\u9fff]+|[a-z0-9.]+")
_COUNTED = re.compile(r"\d+(?:\.\d+)?[\u4e00-\u9fff]?")
# What Zhihu adds to any headline to make it a question.
_ASKED = re.compile(
    "(?:目前|还|此事)?有?(?:哪些|什么)(?:信息|细节|情况)?值得关注|如何看待(?:此事)?|如何评价|(?:目前|具体|救援|现场){0,2}(?:情况|进展)如何"
    "|(?:此事|背后)?(?:暴露出|反映出?)(?:了?哪些|什么)问题|有(?:何|什么)警示(?:意义)?|(?:透漏|透露|释放)出?了?(?:哪些|什么)(?:信息|信号)"
)
# What happened, in one word: of two incidents of one place and day mostly the only thing that differs.
_KINDS = {
    "fire": "火灾|起火|大火|失火|着火|火势|纵火", "blast": "爆炸|爆燃", "crash": "相撞|追尾|车祸|碰撞|侧翻|交通事故|撞人|肇事|撞死|翻车",
    "collapse": "坍塌|垮塌|倒塌|塌陷", "knife": "持刀|砍|捅|刺伤|行凶|枪击", "fall": "坠楼|坠亡|跳楼|坠落", "quake": "地震",
    "flood": "山洪|洪水|暴雨|内涝|决口", "slide": "滑坡|泥石流", "poison": "中毒|窒息", "drown": "溺水|溺亡|落水", "sexual": "猥亵|强奸|性侵",
    "fraud": "诈骗|骗走|被骗", "crush": "踩踏",
}  # fmt: skip
_KIND = re.compile("|".join(f"(?P<{name}>{words})" for name, words in _KINDS.items()))
# How any bulletin begins; two of one day have it in common and nothing else.
_BULLETIN = re.compile("(?:警方|官方|公安|警情|情况|平安|当地)(?:发布)?(?:通报|回应|提示)|(?:警方|公安机关?)(?:已)?介入(?:调查)?")
_TOLL = re.compile(r"(\d+)(?:余)?(?:人|名[^,，。\d]{0,4})?(?:死|遇难|身亡|丧生)")
_HE, _SHE = re.compile("[男父]"), re.compile("[女母妻]")

Vector = NDArray[np.float32]
Cut = Callable[[str], list[str]]


def hashed(text: str) -> int:
    """32 bits of a word or pair; the vocabulary keeps these and no word."""
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))


def grams(text: str) -> list[str]:
    """Pairs of neighbouring Han characters; runs of letters and figures whole; not those of any bulletin."""
    found: list[str] = []
    for match in _RUN.finditer(_BULLETIN.sub(" ", text)):
        run = match[0]
        if "\u4e00" <= run[0] <= "\u9fff" and len(run) > 1:
            found.extend(run[i : i + 2] for i in range(len(run) - 1))
        else:
            found.append(run)
    return found


class Vocabulary:
    """How rare pairs and words are, and what words mean; everything found by hash."""

    def __init__(
        self, gram_rarity: Sequence[float], words: NDArray[np.uint32], word_rarity: Sequence[float], senses: Vector
    ) -> None:
        """`gram_rarity` by the low GRAM_BITS of the hash; `words` sorted hashes, with their rarity and unit vectors."""
        self._grams = [float(v) for v in gram_rarity]
        self._row = {int(h): n for n, h in enumerate(words.tolist())}
        self._words = [float(v) for v in word_rarity]
        self.senses = senses
        self._known: dict[str, float] = {}

    @classmethod
    def empty(cls) -> Vocabulary:
        """Without a model: everything equally rare, nothing with a sense."""
        return cls([], np.zeros(0, dtype=np.uint32), [], np.zeros((0, SENSES), dtype=np.float32))

    def gram(self, gram: str) -> float:
        if not self._grams:
            return COMMONEST
        value = self._known.get(gram)
        if value is None:
            if len(self._known) > 200_000:  # a bound, not a policy: pairs repeat
                self._known.clear()
            value = self._known[gram] = self._grams[hashed(gram) & ((1 << GRAM_BITS) - 1)]
        return value

    def row(self, word: str) -> int | None:
        return self._row.get(hashed(word))

    def word(self, row: int | None) -> float:
        return COMMONEST if row is None else self._words[row]


@dataclass(slots=True)
class Sketch:
    """One post as events see it. Vectors have unit length."""

    grams: dict[str, float]
    rarest: tuple[str, ...]
    words: dict[str, float]
    rows: NDArray[np.intp]  # the words' places among the vocabulary's senses
    weights: Vector  # how rare they are
    sense: Vector  # mean of the words' senses by rarity
    places: frozenset[str]  # places and units the reader found
    named: frozenset[str]  # the same and cities named in the text
    numbers: frozenset[str]  # each with the character behind it: 12岁
    person: int  # 1 only men are spoken of, -1 only women, 0 both or neither
    kinds: frozenset[str]  # what happened: fire, crash …
    type: str
    doubt: float  # how far an irrelevant post stays below the bar (relevance.doubt); 0: a relevant one
    hour: float  # published, hours since the epoch

    @property
    def relevant(self) -> bool:
        return not self.doubt


def lead(title: str, body: str) -> str:
    """The normalised text that is compared: the title and the first LEAD characters of the body."""
    head = _ASKED.sub("", normalise(strip_chain(title)))
    rest = normalise(strip_chain(body[: LEAD * 2]))[:LEAD]
    if head and rest.startswith(head):
        rest = rest[len(head) :]
    return f"{head}\n{rest}" if rest else head


def rare_grams(text: str, vocabulary: Vocabulary) -> dict[str, float]:
    """The pairs that count most at unit length, heaviest first: by rarity, those of the title twice."""
    title, _, body = text.partition("\n")
    weights = {g: vocabulary.gram(g) for g in grams(body)}
    weights |= {g: TITLE * vocabulary.gram(g) for g in grams(title)}
    heaviest = sorted(weights.items(), key=lambda pair: -pair[1])[:GRAMS]
    length = math.sqrt(sum(w * w for _, w in heaviest))
    return {g: w / length for g, w in heaviest} if length else {}


def sketch(
    text: str,
    cut: Cut,
    vocabulary: Vocabulary,
    *,
    places: Iterable[str] = (),
    type: str = "",
    doubt: float = 0.0,
    hour: float,
    stop: frozenset[str] = frozenset(),
    pairs: dict[str, float] | None = None,
) -> Sketch:
    """`text` as `lead` gives it; `pairs` when `rare_grams` has been asked already."""
    pairs = rare_grams(text, vocabulary) if pairs is None else pairs
    cuts = [w for w in dict.fromkeys(cut(_BULLETIN.sub(" ", text))) if w not in stop]
    rows = [(w, vocabulary.row(w)) for w in cuts]
    title = text.partition("\n")[0]
    weighed = [(vocabulary.word(r) * (TITLE if w in title else 1.0), w) for w, r in rows if len(w) > 1]
    longer = sorted(weighed, key=lambda p: -p[0])[:WORDS]
    length = math.sqrt(sum(v * v for v, _ in longer)) or 1.0
    known = sorted(((vocabulary.word(r), r) for _, r in rows if r is not None), key=lambda p: -p[0])[:WORDS]
    index = np.array([r for _, r in known], dtype=np.intp)
    weights = np.array([w for w, _ in known], dtype=np.float32)
    found = frozenset(places)
    return Sketch(
        grams=pairs,
        rarest=(*list(pairs)[:RAREST], *_tolls(text)),
        words={w: v / length for v, w in longer},
        rows=index,
        weights=weights,
        sense=unit(vocabulary.senses[index].T @ weights) if len(index) else np.zeros(SENSES, dtype=np.float32),
        places=found,
        named=found | frozenset(named(text)),
        numbers=frozenset(_COUNTED.findall(text)[:12]) | {f"{toll[5:]}死" for toll in _tolls(text)},
        kinds=frozenset(m.lastgroup or "" for m in _KIND.finditer(text)),
        person=bool(_HE.search(text)) - bool(_SHE.search(text)),
        type=type,
        doubt=doubt,
        hour=hour,
    )


def _tolls(text: str) -> list[str]:
    """Keys of the numbers of dead: two reports of one disaster may share little else."""
    return sorted({f"toll {m[1]}" for m in _TOLL.finditer(text) if len(m[1]) > 1 or m[1] > "2"})[:3]


def unit(vector: NDArray[Any]) -> Vector:
    """The vector at length 1; zeros stay zeros."""
    length = float(np.sqrt(vector @ vector))
    scaled: Vector = (vector / length if length else vector).astype(np.float32)
    return scaled


def dot(a: dict[str, float], b: dict[str, float]) -> float:
    if len(a) > len(b):
        a, b = b, a
    return sum(w * b[k] for k, w in a.items() if k in b)
