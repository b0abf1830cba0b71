"""The learned decision to join or open: weights and vocabulary as plain arrays, refused when they fail their hash.

The file holds hashes, counts, vectors and weights, and no word of anybody's (analysis/join_training.py makes it).
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from analysis.events import FEATURES
from analysis.learning import ModelError
from analysis.sketches import GRAM_BITS, SENSES, Vocabulary

FILE = Path(__file__).parent / "model" / "joining.npz"
ARRAYS = ("gram_rarity", "words", "word_rarity", "senses", "weights")
THRESHOLD = 0.15
STEP = 20  # rarities are kept as whole numbers of twentieths

# Without a model: fitted like the learned ones with everything equally rare and nothing with a sense.
PLAIN = {
    "bias": -4.6, "likeness": 3.0, "words": 3.0, "covered": 3.4, "rare": 2.0, "rare_here": 0.5, "same_number": 0.8, "other_number": -0.8, "other_person": -0.5, "other_kind": -1.0, "other_place": -3.0,
    "other_type": -0.6, "days": -0.9, "posts": 0.1, "irrelevant": -1.7, "doubt": -1.2,
}  # fmt: skip


class Model:
    def __init__(self, vocabulary: Vocabulary, bias: float, weights: Sequence[float], header: dict[str, Any]) -> None:
        self.vocabulary, self.bias, self.weights, self.header = vocabulary, bias, list(weights), header
        self.threshold = float(header.get("threshold", THRESHOLD))

    def probability(self, features: Sequence[float]) -> float:
        """That the post is of the event, 0..1; features in the order of events.FEATURES."""
        logit = self.bias + sum(w * f for w, f in zip(self.weights, features, strict=True))
        return 1.0 / (1.0 + math.exp(-min(max(logit, -30.0), 30.0)))


def ready(path: Path = FILE) -> tuple[Model, str]:
    """The model, or the plain decision and why there is no model."""
    try:
        return load(path), ""
    except ModelError as e:
        return plain(), f"{e}；归并事件只按固定权重进行"


def plain() -> Model:
    """The decision by hand-set weights, for when there is no usable model."""
    weights = [PLAIN.get(name, 0.0) for name in FEATURES]
    return Model(Vocabulary.empty(), PLAIN["bias"], weights, {"version": "none"})


def save(path: Path, arrays: dict[str, np.ndarray], note: dict[str, Any]) -> dict[str, Any]:
    """Write the arrays (see ARRAYS; the last weight is the bias) with their hash. Returns the header."""
    digest = _digest(arrays)
    header = {**note, "version": f"{note['trained']}-{digest[:8]}", "sha256": digest, "features": list(FEATURES)}
    buffer = io.BytesIO()
    encoded = np.frombuffer(json.dumps(header, ensure_ascii=False).encode(), dtype=np.uint8)
    np.savez_compressed(buffer, allow_pickle=False, header=encoded, **arrays)
    path.write_bytes(buffer.getvalue())
    return header


def load(path: Path = FILE) -> Model:
    """The model at `path`. Raises ModelError when it is missing, damaged, altered or of another shape."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in ARRAYS}
            header = json.loads(bytes(file["header"]))
    except FileNotFoundError:
        raise ModelError(f"没有模型文件 {path.name}") from None
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, zlib.error, EOFError) as e:
        raise ModelError(f"模型文件 {path.name} 无法读取：{e}") from e
    if _digest(arrays) != header.get("sha256"):
        raise ModelError(f"模型文件 {path.name} 与其校验值不符，已拒用")
    if header.get("features") != list(FEATURES) or len(arrays["gram_rarity"]) != 1 << GRAM_BITS:
        raise ModelError(f"模型文件 {path.name} 的形状不合本版本")
    return from_arrays(arrays, header)


def fitted(model: Model, weights: Iterable[float]) -> Model:
    """The same vocabulary and threshold with other weights, the bias last (for trying them)."""
    *rest, bias = map(float, weights)
    return Model(model.vocabulary, bias, rest, model.header)


def from_arrays(arrays: dict[str, np.ndarray], header: dict[str, Any]) -> Model:
    senses = arrays["senses"].astype(np.float32)
    senses /= np.linalg.norm(senses, axis=1, keepdims=True) + 1e-9
    assert senses.shape[1] == SENSES
    vocabulary = Vocabulary(
        (arrays["gram_rarity"] / STEP).tolist(), arrays["words"], (arrays["word_rarity"] / STEP).tolist(), senses
    )
    *weights, bias = arrays["weights"].tolist()
    return Model(vocabulary, bias, weights, header)


def _digest(arrays: dict[str, np.ndarray]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name}{array.dtype}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
