"""Learning when a post joins an event: vocabulary from headlines, weights from streams whose events are known.

Six windows were labelled by reading; many more events are known by their lead texts (analysis/join_silver.py). The days of
the windows and those around them stay out of the vocabulary, lest words be known by the events they are tried on.
scikit-learn is imported here and in analysis/training.py alone. Same folder, same labels, same reader: same file.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.utils.extmath import randomized_svd

from analysis import join_silver, joining, pairing
from analysis.events import FEATURES, EventIndex
from analysis.join_silver import STREAM, Told
from analysis.reading import Reader, Verdict
from analysis.samples import plain_post, rows_of
from analysis.sketches import GRAM_BITS, SENSES, Cut, Sketch, grams, hashed, lead, sketch
from analysis.text import normalise
from analysis.waiting import Held, Waiting

TITLES = "titles_2020_2026.tsv.gz"
PAIRS = "pairs_same_event_dev.jsonl"
LABELS = Path(__file__).parent / "model" / "streams.tsv"  # window, day, line of TITLES, event; read by us, no text
VOCABULARY = 30_000  # commonest words that get a sense
TOGETHER = 150_000  # texts counted at a time
LEAD_OF_TOPIC = 120
C = 0.1  # strength of the regression's penalty, chosen by leaving out one window at a time
AROUND = timedelta(days=7)  # before and after a labelled day
ENOUGH = 25  # posts of one event that are learned from: the greatest must not outweigh all others
ORDERS = (1, 2)  # the files give days only: posts of a day are put into a random order, more than once


@dataclass(frozen=True, kw_only=True)
class Item:
    """One headline of a labelled window; `event` None = it belongs to no labelled event (nearly all are irrelevant)."""

    line: int
    platform: str
    day: datetime
    title: str
    event: str | None


def train(folder: Path, reader: Reader, target: Path, trained: str) -> dict[str, Any]:
    """Build the joining model at `target`; returns its header. Raises OSError when a file is missing."""
    without = around(labelled_days())
    arrays = vocabulary(folder, reader.cut, without)
    shaped = joining.from_arrays(arrays | {"weights": np.zeros(len(FEATURES) + 1)}, {})
    rows: list[tuple[list[float], bool]] = []
    for items in windows(folder).values():
        for order in ORDERS:
            rows.extend(examples(told(stream(items, reader, shaped.vocabulary, order)), shaped))
    rows.extend(examples(join_silver.stream(folder, reader, shaped.vocabulary, without), shaped))
    rows += [(pairing.features(pair, reader, shaped), bool(pair["same_event"])) for pair in rows_of(folder / PAIRS)]
    arrays["weights"] = fit(rows)
    note = {
        "trained": trained,
        "threshold": joining.THRESHOLD,
        "files": {name: _sha(folder / name) for name in (TITLES, STREAM, PAIRS)},
        "own_labels": _sha(LABELS),
        "rules": reader.version,
        "examples": len(rows),
        "joins": sum(y for _, y in rows),
    }
    return joining.save(target, arrays, note)


def windows(folder: Path, labels: Path = LABELS) -> dict[str, list[Item]]:
    """The labelled windows, each with every headline of its days (Weibo and Toutiao), in the file's order."""
    window_of: dict[str, str] = {}
    event_of: dict[int, str] = {}
    for row in labels.read_text().splitlines():
        if row and not row.startswith("#"):
            window, day, number, event = row.split("\t")
            window_of[day] = window
            event_of[int(number)] = f"{window}/{event}"
    found: dict[str, list[Item]] = {}
    for line, (platform, day, title) in enumerate(_titles(folder)):
        if day in window_of and platform != "zhihu":
            at = datetime.fromisoformat(day).replace(tzinfo=UTC)
            item = Item(line=line, platform=platform, day=at, title=title, event=event_of.get(line))
            found.setdefault(window_of[day], []).append(item)
    return found


