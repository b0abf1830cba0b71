"""1,000 saved searches against arriving posts: what matching adds to each, and whether it keeps up with 500 a second."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from statistics import median
from typing import Any

from archive import query, terms
from archive.matcher import Arrived, Matcher
from bench.texts import Text
from config import clock

SEARCHES, ROUNDS = 1000, 3


def measure(texts: Sequence[Text]) -> dict[str, Any]:
    """Queries made of strings of the texts themselves: one to three groups, a third with a word that must not be there."""
    dice = random.Random(7)
    matcher = Matcher({n: query.parse(_query(texts, dice)) for n in range(SEARCHES)})
    now = clock.real_now()
    documents = [Arrived(title=t, body=b, site="基准", platform="weibo", published_at=now) for t, b in texts]
    seconds, hits = [], 0
    for _ in range(ROUNDS):
        began = time.perf_counter()
        hits = sum(len(matcher.matching(document)) for document in documents)
        seconds.append(time.perf_counter() - began)
    return {
        "searches": SEARCHES,
        "posts": len(documents),
        "hits": hits,
        "us_per_post": round(median(seconds) / len(documents) * 1e6, 1),
        "posts_per_s": round(len(documents) / median(seconds)),
    }


def _query(texts: Sequence[Text], dice: random.Random) -> str:
    groups = [_words(texts, dice) for _ in range(dice.choice((1, 1, 2, 3)))]
    without = f" 非 “{_word(texts, dice)}”" if dice.random() < 1 / 3 else ""
    return " ".join(groups) + without


def _words(texts: Sequence[Text], dice: random.Random) -> str:
    words = [f"“{_word(texts, dice)}”" for _ in range(dice.choice((1, 2, 4)))]
    return words[0] if len(words) == 1 else f"({' 或 '.join(words)})"


def _word(texts: Sequence[Text], dice: random.Random) -> str:
    """Two to four characters that stand in some text, as people type them."""
    while True:
        text = "".join(c for c in terms.fold("".join(dice.choice(texts))) if "\u4e00" <= c <= "\u9fff")
        length = dice.choice((2, 2, 3, 4))
        if len(text) > length:
            at = dice.randrange(len(text) - length)
            return text[at : at + length]
