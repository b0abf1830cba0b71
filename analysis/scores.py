"""Precision, recall, F1, area under the curve, and how far a figure may be off by chance. Pure."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def prf(tp: float, fp: float, fn: float) -> tuple[float, float, float]:
    """Precision, recall and F1; 0 where there is nothing to divide by."""
    precision = tp / (tp + fp) if tp + fp else 0.0
    recall = tp / (tp + fn) if tp + fn else 0.0
    f1 = 2 * tp / (2 * tp + fp + fn) if tp else 0.0
    return round(precision, 4), round(recall, 4), round(f1, 4)


def auc(scored: Sequence[tuple[float, bool]]) -> float:
    """The share of (positive, negative) pairs in the right order, ties half; 0 where one side is empty."""
    yes = [s for s, y in scored if y]
    no = [s for s, y in scored if not y]
    right = sum((a > b) + 0.5 * (a == b) for a in yes for b in no)
    return round(right / (len(yes) * len(no)), 4) if yes and no else 0.0


def precision_at(scored: Sequence[tuple[float, bool, float]], recall: float) -> float:
    """The highest weighted precision of any cut of (score, truth, weight) that finds `recall` of the true rows."""
    whole = sum(1 for _, truth, _ in scored if truth)
    found, tp, fp, best = 0, 0.0, 0.0, 0.0
    ordered = sorted(scored, reverse=True)
    for n, (score, truth, weight) in enumerate(ordered):
        found += truth
        tp, fp = tp + weight * truth, fp + weight * (not truth)
        last_of_its_score = n + 1 == len(ordered) or ordered[n + 1][0] != score
        if last_of_its_score and whole and found / whole >= recall:
            best = max(best, tp / (tp + fp))
    return round(best, 4)


def interval(rows: Sequence[T], figure: Callable[[Sequence[T]], float], rounds: int = 400) -> list[float]:
    """The middle 95 % of `figure` over rows drawn again with replacement (bootstrap, seeded)."""
    if not rows:
        return [0.0, 0.0]
    rng = random.Random(0)
    drawn = sorted(figure(rng.choices(rows, k=len(rows))) for _ in range(rounds))
    return [round(drawn[int(rounds * 0.025)], 4), round(drawn[int(rounds * 0.975)], 4)]
