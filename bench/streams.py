"""How well a stream of headlines is joined to events: each labelled window judged by weights learned without it.

    python -m bench.streams --data ../shared/data

Uses the vocabulary of the shipped joining model, which has not seen the windows' days. Prints one JSON document: B-cubed
over all labelled posts, pairwise F1 among events under ten posts and among all, and the share of irrelevant posts
that were placed; once with as many irrelevant posts as labelled ones (three draws), once with every headline of the days.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SMALL = 10
ORDERS = (11, 12, 13)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    json.dump(measure(options.data), sys.stdout, ensure_ascii=False, indent=1)
    return 0


def measure(data: Path) -> dict[str, Any]:
    import django

    django.setup()
    from django.conf import settings

    from analysis import join_silver, joining, pairing
    from analysis import join_training as training
    from analysis.loading import load_reader
    from analysis.samples import rows_of
    from analysis.scores import auc

    reader, model = load_reader(settings.POLICY, None), joining.load()
    without = training.around(training.labelled_days())
    learned = list(training.examples(join_silver.stream(data, reader, model.vocabulary, without), model))
    pairs = [(pairing.features(p, reader, model), bool(p["same_event"])) for p in rows_of(data / training.PAIRS)]
    windows = training.windows(data)
    streams = {w: [training.stream(items, reader, model.vocabulary, order) for order in training.ORDERS] for w, items in windows.items()}
    found = {w: [e for posts in orders for e in training.examples(training.told(posts), model)] for w, orders in streams.items()}
    half, whole = [], []
    for window, items in windows.items():
        others = [e for w, examples in found.items() if w != window for e in examples]
        tried = joining.fitted(model, training.fit([*others, *learned, *pairs]))
        whole.append(judged(_replay(streams[window][0], tried)))
        for order in ORDERS:
            posts = training.stream(_halved(items, order), reader, model.vocabulary, order)
            half.append(judged(_replay(posts, tried)))
    scored = []
    for fold in range(5):
        kept = [p for n, p in enumerate(pairs) if n % 5 != fold]
        tried = joining.fitted(model, training.fit([*(e for examples in found.values() for e in examples), *learned, *kept]))
        scored += [(tried.probability(seen), same) for n, (seen, same) in enumerate(pairs) if n % 5 == fold]
    return {
        "model": model.header["version"],
        "threshold": model.threshold,
        "half_irrelevant": together(half),
        "every_headline": together(whole),
        "pairs_auc_five_folds": auc(scored),
        "examples": {"windows": sum(map(len, found.values())), "lead_texts": len(learned), "pairs": len(pairs)},
    }


def _halved(items: Sequence[Any], seed: int) -> list[Any]:
    told = [item for item in items if item.event]
    return told + random.Random(seed).sample([item for item in items if not item.event], len(told))


def _replay(posts: Sequence[Any], model: Any) -> list[tuple[str | None, int | None]]:
    """(true event, event it was placed in) of each post, by the steps of flow.placing without its database."""
    from analysis.events import EventIndex
    from analysis.waiting import Held, Waiting

    index, waiting, placed = EventIndex(model), Waiting(), dict[int, int]()
    for n, (_, _, post, _) in enumerate(posts):
        match = index.find(post) if post.relevant or index.near(post.grams) else None
        if match:
            placed[n] = match.event_id
            index.update(match.event_id, post)
        elif post.relevant:
            placed[n] = n
            index.add(n, [post], post.hour)
        else:
            waiting.add(Held(n, post.hour, post.type, post.doubt, post.rarest))
            continue
        for held in waiting.near(post):
            if late := index.belongs(placed[n], posts[held.post_id][2]):
                waiting.drop(held.post_id)
                placed[held.post_id] = late.event_id
                index.update(late.event_id, posts[held.post_id][2])
    return [(item.event, placed.get(n)) for n, (item, _, _, _) in enumerate(posts)]


def judged(rows: Sequence[tuple[str | None, int | None]]) -> Any:
    """Sums for `together`; a labelled post that was placed nowhere is an event of its own."""
    told = [(event, where if where is not None else -n - 1) for n, (event, where) in enumerate(rows) if event]
    true, got, both = Counter(e for e, _ in told), Counter(g for _, g in told), Counter(told)
    sums: Any = Counter()  # shares among its sums
    sums["posts"] = len(told)
    sums["precision"] = sum(both[pair] / got[pair[1]] for pair in told)
    sums["recall"] = sum(both[pair] / true[pair[0]] for pair in told)
    for name, some in (("small", [p for p in told if true[p[0]] < SMALL]), ("all", told)):
        sums[f"{name}_right"] = _pairs(Counter(some))
        sums[f"{name}_true"] = _pairs(Counter(e for e, _ in some))
        sums[f"{name}_got"] = _pairs(Counter(g for _, g in some))
    sums["irrelevant"] = sum(event is None for event, _ in rows)
    sums["irrelevant_placed"] = sum(event is None and where is not None for event, where in rows)
    return sums


def _pairs(sizes: Counter[Any]) -> int:
    return sum(n * (n - 1) // 2 for n in sizes.values())


def together(parts: Sequence[Any]) -> dict[str, float]:
    s: Any = sum(parts, Counter())
    precision, recall = s["precision"] / s["posts"], s["recall"] / s["posts"]
    figures = {
        "b_cubed_precision": precision,
        "b_cubed_recall": recall,
        "b_cubed_f1": 2 * precision * recall / (precision + recall),
        "pairwise_precision_small": s["small_right"] / s["small_got"],
        "pairwise_recall_small": s["small_right"] / s["small_true"],
        "pairwise_f1_small": 2 * s["small_right"] / (s["small_got"] + s["small_true"]),
        "pairwise_f1_all": 2 * s["all_right"] / (s["all_got"] + s["all_true"]),
        "irrelevant_placed": s["irrelevant_placed"] / s["irrelevant"],
    }
    return {name: round(value, 4) for name, value in figures.items()}


if __name__ == "__main__":
    sys.exit(main())
