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
GRAMS, WORDS, RAREST = 48, 24, 14  # kept of one post; the rarest lead to candidates
GRAM_BITS = 17
SENSES = 64  # length of a word's vector
COMMONEST = 10.0  # rarity of what the vocabulary has never seen

_RUN = re.compile(r"[\u4e00-\u9fff]+|[a-z0-9.]+")

Vector = NDArray[np.float32]
Cut = Callable[[str], list[str]]


def hashed(text: str) -> int:
    """32 bits of a word or pair; the vocabulary keeps these and no word."""
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))


def grams(text: str) -> list[str]:
    """Pairs of neighbouring Han characters; runs of letters and figures whole."""
    found: list[str] = []
    for match in _RUN.finditer(text):
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
    type: str
    relevant: bool
    hour: float  # published, hours since the epoch


def lead(title: str, body: str) -> str:
    """The normalised text that is compared: the title and the first LEAD characters of the body."""
    head, rest = normalise(strip_chain(title)), normalise(strip_chain(body[: LEAD * 2]))[:LEAD]
    if not head or rest.startswith(head):
        return rest or head
    return f"{head}\n{rest}" if rest else head


def rare_grams(text: str, vocabulary: Vocabulary) -> dict[str, float]:
    """The text's rarest pairs at unit length, rarest first."""
    weighed = sorted(((vocabulary.gram(g), g) for g in dict.fromkeys(grams(text))), key=lambda p: -p[0])[:GRAMS]
    length = math.sqrt(sum(w * w for w, _ in weighed))
    return {g: w / length for w, g in weighed} if length else {}


def sketch(
    text: str,
    cut: Cut,
    vocabulary: Vocabulary,
    *,
    places: Iterable[str] = (),
    type: str = "",
    relevant: bool = True,
    hour: float,
    stop: frozenset[str] = frozenset(),
    pairs: dict[str, float] | None = None,
) -> Sketch:
    """`text` as `lead` gives it; `pairs` when `rare_grams` has been asked already."""
    pairs = rare_grams(text, vocabulary) if pairs is None else pairs
    cuts = [w for w in dict.fromkeys(cut(text)) if w not in stop]
    rows = [(w, vocabulary.row(w)) for w in cuts]
    longer = sorted(((vocabulary.word(r), w) for w, r in rows if len(w) > 1), key=lambda p: -p[0])[:WORDS]
    length = math.sqrt(sum(v * v for v, _ in longer)) or 1.0
    known = sorted(((vocabulary.word(r), r) for _, r in rows if r is not None), key=lambda p: -p[0])[:WORDS]
    index = np.array([r for _, r in known], dtype=np.intp)
    weights = np.array([w for w, _ in known], dtype=np.float32)
    found = frozenset(places)
    return Sketch(
        grams=pairs,
        rarest=tuple(list(pairs)[:RAREST]),
        words={w: v / length for v, w in longer},
        rows=index,
        weights=weights,
        sense=unit(vocabulary.senses[index].T @ weights) if len(index) else np.zeros(SENSES, dtype=np.float32),
        places=found,
        named=found | frozenset(named(text)),
        type=type,
        relevant=relevant,
        hour=hour,
    )


def unit(vector: NDArray[Any]) -> Vector:
    """The vector at length 1; zeros stay zeros."""
    length = float(np.sqrt(vector @ vector))
    scaled: Vector = (vector / length if length else vector).astype(np.float32)
    return scaled


def dot(a: dict[str, float], b: dict[str, float]) -> float:
    if len(a) > len(b):
        a, b = b, a
    return sum(w * b[k] for k, w in a.items() if k in b)
