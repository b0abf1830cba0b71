"""How well the reader judges a labelled file: relevance, type and grade against hand labels, every error listed.

The file has rows like {"id", "text" (title, newline, body), "police_related", "incident_type", "grade", "published"};
`police_relevant_broad` and `stratum_population`/`stratum_sampled` (for weighting back to the stream) where present.
Grades are proposed by the edition `labels`, never by the bureau's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from analysis import facts, grading, themes
from analysis.reading import Reader, Verdict
from analysis.samples import plain_post

MAJOR = ("较大", "重大", "特别重大")
HARDLY = 0.05  # read off the development labels: type accuracy .65 without it, .72 with it
ENOUGH = 15  # macro F1 is over kinds with at least so many items
Judged = tuple[dict[str, Any], Verdict]


def measure(rows: Sequence[dict[str, Any]], reader: Reader, labels: grading.Edition) -> dict[str, Any]:
    """The whole report as one JSON-able dict. Raises KeyError or ValueError for a row without its fields."""
    judged = [(row, reader.read(plain_post(row["text"], row["published"]))) for row in rows]
    broad = [(row, v) for row, v in judged if row.get("police_relevant_broad") is not None]
    errors: list[dict[str, Any]] = []
    return {
        "rows": len(rows),
        "version": reader.version,
        "relevance": {
            "direct": _binary(judged, _is_direct, "police_related", lambda v: v.direct, "direct", errors),
            "incident": _binary(broad, _is_broad, "police_relevant_broad", _either, "incident", errors) if broad else None,
        },
        "type": _types(judged, errors),
        "grade": _grades(judged, labels, errors),
        "errors": errors,
    }


def _is_direct(verdict: Verdict) -> bool:
    return verdict.tier == "direct"


def _is_broad(verdict: Verdict) -> bool:
    return verdict.tier != "none"


def _either(verdict: Verdict) -> float:
    return max(verdict.direct, verdict.incident)


def _weight(row: dict[str, Any]) -> float:
    """How many items of the stream a sampled row stands for; 1 where the file does not say."""
    sampled = row.get("stratum_sampled") or 0
    return float(row["stratum_population"]) / sampled if sampled else 1.0


def _binary(
    judged: Sequence[Judged],
    said: Callable[[Verdict], bool],
    truth: str,
    score: Callable[[Verdict], float],
    task: str,
    errors: list[dict[str, Any]],
) -> dict[str, float]:
    counts, weighted = Counter[str](), Counter[str]()
    for row, verdict in judged:
        yes, right = said(verdict), bool(row[truth])
        cell = ("t" if yes == right else "f") + ("p" if yes else "n")
        counts[cell] += 1
        weighted[cell] += _weight(row)  # type: ignore[assignment]
        if yes != right:
            errors.append(_error(row, task, int(right), int(yes), verdict))
    precision, recall, f1 = _prf(counts["tp"], counts["fp"], counts["fn"])
    weighted_precision, weighted_recall, _ = _prf(weighted["tp"], weighted["fp"], weighted["fn"])
    return {
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "auc": _auc([(score(v), bool(row[truth])) for row, v in judged]),
        "weighted_precision": weighted_precision,
        "weighted_recall": weighted_recall,
    }


def _prf(tp: float, fp: float, fn: float) -> tuple[float, float, float]:
    """Precision, recall and F1; 0 where there is nothing to divide by."""
    precision = tp / (tp + fp) if tp + fp else 0.0
    recall = tp / (tp + fn) if tp + fn else 0.0
    f1 = 2 * tp / (2 * tp + fp + fn) if tp else 0.0
    return round(precision, 4), round(recall, 4), round(f1, 4)


def _auc(scored: Sequence[tuple[float, bool]]) -> float:
    """The share of (positive, negative) pairs in the right order, ties half; 0 where one side is empty."""
    yes = [s for s, y in scored if y]
    no = [s for s, y in scored if not y]
    right = sum((a > b) + 0.5 * (a == b) for a in yes for b in no)
    return round(right / (len(yes) * len(no)), 4) if yes and no else 0.0


def kind_of(verdict: Verdict) -> str:
    """The kind of the labelling guide for a verdict; a post no word speaks for, or hardly any, is "other"."""
    if verdict.tier == "none" and max(verdict.direct, verdict.incident) < HARDLY:
        return "other"
    return themes.KINDS.get(verdict.theme, "other")


def _types(judged: Sequence[Judged], errors: list[dict[str, Any]]) -> dict[str, Any]:
    pairs = [(row["incident_type"], kind_of(verdict)) for row, verdict in judged]
    for (row, verdict), (right, got) in zip(judged, pairs, strict=True):
        if right != got:
            errors.append(_error(row, "type", right, got, verdict))
    per_class = {}
    for kind in sorted({right for right, _ in pairs}):
        tp = sum(r == g == kind for r, g in pairs)
        precision, recall, f1 = _prf(tp, sum(g == kind for _, g in pairs) - tp, sum(r == kind for r, _ in pairs) - tp)
        n = sum(r == kind for r, _ in pairs)
        per_class[kind] = {"n": n, "precision": precision, "recall": recall, "f1": f1}
    counted = [c["f1"] for c in per_class.values() if c["n"] >= ENOUGH]
    return {
        "accuracy": round(sum(r == g for r, g in pairs) / len(pairs), 4) if pairs else 0.0,
        "macro_f1": round(sum(counted) / len(counted), 4) if counted else 0.0,
        "per_class": per_class,
    }


def _grades(judged: Sequence[Judged], labels: grading.Edition, errors: list[dict[str, Any]]) -> dict[str, Any]:
    confusion: dict[str, Counter[str]] = {}
    cells = Counter[str]()
    for row, verdict in judged:
        post = plain_post(row["text"], row["published"])
        said = facts.extract(f"{post.title}\n{post.body}", post.published_at)
        happened = verdict.happened or verdict.tier == "none"  # the guide also grades what is no business of ours
        got = grading.propose(verdict.type, said, happened, labels).grade or "none"
        right = row["grade"] or "none"
        confusion.setdefault(right, Counter())[got] += 1
        if right in MAJOR or got in MAJOR:
            cells["tp"] += right == got
            cells["fp"] += got in MAJOR and right != got
            cells["fn"] += right in MAJOR and right != got
            if right != got:
                errors.append(_error(row, "grade", right, got, verdict))
    precision, recall, _ = _prf(cells["tp"], cells["fp"], cells["fn"])
    return {
        "confusion": {right: dict(row) for right, row in sorted(confusion.items())},
        "precision_major": precision,
        "recall_major": recall,
    }


def _error(row: dict[str, Any], task: str, expected: Any, got: Any, verdict: Verdict) -> dict[str, Any]:
    return {"id": row["id"], "task": task, "expected": expected, "got": got, "reasons": list(verdict.reasons)}
