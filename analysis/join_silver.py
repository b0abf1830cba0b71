"""Events that nobody labelled: hot topics whose lead texts say much the same, each known to the learner by its title alone.

Two topics of one affair often carry the same report under headlines that share hardly a word (123人没登记就下井了,
煤矿爆炸井口现冲击波). Alike lead texts make one event, unlike ones two; what lies between is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import TfidfVectorizer

from analysis.reading import Reader
from analysis.samples import plain_post, rows_of
from analysis.sketches import Sketch, Vocabulary, lead, sketch

STREAM = "weibo_hotsearch_2024_2026.jsonl.gz"
LONG = 30  # characters of a lead text that says enough
SAME, MAYBE = 0.30, 0.08  # cosine of two lead texts (characters, pairs and threes) read by eye: one event; perhaps one
APART_H = 96
SCORE = 0.25  # a topic of which title and lead text together say less concerns nobody


@dataclass(frozen=True, kw_only=True)
class Told:
    """One post of a stream whose events are known. `alike`: posts that may be of the same event, nobody knows."""

    event: str | None
    sketch: Sketch
    alike: Mapping[int, float]


def stream(folder: Path, reader: Reader, vocabulary: Vocabulary, without: frozenset[str]) -> list[Told]:
    """The topics in time order, those first seen on the days `without` left out. Raises OSError."""
    rows = sorted(_topics(folder, reader, without), key=lambda row: (row["first_seen"], row["id"]))
    hours = np.array([datetime.fromisoformat(row["first_seen"]).timestamp() / 3600 for row in rows])
    one, other, cosine = _near([row["desc"] for row in rows], hours)
    same = cosine >= SAME
    linked = coo_matrix((np.ones(same.sum()), (one[same], other[same])), shape=(len(rows), len(rows)))
    _, event = connected_components(linked, directed=False)
    alike: list[dict[int, float]] = [{} for _ in rows]
    for a, b, value in zip(one.tolist(), other.tolist(), cosine.tolist(), strict=True):
        alike[a][b] = alike[b][a] = value
    return [
        Told(event=f"silver/{event[n]}", sketch=_sketch(row, hours[n], reader, vocabulary), alike=alike[n])
        for n, row in enumerate(rows)
    ]


def _topics(folder: Path, reader: Reader, without: frozenset[str]) -> list[dict[str, Any]]:
    found = []
    for row in rows_of(folder / STREAM):
        described = row.get("desc") or ""
        if len(described) >= LONG and row["first_seen"][:10] not in without:
            verdict = reader.read(plain_post(f"{row['title']}\n{described}", row["first_seen"]))
            if verdict.tier != "none" or verdict.score >= SCORE:
                found.append(row)
    return found


def _near(texts: Sequence[str], hours: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs (earlier, later, cosine) of texts at most APART_H hours apart that are not plainly of two affairs."""
    table = TfidfVectorizer(analyzer="char", ngram_range=(2, 3), sublinear_tf=True, min_df=2).fit_transform(texts)
    found = (table @ table.T).tocoo()
    near = (found.row < found.col) & (np.abs(hours[found.row] - hours[found.col]) <= APART_H) & (found.data >= MAYBE)
    return found.row[near], found.col[near], found.data[near]


def _sketch(row: dict[str, Any], hour: float, reader: Reader, vocabulary: Vocabulary) -> Sketch:
    verdict = reader.read(plain_post(row["title"], row["first_seen"]))
    return sketch(
        lead(row["title"], ""), reader.cut, vocabulary, places=(*verdict.places, *verdict.units), type=verdict.type,
        doubt=verdict.doubt, hour=float(hour), stop=reader.stop,
    )  # fmt: skip
