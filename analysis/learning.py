"""The learned part: logistic regression over hashed words, word pairs and characters, kept as plain arrays.

Predicting needs numpy alone. Hashing keeps texts out of the model file: it holds numbers and no word of anybody's.
The file is an .npz without pickle; its header names version, inputs and the SHA-256 of the arrays, checked at loading.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from analysis.themes import KINDS

BITS, IDF_BITS = 16, 18
_MIX, _SECOND, _THIRD = np.uint32(2654435761), np.uint32(40503), np.uint32(2246822519)
_SHIFT, _IDF_SHIFT = np.uint32(32 - BITS), np.uint32(32 - IDF_BITS)
# 涉警, 警情类, and one for each kind of the labelling guide (themes.KINDS).
HEADS = ("direct", "incident", *sorted(set(KINDS.values())))
LONGEST = 600  # characters of a text that the model reads


class ModelError(Exception):
    """The model file is missing or damaged; the reader goes on with its rules and says so."""


_hashes: dict[str, int] = {}


def _word_hash(word: str) -> int:
    known = _hashes.get(word)
    if known is None:
        if len(_hashes) > 200_000:  # a bound, not a policy: words repeat
            _hashes.clear()
        known = _hashes[word] = zlib.crc32(word.encode())
    return known


def features(text: str, words: Sequence[str]) -> np.ndarray:
    """Indexes (< 2**BITS) of the text's characters 1-3, words and word pairs, as often as they occur."""
    chars = np.frombuffer(text[:LONGEST].encode("utf-32-le", "replace"), dtype=np.uint32)
    tokens = np.array([_word_hash(w) for w in words if len(w) > 1], dtype=np.uint32)
    pairs = chars[:-1] * _SECOND + chars[1:] + np.uint32(7)
    parts = [chars + np.uint32(1 << 21), pairs, pairs[:-1] * _THIRD + chars[2:] * _SECOND, tokens]
    parts.append(tokens[:-1] * _THIRD + tokens[1:])
    found: np.ndarray = np.concatenate(parts) * _MIX >> _SHIFT
    return found


def word_buckets(words: Sequence[str]) -> np.ndarray:
    """The index (< 2**IDF_BITS) of each word in the table of inverse document frequencies."""
    found: np.ndarray = np.array([_word_hash(w) for w in words], dtype=np.uint32) * _MIX >> _IDF_SHIFT
    return found


class Model:
    """Weights (2**BITS × heads), biases, and the inverse document frequency of hashed words (2**IDF_BITS)."""

    def __init__(self, weights: np.ndarray, bias: np.ndarray, idf: np.ndarray, header: dict[str, Any]) -> None:
        self._weights = weights.astype(np.float32)
        self._bias = bias.astype(np.float32)
        self._idf = idf.astype(np.float32)
        self.header = header
        self.version = str(header["version"])

    def predict(self, text: str, words: Sequence[str]) -> dict[str, float]:
        """The probability of each head for a normalised text and its words; every head is a yes-or-no of its own."""
        index = features(text, words)
        sums = self._weights.take(index, axis=0).sum(axis=0) / math.sqrt(max(1, len(index))) + self._bias
        return dict(zip(HEADS, (1 / (1 + np.exp(-np.clip(sums, -30, 30)))).tolist(), strict=True))

    def rarity(self, words: Sequence[str]) -> list[float]:
        """How rare each word is: its inverse document frequency in the training stream, about 1 to 12."""
        values: list[float] = self._idf[word_buckets(words)].tolist()
        return values


def _digest(arrays: dict[str, np.ndarray]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name}{array.dtype}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def save(path: Path, weights: np.ndarray, bias: np.ndarray, idf: np.ndarray, note: dict[str, Any]) -> dict[str, Any]:
    """Write the model as float16 arrays; `note` says what it was trained from. Returns the header."""
    arrays: dict[str, np.ndarray] = {
        "weights": weights.astype(np.float16),
        "bias": bias.astype(np.float32),
        "idf": idf.astype(np.float16),
    }
    digest = _digest(arrays)
    header = {**note, "version": f"{note['trained']}-{digest[:8]}", "sha256": digest, "bits": BITS, "heads": list(HEADS)}
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    arrays["header"] = np.frombuffer(json.dumps(header, ensure_ascii=False).encode(), dtype=np.uint8)
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    path.write_bytes(buffer.getvalue())
    return header


def load(path: Path) -> Model:
    """The model at `path`. Raises ModelError when it is missing, damaged, altered or of another shape."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in ("weights", "bias", "idf")}
            header = json.loads(bytes(file["header"]))
    except FileNotFoundError:
        raise ModelError(f"没有模型文件 {path.name}") from None
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, zlib.error, EOFError) as e:
        raise ModelError(f"模型文件 {path.name} 无法读取：{e}") from e
    if _digest(arrays) != header.get("sha256"):
        raise ModelError(f"模型文件 {path.name} 与其校验值不符，已拒用")
    if arrays["weights"].shape != (1 << BITS, len(HEADS)) or len(arrays["idf"]) != 1 << IDF_BITS:
        raise ModelError(f"模型文件 {path.name} 的形状不合本版本")
    return Model(arrays["weights"], arrays["bias"], arrays["idf"], header)
