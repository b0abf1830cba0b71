"""The learned part: logistic regression over hashed words and characters, what the rules saw, and word vectors.

Predicting needs numpy alone. Hashing keeps texts out of the model file: it holds numbers and no word of anybody's.
The file is an .npz without pickle; its header names version, inputs and the SHA-256 of the arrays, checked at loading.
"""

from __future__ import annotations

import hashlib
import math
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from analysis import signals, vectors
from analysis.themes import KINDS
from analysis.vectors import ModelError, Vectors

__all__ = ["Model", "ModelError", "load", "save"]

BITS, IDF_BITS = 17, 18
_MIX, _SECOND, _THIRD = np.uint32(2654435761), np.uint32(40503), np.uint32(2246822519)
_SHIFT, _IDF_SHIFT = np.uint32(32 - BITS), np.uint32(32 - IDF_BITS)
_IN_TITLE = np.uint32(374761393)
# 涉警, 警情类, whether anything happened that is graded, and one for each kind of the labelling guide (themes.KINDS).
HEADS = ("direct", "incident", "happened", *sorted(set(KINDS.values())))
LONGEST = 600  # characters of a text that the model reads
MOST_WORDS = 300
SIGNAL = 0.6  # what the rules saw counts so much beside words and characters (read off the folds of the training rows)

_hashes: dict[str, int] = {}


def _word_hash(word: str) -> int:
    known = _hashes.get(word)
    if known is None:
        if len(_hashes) > 200_000:  # a bound, not a policy: words repeat
            _hashes.clear()
        known = _hashes[word] = zlib.crc32(word.encode())
    return known


def features(text: str, words: Sequence[str], title: int = 0) -> np.ndarray:
    """Indexes (< 2**BITS) of the text's characters 1-3, words and word pairs, as often as they occur.

    The pairs of characters among the first `title` characters are told apart once more.
    """
    chars = np.frombuffer(text[:LONGEST].encode("utf-32-le", "replace"), dtype=np.uint32)
    tokens = np.array([_word_hash(w) for w in words if len(w) > 1], dtype=np.uint32)
    pairs = chars[:-1] * _SECOND + chars[1:] + np.uint32(7)
    parts = [chars + np.uint32(1 << 21), pairs, pairs[:-1] * _THIRD + chars[2:] * _SECOND, tokens]
    parts.append(tokens[:-1] * _THIRD + tokens[1:])
    parts.append(pairs[: max(0, title - 1)] * _IN_TITLE)
    found: np.ndarray = np.concatenate(parts) * _MIX >> _SHIFT
    return found


def dense(seen: Sequence[float], title: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """The part that is not hashed: signals of the rules, vectors of the whole text and of the title."""
    return np.concatenate([np.asarray(seen, dtype=np.float32) * SIGNAL, whole, title])


def word_buckets(words: Sequence[str]) -> np.ndarray:
    """The index (< 2**IDF_BITS) of each word in the table of inverse document frequencies."""
    found: np.ndarray = np.array([_word_hash(w) for w in words], dtype=np.uint32) * _MIX >> _IDF_SHIFT
    return found


class Model:
    """Weights of hashed features and of dense ones, biases, and the inverse document frequency of hashed words."""

    def __init__(self, arrays: dict[str, np.ndarray], header: dict[str, Any], words: Vectors) -> None:
        self._weights = arrays["weights"].astype(np.float32)
        self._dense = arrays["dense"].astype(np.float32)
        self._bias = arrays["bias"].astype(np.float32)
        self._idf = arrays["idf"].astype(np.float32)
        self._vectors = words
        self.header = header
        self.version = str(header["version"])

    def predict(self, text: str, title: Sequence[str], body: Sequence[str], seen: Sequence[float]) -> dict[str, float]:
        """The probability of each head for a normalised text, its words and signals; every head a yes-or-no of its own."""
        words = [*title, *body[:MOST_WORDS]]
        index = features(text, words, sum(map(len, title)))
        sums = self._weights.take(index, axis=0).sum(axis=0) / math.sqrt(max(1, len(index))) + self._bias
        sums = sums + dense(seen, self._vectors.of(title), self._vectors.of(words)) @ self._dense
        return dict(zip(HEADS, (1 / (1 + np.exp(-np.clip(sums, -30, 30)))).tolist(), strict=True))

    def speaking(self, words: Sequence[str], head: str, most: int = 3) -> list[str]:
        """The words that speak most for a head, strongest first (for the reasons a person reads)."""
        known = list(dict.fromkeys(w for w in words if len(w) > 1))
        if not known:
            return []
        index = np.array([_word_hash(w) for w in known], dtype=np.uint32) * _MIX >> _SHIFT
        weights = self._weights[index, HEADS.index(head)].tolist()
        return [word for weight, word in sorted(zip(weights, known, strict=True), reverse=True)[:most] if weight > 0.5]

    def rarity(self, words: Sequence[str]) -> list[float]:
        """How rare each word is: its inverse document frequency in the training stream, about 1 to 12."""
        values: list[float] = self._idf[word_buckets(words)].tolist()
        return values


def _shape() -> str:
    """What a model must have been trained for: heads, signals and sizes."""
    return hashlib.sha256(repr((HEADS, signals.NAMES, BITS, IDF_BITS, SIGNAL)).encode()).hexdigest()[:16]


def save(path: Path, arrays: dict[str, np.ndarray], words: Vectors, note: dict[str, Any]) -> dict[str, Any]:
    """Write the model as float16 arrays; `note` says what it was trained from. Returns the header."""
    kept: dict[str, np.ndarray] = {
        "weights": arrays["weights"].astype(np.float16),
        "dense": arrays["dense"].astype(np.float32),
        "bias": arrays["bias"].astype(np.float32),
        "idf": arrays["idf"].astype(np.float16),
    }
    version = f"{note['trained']}-{vectors.digest(kept)[:8]}"
    return vectors.write(path, kept, {**note, "version": version, "shape": _shape(), "vectors": words.sha256})


def load(path: Path) -> Model:
    """The model at `path` and the vectors beside it. Raises ModelError when missing, damaged, altered or of another shape."""
    arrays, header = vectors.read(path, ("weights", "dense", "bias", "idf"))
    words = vectors.load(path.with_name("vectors.npz"))
    if header.get("vectors") != words.sha256:
        raise ModelError(f"模型文件 {path.name} 与 vectors.npz 不是一套，已拒用")
    fits = arrays["weights"].shape == (1 << BITS, len(HEADS)) and len(arrays["idf"]) == 1 << IDF_BITS
    if header.get("shape") != _shape() or not fits:
        raise ModelError(f"模型文件 {path.name} 的形状不合本版本")
    return Model(arrays, header, words)
