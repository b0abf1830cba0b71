"""How well two texts of one affair are told from texts of two: labelled pairs, judged as the event index judges a post.

Rows are {"id", "text_a", "text_b", "date_a", "date_b", "same_event", "near_duplicate"}. `near_duplicate` there means
that both state the same fact, which is more than folding promises (the same text): it is only reported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from analysis import events, folding
from analysis.reading import Reader
from analysis.samples import plain_post
from analysis.scores import auc, prf
from analysis.sketches import Sketch, lead, sketch


def measure(
    rows: Sequence[dict[str, Any]], reader: Reader, model: events.Judge, errors: list[dict[str, Any]]
) -> dict[str, Any]:
    """AUC, F1 at the threshold that intake uses, and folding against `near_duplicate`. Appends to `errors`."""
    scored: list[tuple[float, bool]] = []
    joined, folded = Counter[str](), Counter[str]()
    for row in rows:
        score, reasons = _likeness(row, reader, model)
        same = bool(row["same_event"])
        scored.append((score, same))
        said = score >= model.threshold
        joined[_cell(said, same)] += 1
        folded[_cell(_folds(row), bool(row["near_duplicate"]))] += 1
        if said != same:
            errors.append(
                {"id": row["id"], "task": "pairs", "expected": int(same), "got": int(said), "reasons": list(reasons)}
            )
    precision, recall, _ = prf(folded["tp"], folded["fp"], folded["fn"])
    return {
        "n": len(rows),
        "auc": auc(scored),
        "f1_at_threshold": prf(joined["tp"], joined["fp"], joined["fn"])[2],
        "near_duplicate": {"precision": precision, "recall": recall},
    }


def _cell(said: bool, truth: bool) -> str:
    return ("t" if said == truth else "f") + ("p" if said else "n")


def _likeness(row: dict[str, Any], reader: Reader, model: events.Judge) -> tuple[float, tuple[str, ...]]:
    """The probability that `text_b` belongs to an event of which `text_a` is the only post, and why."""
    index, second = _placed(row, reader, model)
    return index.score(1, second)


def features(row: dict[str, Any], reader: Reader, model: events.Judge) -> list[float]:
    """What the decision sees of a pair, for learning it."""
    index, second = _placed(row, reader, model)
    return index.features(1, second)


def _placed(row: dict[str, Any], reader: Reader, model: events.Judge) -> tuple[events.EventIndex, Sketch]:
    index = events.EventIndex(model)
    first, second = (_sketch(row[f"text_{side}"], row[f"date_{side}"], reader, model) for side in "ab")
    index.add(1, [first], first.hour)
    return index, second


def _sketch(text: str, date: str, reader: Reader, model: events.Judge) -> Sketch:
    verdict = reader.read(plain_post(text, _noon(date).isoformat()))
    title, _, body = text.partition("\n")
    return sketch(
        lead(title, body), reader.cut, model.vocabulary, places=(*verdict.places, *verdict.units), type=verdict.type,
        hour=_noon(date).timestamp() / 3600, stop=reader.stop,
    )  # fmt: skip


def _folds(row: dict[str, Any]) -> bool:
    index, at = folding.FoldIndex(), _noon(row["date_a"])
    a, b = (folding.normal_form(row[key]) for key in ("text_a", "text_b"))
    index.add(1, folding.text_hash(a), folding.signature(a), a, at)
    return index.find(folding.text_hash(b), folding.signature(b), b) is not None


def _noon(day: str) -> datetime:
    return datetime.fromisoformat(day[:10]).replace(hour=12, tzinfo=UTC)
