"""Training the model from a folder of data: silver labels from the rules, hand labels above them, kept rows apart.

scikit-learn is imported here alone. No text goes into the model file: features are hashes. Same folder, same rules,
same seed: same model (data/README.md names the files and what each is good for).
"""

from __future__ import annotations

import gzip
import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from analysis import learning
from analysis.reading import Reader, Verdict
from analysis.samples import plain_post, rows_of
from analysis.text import Cutter, normalise
from analysis.themes import KINDS

POOL, HAND, NEGATIVE, STREAM = (
    "pool_police_candidates.jsonl.gz",
    "dev_labels.jsonl",
    "thucnews_titles_20k.tsv.gz",
    "weibo_hotsearch_2024_2026.jsonl.gz",
)
OURS = Path(__file__).parent / "model" / "labels.tsv"  # our own hand labels of pool items: id, tier, kind
SURE_YES, SURE_NO = 0.9, 0.1  # what the rules are sure of becomes a silver label; between, nothing is said
HAND_WEIGHT = 8.0  # one hand label weighs so many silver ones
SMALL = 0.02  # weights below this are dropped: they only make the file larger
SILVER_LIMIT = 70_000


@dataclass(frozen=True, kw_only=True)
class Example:
    """One text with what is known of it; None = unknown for that head."""

    text: str
    direct: bool | None
    incident: bool | None
    kind: str | None
    weight: float


def train(folder: Path, reader: Reader, target: Path, trained: str) -> dict[str, Any]:
    """Build the model at `target` from the files in `folder`; returns its header.

    `trained` is the day of training as text, part of the version. Raises OSError when a file is missing.
    """
    examples = list(_examples(folder, reader))
    cutter = Cutter()
    rows = [learning.features(e.text, cutter.cut(e.text)) for e in examples]
    weights = np.zeros((1 << learning.BITS, len(learning.HEADS)), dtype=np.float32)
    bias = np.zeros(len(learning.HEADS), dtype=np.float32)
    for column, head in enumerate(learning.HEADS):
        chosen = [(i, y) for i, e in enumerate(examples) if (y := _target(e, head)) is not None]
        coef, intercept = _fit([rows[i] for i, _ in chosen], [y for _, y in chosen], [examples[i].weight for i, _ in chosen])
        weights[:, column], bias[column] = coef, intercept
    weights[np.abs(weights) < SMALL] = 0
    note = {
        "trained": trained,
        "note": "Logistic regression on hashed characters and words; silver labels by the rules, hand labels weigh more.",
        "rules": reader.version,
        "files": {name: _sha(folder / name) for name in (POOL, HAND, NEGATIVE, STREAM)},
        "own_labels": _sha(OURS),
        "kept": "odd rows of the hand labels were not trained on",
        "examples": len(examples),
    }
    return learning.save(target, weights, bias, _idf(folder, cutter), note)


def _target(example: Example, head: str) -> bool | None:
    if head == "direct":
        return example.direct
    if head == "incident":
        return example.incident
    return None if example.kind is None else example.kind == head


def _fit(rows: list[np.ndarray], labels: list[bool], weight: list[float]) -> tuple[np.ndarray, float]:
    indptr = np.cumsum([0, *(len(r) for r in rows)])
    data = np.concatenate([np.full(len(r), 1 / math.sqrt(max(1, len(r))), dtype=np.float32) for r in rows])
    matrix = csr_matrix((data, np.concatenate(rows), indptr), shape=(len(rows), 1 << learning.BITS))
    fitted = LogisticRegression(C=4.0, solver="liblinear", random_state=0, max_iter=200)
    fitted.fit(matrix, np.array(labels), sample_weight=np.array(weight))
    return fitted.coef_[0], float(fitted.intercept_[0])


def _examples(folder: Path, reader: Reader) -> Iterator[Example]:
    own = own_labels()
    for n, row in enumerate(rows_of(folder / POOL)):
        text = row["title"] + ("\n" + row["desc"] if row.get("desc") else "")
        if row["id"] in own:
            number, tier, kind = own[row["id"]]
            if number % 2 == 0:
                yield _hand(text, tier == "direct", tier != "none", kind)
        elif n < SILVER_LIMIT:
            yield _silver(text, reader)
    for n, row in enumerate(rows_of(folder / HAND)):
        if n % 2 == 0:
            yield _hand(row["text"], bool(row["police_related"]), None, row["incident_type"])
    with gzip.open(folder / NEGATIVE, "rt", encoding="utf-8") as lines:
        for line in lines:
            _, category, title = line.rstrip("\n").split("\t")
            if category not in ("society", "category"):
                yield Example(text=normalise(title), direct=False, incident=False, kind=None, weight=0.5)


def _hand(text: str, direct: bool, incident: bool | None, kind: str) -> Example:
    return Example(text=normalise(text), direct=direct, incident=incident, kind=kind, weight=HAND_WEIGHT)


def _silver(text: str, reader: Reader) -> Example:
    verdict = reader.read(plain_post(text))
    relevant = None if SURE_NO < verdict.score < 0.7 else verdict.tier != "none"
    direct: bool | None = None
    if verdict.tier == "direct":
        direct = True if verdict.score >= SURE_YES else None
    elif verdict.score <= SURE_NO or verdict.tier == "incident":
        direct = False
    kind = _sure_kind(verdict)
    return Example(text=normalise(text), direct=direct, incident=relevant, kind=kind, weight=1.0)


def _sure_kind(verdict: Verdict) -> str | None:
    """The kind where the rules found a theme with several words; the theme "other" is never silver."""
    if verdict.tier == "none" or verdict.theme in ("", "T03-other"):
        return None
    words = [r for r in verdict.reasons if r.startswith("类型")]
    return KINDS[verdict.theme] if words and "、" in words[0] else None


def own_labels() -> dict[str, tuple[int, str, str]]:
    """Our hand labels: id -> (row number, tier, kind)."""
    found = {}
    for number, line in enumerate(OURS.read_text(encoding="utf-8").splitlines()):
        item, tier, kind = line.split("\t")
        found[item] = (number, tier, kind)
    return found


def _idf(folder: Path, cutter: Cutter) -> np.ndarray:
    counts, total = np.zeros(1 << learning.IDF_BITS), 0
    for row in rows_of(folder / STREAM):
        words = set(cutter.cut(normalise(row["title"] + " " + (row.get("desc") or ""))))
        counts[learning.word_buckets(sorted(words))] += 1
        total += 1
    found: np.ndarray = np.log((total + 1) / (counts + 1))
    return found


def _sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