def stream(
    items: Sequence[Item], reader: Reader, vocabulary: Any, order: int
) -> list[tuple[Item, Verdict, Sketch, datetime]]:
    """A window in the order of a live stream, read and sketched."""
    dice = random.Random(order)
    timed = sorted(((i.day + timedelta(hours=dice.uniform(0, 24)), i.line, i) for i in items), key=lambda t: t[:2])
    return [(item, *sketched(item.title, at, reader, vocabulary), at) for at, _, item in timed]


def sketched(title: str, at: datetime, reader: Reader, vocabulary: Any) -> tuple[Verdict, Sketch]:
    verdict = reader.read(plain_post(title, at.isoformat()))
    return verdict, sketch(
        lead(title, ""), reader.cut, vocabulary, places=(*verdict.places, *verdict.units), type=verdict.type,
        doubt=verdict.doubt, hour=at.timestamp() / 3600, stop=reader.stop,
    )  # fmt: skip


def told(posts: Sequence[tuple[Item, Verdict, Sketch, datetime]]) -> list[Told]:
    return [Told(event=item.event, sketch=post, alike={}) for item, _, post, _ in posts]


def examples(posts: Sequence[Told], model: joining.Model) -> Iterator[tuple[list[float], bool]]:
    """Every candidate of every post when all earlier ones were placed right, and whether it is the post's own event.

    Posts that seem irrelevant wait, and are asked again when an event speaks of the same, as flow.placing does.
    """
    index, ids, members, waiting = EventIndex(model), dict[str, int](), dict[int, list[int]](), Waiting()
    taken = Counter[str]()

    def own(n: int, event_id: int) -> bool | None:
        """None: nobody knows whether the post is of the event."""
        if posts[n].event is not None and ids.get(posts[n].event or "") == event_id:
            return True
        return None if posts[n].alike.keys() & members[event_id] else False

    def join(n: int, event_id: int) -> None:
        index.update(event_id, posts[n].sketch)
        members[event_id].append(n)

    for n, post in enumerate(posts):
        for gone in index.expire(datetime.fromtimestamp(post.sketch.hour * 3600, UTC)):
            index.drop(gone)
        taken[post.event or ""] += 1
        if post.event is None or taken[post.event] <= ENOUGH:
            for candidate, seen in index.judged(post.sketch):
                if (truth := own(n, candidate)) is not None:
                    yield seen, truth
        event_id = ids.get(post.event or "")
        if event_id is not None and event_id not in index:
            event_id = None
        if post.event is None or (event_id is None and not post.sketch.relevant):
            waiting.add(Held(n, post.sketch.hour, post.sketch.type, post.sketch.doubt, post.sketch.rarest))
            continue
        if event_id is None:
            event_id = ids[post.event] = len(members) + 1
            index.add(event_id, [post.sketch], post.sketch.hour)
            members[event_id] = [n]
        else:
            join(n, event_id)
        for held in waiting.near(post.sketch):
            late = index.seen(event_id, posts[held.post_id].sketch)
            truth = own(held.post_id, event_id)
            if late is not None and truth is not None:
                yield late, truth
            if truth:
                waiting.drop(held.post_id)
                join(held.post_id, event_id)


def fit(rows: Sequence[tuple[list[float], bool]]) -> np.ndarray:
    """The weights on the features as they are, and the bias last."""
    x, y = np.array([seen for seen, _ in rows]), np.array([own for _, own in rows])
    scaler = StandardScaler().fit(x)
    fitted = LogisticRegression(C=C, max_iter=2000, random_state=0).fit(scaler.transform(x), y)
    weights = fitted.coef_[0] / scaler.scale_
    bias = fitted.intercept_[0] - float((weights * scaler.mean_).sum())
    return np.append(weights, bias)


def labelled_days(labels: Path = LABELS) -> set[date]:
    """The days of the labelled windows."""
    rows = (row.split("\t") for row in labels.read_text().splitlines() if row and not row.startswith("#"))
    return {date.fromisoformat(row[1]) for row in rows}


