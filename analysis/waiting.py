"""Posts that seemed to concern nobody when they came, kept for two days by their rarest pairs of characters. Pure.

Headlines such as 郑州大学王国胜 name neither police nor incident, and many come before the one that does. When an event
speaks of the same they are asked once more. Ids and pairs are kept, no texts: a post is read again when it may belong.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from analysis.sketches import Sketch

HELD_H = 48.0
MOST = 20_000  # posts held, newest last: about 30 MB
CROWDED = 200  # a pair in more waiting posts than this tells nothing
ASKED = 8  # posts that one new post of an event calls back at the most
LEAST_OVERLAP = 0.06  # share of the new post's weight that a waiting one must have in common


@dataclass(frozen=True, slots=True)
class Held:
    post_id: int
    hour: float  # published, hours since the epoch
    type: str
    doubt: float  # see relevance.doubt
    rarest: tuple[str, ...]


class Waiting:
    """A cache: `add` the newest irrelevant posts of the tables, oldest first, to have it again."""

    def __init__(self) -> None:
        self._held: dict[int, Held] = {}
        self._order: deque[int] = deque()
        self._holding: dict[str, list[int]] = {}  # pair -> posts

    def __len__(self) -> int:
        return len(self._held)

    def add(self, held: Held) -> None:
        """Hold one more; beyond MOST the one that came first is let go."""
        if held.post_id in self._held:
            return
        self._held[held.post_id] = held
        self._order.append(held.post_id)
        for gram in held.rarest:
            self._holding.setdefault(gram, []).append(held.post_id)
        while len(self._order) > MOST:
            self.drop(self._order.popleft())

    def drop(self, post_id: int) -> None:
        """Hold it no more; nothing happens when it is not held."""
        held = self._held.pop(post_id, None)
        for gram in held.rarest if held else ():
            holding = self._holding[gram]
            holding.remove(post_id)
            if not holding:
                del self._holding[gram]

    def near(self, post: Sketch) -> list[Held]:
        """Those that share most with a new post of an event, at most ASKED; of equals the older id."""
        found: dict[int, float] = {}
        for gram in post.rarest:
            holding = self._holding.get(gram, ())
            if len(holding) <= CROWDED:
                gain = post.grams.get(gram, 0.0) ** 2
                for post_id in holding:
                    found[post_id] = found.get(post_id, 0.0) + gain
        closest = sorted((i for i, share in found.items() if share >= LEAST_OVERLAP), key=lambda i: (-found[i], i))
        return [held for i in closest if abs((held := self._held[i]).hour - post.hour) <= HELD_H][:ASKED]
