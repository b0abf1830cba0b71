"""Learning the word vectors: which words stand beside which, weighed (PPMI) and condensed (truncated SVD)."""

from __future__ import annotations

import gzip
import random
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix
from sklearn.utils.extmath import randomized_svd

from analysis import vectors
from analysis.samples import rows_of
from analysis.text import normalise
from analysis.vectors import Vectors

STREAM, TITLES = "weibo_hotsearch_2024_2026.jsonl.gz", "titles_2020_2026.tsv.gz"
TITLES_READ = 500_000
WINDOW, DIMS, LEAST, MOST = 6, 96, 8, 50_000
BATCH = 20_000_000  # word pairs held at once: about 300 MB


def learn(folder: Path, cut: Callable[[str], list[str]], target: Path) -> Vectors:
    """Vectors from the texts in `folder`, written to `target`. About two minutes and 3 GB. Raises OSError."""
    texts = [[w for w in cut(normalise(text)) if w.strip() and not w.isascii()] for text in _texts(folder)]
    counts = Counter(word for text in texts for word in text)
    known = sorted((w for w, n in counts.items() if n >= LEAST), key=lambda w: (-counts[w], w))[:MOST]
    table = _condense(_beside(texts, {word: row for row, word in enumerate(known)}))
    keys = np.array([zlib.crc32(word.encode()) for word in known], dtype=np.uint32)
    note = {"from": [STREAM, TITLES], "texts": len(texts), "words": len(known), "dims": DIMS}
    return vectors.save(target, keys, table, np.array([counts[w] for w in known], dtype=float), note)


def _texts(folder: Path) -> Iterator[str]:
    for row in rows_of(folder / STREAM):
        yield row["title"] + " " + (row.get("desc") or "")
    with gzip.open(folder / TITLES, "rt", encoding="utf-8") as lines:
        next(lines)
        titles = [line.rstrip("\n").split("\t")[3] for line in lines]
    yield from random.Random(0).sample(titles, min(TITLES_READ, len(titles)))


def _beside(texts: list[list[str]], row_of: dict[str, int]) -> csr_matrix:
    """How often each word stands within WINDOW words of each other, both ways."""
    size = len(row_of)
    found = csr_matrix((size, size), dtype=np.float32)
    left: list[int] = []
    right: list[int] = []
    for text in texts:
        rows = [row_of[w] for w in text if w in row_of]
        for apart in range(1, WINDOW + 1):
            left.extend(rows[:-apart])
            right.extend(rows[apart:])
        if len(left) > BATCH:
            found = found + _counted(left, right, size)
            left, right = [], []
    found = found + _counted(left, right, size)
    return found + found.T


def _counted(left: list[int], right: list[int], size: int) -> csr_matrix:
    return coo_matrix((np.ones(len(left), dtype=np.float32), (left, right)), shape=(size, size)).tocsr()


def _condense(beside: csr_matrix) -> np.ndarray:
    """Positive pointwise mutual information (contexts to the power .75), its first DIMS directions, at unit length."""
    cells = beside.tocoo()
    whole = np.asarray(beside.sum(axis=1)).ravel()
    damped = whole**0.75
    values = np.log(cells.data * damped.sum() / (whole[cells.row] * damped[cells.col]))
    kept = values > 0
    positive = csr_matrix((values[kept], (cells.row[kept], cells.col[kept])), shape=beside.shape)
    left, strength, _ = randomized_svd(positive, DIMS, n_iter=3, random_state=0)
    table = left * np.sqrt(strength)
    unit: np.ndarray = table / (np.linalg.norm(table, axis=1, keepdims=True) + 1e-9)
    return unit