def around(days: Iterable[date]) -> frozenset[str]:
    """Those days and the ones about them, as ISO days."""
    return frozenset((day + AROUND * k / 7).isoformat() for day in days for k in range(-7, 8))


def vocabulary(folder: Path, cut: Cut, without: frozenset[str]) -> dict[str, np.ndarray]:
    """Rarities and senses from every headline and lead text but those of the days `without`."""
    pairs, words, texts = Counter[str](), Counter[str](), []
    for text in _texts(folder, without):
        pairs.update(set(grams(text)))
        cuts = [w for w in cut(text) if len(w) > 1 or "\u4e00" <= w <= "\u9fff"]
        words.update(set(cuts))
        texts.append(cuts)
    table = np.zeros(1 << GRAM_BITS)
    for pair, n in pairs.items():
        table[hashed(pair) & ((1 << GRAM_BITS) - 1)] += n
    common = sorted(words, key=lambda w: (-words[w], w))[:VOCABULARY]
    senses = _senses(texts, {w: n for n, w in enumerate(common)})
    hashes = np.array([hashed(w) for w in common], dtype=np.uint32)
    order = np.argsort(hashes, kind="stable")
    rarity = np.array([math.log(len(texts) / (1 + words[w])) for w in common])
    return {
        "gram_rarity": _steps(np.log(len(texts) / (1 + table))),
        "words": hashes[order],
        "word_rarity": _steps(rarity)[order],
        "senses": np.clip(np.round(senses * 127), -127, 127).astype(np.int8)[order],
    }


def _steps(rarity: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.round(np.clip(rarity, 1, 12) * joining.STEP).astype(np.uint8)
    return found


def _senses(texts: Sequence[Sequence[str]], place: Mapping[str, int]) -> np.ndarray:
    """Vectors whose products are like the words' positive pointwise mutual information in one text (Levy & Goldberg)."""
    size = len(place)
    together = csr_matrix((size, size), dtype=np.float32)
    for start in range(0, len(texts), TOGETHER):
        found = [sorted({place[w] for w in t if w in place}) for t in texts[start : start + TOGETHER]]
        ends = np.cumsum([0, *(len(f) for f in found)])
        columns = np.concatenate([np.array(f, dtype=np.int32) for f in found])
        x = csr_matrix((np.ones(len(columns), dtype=np.float32), columns, ends), shape=(len(found), size))
        together = together + x.T @ x
    pairs = together.tocoo()
    apart = pairs.row != pairs.col
    row, column, count = pairs.row[apart], pairs.col[apart], pairs.data[apart]
    alone = np.bincount(row, count, minlength=size)
    context = alone**0.75 * (alone.sum() / (alone**0.75).sum())
    information = np.log(count * alone.sum() / (alone[row] * context[column] + 1e-9))
    kept = information > 0
    matrix = csr_matrix((information[kept].astype(np.float32), (row[kept], column[kept])), shape=(size, size))
    vectors, values, _ = randomized_svd(matrix, SENSES, n_iter=4, random_state=0)
    senses = vectors * np.sqrt(values)
    unit: np.ndarray = senses / (np.linalg.norm(senses, axis=1, keepdims=True) + 1e-9)
    return unit


def _texts(folder: Path, without: frozenset[str]) -> Iterator[str]:
    for _, day, title in _titles(folder):
        if day not in without:
            yield normalise(title)
    for row in rows_of(folder / STREAM):
        if row.get("desc") and row["first_seen"][:10] not in without:
            yield normalise(row["desc"][:LEAD_OF_TOPIC])


def _titles(folder: Path) -> Iterator[tuple[str, str, str]]:
    with gzip.open(folder / TITLES, "rt", encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            platform, day, _, title = line.rstrip("\n").split("\t")
            yield platform, day, title


def _sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


