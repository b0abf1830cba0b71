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

BITS = 17
_MIX, _SECOND, _THIRD = np.uint32(2654435761), np.uint32(40503), np.uint32(2246822519)
_SHIFT = np.uint32(32 - BITS)
HEADS = ("direct", "incident")
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
    """Distinct indexes (< 2**BITS) of the text's characters 1-3, words and word pairs."""
    chars = np.frombuffer(text[:LONGEST].encode("utf-32-le", "replace"), dtype=np.uint32)
    tokens = np.array([_word_hash(w) for w in words if len(w) > 1], dtype=np.uint32)
    pairs = chars[:-1] * _SECOND + chars[1:] + np.uint32(7)
    parts = [chars + np.uint32(1 << 21), pairs, pairs[:-1] * _THIRD + chars[2:] * _SECOND, tokens]
    parts.append(tokens[:-1] * _THIRD + tokens[1:])
    mixed = np.concatenate(parts) * _MIX
    return np.unique(mixed >> _SHIFT)


class Model:
    """Weights (2**BITS × heads), biases, and the inverse document frequency of hashed words."""

    def __init__(self, weights: np.ndarray, bias: np.ndarray, idf: np.ndarray, header: dict[str, Any]) -> None:
        self._weights = weights.astype(np.float32)
        self._bias = [float(b) for b in bias]
        self._idf = idf.astype(np.float32)
        self.header = header
        self.version = str(header["version"])

    def predict(self, text: str, words: Sequence[str]) -> dict[str, float]:
        """Probability of each head (`direct` 涉警, `incident` 警情类) for a normalised text and its words."""
        index = features(text, words)
        if not len(index):
            return dict.fromkeys(HEADS, 0.0)
        sums = self._weights[index].sum(axis=0) / math.sqrt(len(index))
        return {
            head: 1 / (1 + math.exp(-max(-30.0, min(30.0, float(s) + b))))
            for head, s, b in zip(HEADS, sums, self._bias, strict=True)
        }

    def rarity(self, words: Sequence[str]) -> list[float]:
        """How rare each word is: its inverse document frequency in the training stream, about 1 to 12."""
        index = np.array([_word_hash(w) for w in words], dtype=np.uint32) * _MIX >> _SHIFT
        values: list[float] = self._idf[index].tolist()
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
    np.savez_compressed(buffer, allow_pickle=False, **arrays)  # type: ignore[arg-type]
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
    if arrays["weights"].shape != (1 << BITS, len(HEADS)) or len(arrays["idf"]) != 1 << BITS:
        raise ModelError(f"模型文件 {path.name} 的形状不合本版本")
    return Model(arrays["weights"], arrays["bias"], arrays["idf"], header)
