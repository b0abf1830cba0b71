"""Training the models from a folder of data: word vectors, then relevance, type and happening from hand labels.

scikit-learn is imported here alone. No text goes into the model files: words and features are hashes. Same folder, same
rules, same labels: same model (data/README.md names the files and what each is good for). Items of whole months are kept
apart (`kept`), so that no event stands on both sides.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression

from analysis import learning, vectors, word_vectors
from analysis.learning import HEADS
from analysis.measuring import broad
from analysis.reading import Reader
from analysis.samples import plain_post, rows_of
from analysis.text import normalise
from analysis.vectors import Vectors

POOL, HAND, NEGATIVE, STREAM = (
    "pool_police_candidates.jsonl.gz",
    "dev_labels.jsonl",
    "thucnews_titles_20k.tsv.gz",
    "weibo_hotsearch_2024_2026.jsonl.gz",
)
OURS = Path(__file__).parent / "model" / "labels.tsv"  # our own hand labels of pool items: id, tier, kind, grade, unsure
UNSURE = 0.6  # weight of a label on which a second reader could differ
PLAIN_NEGATIVE = 0.1  # weight of a news title of another section: there are many, and they are easy
STRENGTH = 8.0  # inverse of the penalty (scikit-learn's C), read off the folds
SMALL = 0.01  # weights below this are dropped: they only make the file larger
KEPT_OF = 7  # one month in so many is kept


@dataclass(frozen=True, kw_only=True)
class Example:
    """One text with what is known of it; None = unknown for that head."""

    text: str
    published: str
    direct: bool | None
    incident: bool | None
    kind: str | None
    happened: bool | None
    weight: float = 1.0

    @property
    def kept(self) -> bool:
        """Whether its month is kept from training."""
        return is_kept(self.published)


def is_kept(published: str) -> bool:
    """Whether items published on that ISO day are kept for measuring, never trained on."""
    return zlib.crc32(published[:7].encode()) % KEPT_OF == 0


def train(
    folder: Path, reader: Reader, target: Path, trained: str, corrections: Sequence[Example] = ()
) -> dict[str, Any]:
    """Build the model at `target` (and vectors.npz beside it, when missing) from `folder`; returns its header.

    `trained` is the day of training as text, part of the version; `corrections` are officers' (analysis.corrections).
    Raises OSError when a file is missing.
    """
    words = _vectors(folder, reader, target.with_name("vectors.npz"))
    learned = [e for e in corrections if not e.kept]
    examples = [*(e for e in (*labelled(folder), *_negatives(folder)) if not e.kept), *learned]
    hashed, seen = _matrices(examples, reader, words)
    together = hstack([hashed, csr_matrix(seen)]).tocsr()
    size = 1 << learning.BITS
    weights = np.zeros((size, len(HEADS)), dtype=np.float32)
    dense = np.zeros((seen.shape[1], len(HEADS)), dtype=np.float32)
    bias = np.zeros(len(HEADS), dtype=np.float32)
    for column, head in enumerate(HEADS):
        chosen = [(i, y) for i, e in enumerate(examples) if (y := _target(e, head)) is not None]
        rows = [i for i, _ in chosen]
        fitted = LogisticRegression(C=STRENGTH, solver="liblinear", random_state=0, max_iter=300)
        fitted.fit(together[rows], [y for _, y in chosen], sample_weight=[examples[i].weight for i in rows])
        weights[:, column], dense[:, column] = fitted.coef_[0][:size], fitted.coef_[0][size:]
        bias[column] = fitted.intercept_[0]
    weights[np.abs(weights) < SMALL] = 0
    note = {
        "trained": trained,
        "note": "Logistic regression on hashed characters and words, signals of the rules, and word vectors; hand labels.",
        "rules": reader.version,
        "files": {name: sha(folder / name) for name in (POOL, HAND, NEGATIVE, STREAM)},
        "own_labels": sha(OURS),
        "kept": f"months with crc32(YYYY-MM) % {KEPT_OF} == 0 were not trained on",
        "examples": len(examples),
        "corrections": len(learned),
        "corrections_kept": len(corrections) - len(learned),
        "corrections_sha": hashlib.sha256(repr(learned).encode()).hexdigest()[:16] if learned else "",
    }
    arrays = {"weights": weights, "dense": dense, "bias": bias, "idf": _idf(folder, reader)}
    return learning.save(target, arrays, words, note)


def _target(example: Example, head: str) -> bool | None:
    if head in ("direct", "incident", "happened"):
        known: bool | None = getattr(example, head)
        return known
    return None if example.kind is None else example.kind == head


def _matrices(examples: Sequence[Example], reader: Reader, words: Vectors) -> tuple[csr_matrix, np.ndarray]:
    """Features of each example: hashed ones, dense ones."""
    index, seen = [], []
    for example in examples:
        look = reader.look(plain_post(example.text))
        all_words = [*look.title_words, *look.body_words[: learning.MOST_WORDS]]
        index.append(learning.features(look.text, all_words, sum(map(len, look.title_words))))
        seen.append(learning.dense(look.seen, words.of(look.title_words), words.of(all_words)))
    indptr = np.cumsum([0, *(len(r) for r in index)])
    data = np.concatenate([np.full(len(r), 1 / math.sqrt(max(1, len(r))), dtype=np.float32) for r in index])
    return csr_matrix((data, np.concatenate(index), indptr), shape=(len(index), 1 << learning.BITS)), np.array(seen)


def labelled(folder: Path) -> Iterator[Example]:
    """Every hand-labelled item whose text is in `folder`."""
    own = own_labels()
    for row in rows_of(folder / POOL):
        if row["id"] in own:
            yield _own(row, own[row["id"]])
    for row in rows_of(folder / HAND):
        yield Example(
            text=row["text"],
            published=row["published"],
            direct=bool(row["police_related"]),
            incident=broad(row),
            kind=row["incident_type"],
            happened=row["grade"] not in (None, "none"),
            weight=UNSURE if row["uncertain"] else 1.0,
        )


def kept_rows(folder: Path) -> list[dict[str, Any]]:
    """The labelled items of the kept months, as rows for analysis.measuring; those without a judged grade count as none."""
    rows = [
        {
            "id": f"kept-{number}",
            "text": example.text,
            "published": example.published if "T" in example.published else f"{example.published}T12:00:00+08:00",
            "police_related": int(bool(example.direct)),
            "police_relevant_broad": int(bool(example.incident)),
            "incident_type": example.kind,
            "grade": "一般" if example.happened else "none",
        }
        for number, example in enumerate(labelled(folder))
    ]
    return [row for row in rows if is_kept(str(row["published"]))]


def _own(row: dict[str, Any], label: dict[str, Any]) -> Example:
    return Example(
        text=row["title"] + ("\n" + row["desc"] if row.get("desc") else ""),
        published=row["published"],
        direct=label["tier"] == "direct",
        incident=label["tier"] != "none",
        kind=label["kind"],
        happened=label["grade"] != "none" if label["grade"] else None,
        weight=UNSURE if label["unsure"] else 1.0,
    )


def _negatives(folder: Path) -> Iterator[Example]:
    """News titles of sections that have nothing to do with us, of another time."""
    with gzip.open(folder / NEGATIVE, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            _, category, title = line.rstrip("\n").split("\t")
            if number % 4 == 0 and category not in ("society", "category", "politics"):
                yield Example(
                    text=title, published="2008-02", direct=False, incident=False, kind=None, happened=None,
                    weight=PLAIN_NEGATIVE,
                )  # fmt: skip


def own_labels() -> dict[str, dict[str, Any]]:
    """Our hand labels by id: tier, kind, grade ('' = not judged), unsure."""
    found = {}
    for line in OURS.read_text(encoding="utf-8").splitlines():
        item, tier, kind, grade, unsure = line.split("\t")
        found[item] = {"tier": tier, "kind": kind, "grade": grade, "unsure": unsure == "?"}
    return found


def _vectors(folder: Path, reader: Reader, path: Path) -> Vectors:
    if path.exists():
        return vectors.load(path)
    return word_vectors.learn(folder, reader.cut, path)


def _idf(folder: Path, reader: Reader) -> np.ndarray:
    counts, total = np.zeros(1 << learning.IDF_BITS), 0
    for row in rows_of(folder / STREAM):
        words = set(reader.cut(normalise(row["title"] + " " + (row.get("desc") or ""))))
        counts[learning.word_buckets(sorted(words))] += 1
        total += 1
    found: np.ndarray = np.log((total + 1) / (counts + 1))
    return found


def sha(path: Path) -> str:
    """The first 16 characters of a file's SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
