"""Which open event a post belongs to: an inverted index proposes the few it shares rare pairs with, a judgement decides.

The judgement is a logistic regression over features an officer can follow (shared words, their rarity and sense, places,
type, hours passed, how big the event is), learned from labelled streams of headlines (analysis/join_training.py). A
false join hides an incident, a missed one shows it twice: places and types that differ are held against joining.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from analysis.placenames import PROVINCE_OF, PROVINCES, bare
from analysis.sketches import RAREST, SENSES, Sketch, Vector, Vocabulary, dot, unit

MEMBERS = 8  # posts of an event that are kept: the first and the newest
HELD = 160  # pairs and words counted for one event
KEYS = 40  # rare pairs by which an event is found
CROWDED = 400  # a pair in more open events than this tells nothing and is skipped
VISITS = 2000  # entries of the index one post may touch, rarest pairs first
JUDGED = 8  # candidates that are looked at closely
STALE_H = 96.0  # idle hours after which an event takes no more: what comes then is an old case retold
LEAST_OVERLAP = 0.02  # candidates below share too little to be worth a look
LEAST_OVERLAP_IRRELEVANT = 0.06  # nine of ten posts are irrelevant: only near ones are looked at
TOLL = 0.3  # what the same number of dead counts as, in the units of a pair's weight
NEARLY_EQUAL = 0.80  # likeness at which other places no longer speak against one event
SENSE = 0.35  # least cosine of two words that mean alike
WORDS_SHOWN = 40

FEATURES = (
    "likeness", "words", "covered", "rare", "rare_here", "sense", "sense_covered",
    "same_number", "other_number", "other_person", "other_kind", "other_place", "other_type", "days", "posts", "irrelevant", "doubt",
)  # fmt: skip


class Judge(Protocol):
    """What the index needs of a learned decision (analysis.joining.Model)."""

    vocabulary: Vocabulary
    threshold: float

    def probability(self, features: Sequence[float]) -> float: ...


@dataclass(frozen=True, kw_only=True)
class Match:
    event_id: int
    score: float  # probability that the post belongs to the event
    reasons: tuple[str, ...]


@dataclass(slots=True)
class Open:
    """One open event: sums over all its posts, and its first and newest posts."""

    members: list[Sketch] = field(default_factory=list)
    grams: dict[str, float] = field(default_factory=dict)
    words: dict[str, float] = field(default_factory=dict)
    lengths: tuple[float, float] = (1.0, 1.0)  # of both sums
    sense: NDArray[np.float32] = field(default_factory=lambda: np.zeros(SENSES, dtype=np.float32))
    rows: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    keys: dict[str, None] = field(default_factory=dict)
    places: frozenset[str] = frozenset()
    named: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    hour: float = 0.0  # of the newest post
    posts: int = 0

    @property
    def person(self) -> int:
        """Whom its posts speak of, by majority: 1 men, -1 women, 0 both or nobody."""
        total = sum(member.person for member in self.members)
        return (total > 0) - (total < 0)

    def take(self, post: Sketch) -> list[str]:
        """One more post; returns the pairs that now lead here too."""
        self.members.append(post)
        if len(self.members) > MEMBERS:
            del self.members[1]
        for sums, weights in ((self.grams, post.grams), (self.words, post.words)):
            for key, weight in weights.items():
                sums[key] = sums.get(key, 0.0) + weight
            if len(sums) > HELD:
                for key in sorted(sums, key=lambda k: sums[k])[: len(sums) - HELD * 3 // 4]:
                    del sums[key]
        self.lengths = (_length(self.grams), _length(self.words))
        self.sense = self.sense + post.sense
        self.rows = np.unique(np.concatenate([m.rows for m in self.members]))
        self.places |= post.places
        self.named |= post.named
        self.kinds |= post.kinds
        if len(self.numbers) < HELD:
            self.numbers |= post.numbers
        self.types |= {post.type} if post.type else frozenset()
        self.hour = post.hour if not self.posts else max(self.hour, post.hour)
        self.posts += 1
        new = [g for g in post.rarest if g not in self.keys][: KEYS - len(self.keys)]
        self.keys.update(dict.fromkeys(new))
        return new


class EventIndex:
    """Open events by id. A cache: `add` the posts of each open event of the tables to have it again."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self._open: dict[int, Open] = {}
        self._holding: dict[str, dict[int, None]] = {}  # pair -> events it leads to

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, event_id: int) -> bool:
        return event_id in self._open

    def near(self, grams: Mapping[str, float]) -> bool:
        """May a post with these pairs belong to an open event at all? The cheap question asked of irrelevant posts."""
        return any(share >= LEAST_OVERLAP_IRRELEVANT for share in self._overlaps(list(grams)[:RAREST], grams).values())

    def find(self, post: Sketch, apart: Callable[[int], bool] = lambda event_id: False) -> Match | None:
        """The likeliest open event, or None when a new one is likelier. Of equals the older id.

        `apart` says of an event that facts or people keep it and the post apart, however alike their words are.
        """
        scored = [(self.judge.probability(seen), event_id) for event_id, seen in self.judged(post) if not apart(event_id)]
        score, event_id = max(scored, key=lambda pair: (pair[0], -pair[1]), default=(0.0, 0))
        if score < self.judge.threshold:
            return None
        return Match(event_id=event_id, score=score, reasons=self._reasons(event_id, post, score))

    def score(self, event_id: int, post: Sketch) -> tuple[float, tuple[str, ...]]:
        """The probability that a post is of this event, and why; KeyError when it is not open."""
        event = self._open[event_id]
        if abs(post.hour - event.hour) > STALE_H:
            return 0.0, (f"相隔超过{STALE_H:.0f}小时",)
        score = self.judge.probability(self.features(event_id, post))
        return score, self._reasons(event_id, post, score)

    def judged(self, post: Sketch) -> list[tuple[int, list[float]]]:
        """The closest candidates no place speaks against, each with its features."""
        overlaps = self._overlaps(post.rarest, post.grams)
        least = LEAST_OVERLAP if post.relevant else LEAST_OVERLAP_IRRELEVANT
        closest = sorted(overlaps.items(), key=lambda pair: (-pair[1], pair[0]))
        found: list[tuple[int, list[float]]] = []
        for event_id, overlap in closest:
            if overlap < least or len(found) == JUDGED:
                break
            if (seen := self.seen(event_id, post)) is not None:
                found.append((event_id, seen))
        return found

    def seen(self, event_id: int, post: Sketch) -> list[float] | None:
        """The features of one candidate, None when the time passed or a place speaks against it; KeyError when not open."""
        event = self._open[event_id]
        if abs(post.hour - event.hour) > STALE_H:
            return None
        found = self.features(event_id, post)
        return None if found[0] < NEARLY_EQUAL and places_differ(post.places, event.places) else found

    def belongs(self, event_id: int, post: Sketch) -> Match | None:
        """`find`, asked of one event alone; KeyError when it is not open."""
        seen = self.seen(event_id, post)
        score = self.judge.probability(seen) if seen else 0.0
        if score < self.judge.threshold:
            return None
        return Match(event_id=event_id, score=score, reasons=self._reasons(event_id, post, score))

    def beside(self, event_id: int) -> list[int]:
        """The open events that share the most rare pairs with this one; KeyError when it is not open."""
        shared: dict[int, int] = {}
        for gram in self._open[event_id].keys:
            holding = self._holding.get(gram, {})
            if len(holding) <= CROWDED:
                for other in holding:
                    shared[other] = shared.get(other, 0) + 1
        shared.pop(event_id, None)
        return sorted((e for e, n in shared.items() if n > 1), key=lambda e: (-shared[e], e))[:JUDGED]

    def likeness(self, one: int, other: int) -> tuple[float, float, tuple[str, ...]]:
        """How far two open events are one: the mean probability of the likelier half of the smaller one's posts, the least of
        all, and why. KeyError when one is not open."""
        big, small = (one, other) if self._open[one].posts >= self._open[other].posts else (other, one)
        event, members = self._open[big], self._open[small].members
        if places_differ(self._open[small].places, event.places):
            return 0.0, 0.0, ("地点不同",)
        scored = sorted((self.judge.probability(self.features(big, post)), n) for n, post in enumerate(members))
        half = [score for score, _ in scored[len(scored) // 2 :]]
        best = members[scored[-1][1]]
        return sum(half) / len(half), scored[0][0], self._reasons(big, best, scored[-1][0])

    def _overlaps(self, rarest: Sequence[str], grams: Mapping[str, float]) -> dict[int, float]:
        """Events reached through the post's rarest pairs, with the share of the post's weight they have in common."""
        found: dict[int, float] = {}
        visited = 0
        for gram in rarest:
            holding = self._holding.get(gram)
            if not holding or len(holding) > CROWDED:
                continue
            gain = grams.get(gram, TOLL) ** 2
            for event_id in holding:
                found[event_id] = found.get(event_id, 0.0) + gain
            visited += len(holding)
            if visited > VISITS:
                break
        return found

    def features(self, event_id: int, post: Sketch) -> list[float]:
        """What the decision sees, in the order of FEATURES; KeyError when the event is not open."""
        event = self._open[event_id]
        vocabulary = self.judge.vocabulary
        shared = [g for g in post.grams if g in event.grams]
        rare = sorted((vocabulary.gram(g) for g in shared), reverse=True)[:3]
        size = len(self._open) + 50
        here = sorted((math.log(size / (1 + len(self._holding.get(g, ())))) for g in shared), reverse=True)[:3]
        sense, covered = self._senses(event, post)
        return [
            dot(post.grams, event.grams) / event.lengths[0],
            dot(post.words, event.words) / event.lengths[1],
            sum(post.grams[g] ** 2 for g in shared),
            sum(rare) / 30,
            sum(here) / 20,
            sense,
            covered,
            float(bool(post.numbers & event.numbers)),
            float(_numbers_differ(post.numbers, event.numbers)),
            float(post.person * event.person < 0),
            float(self.other_kind(event_id, post)),
            float(places_differ(post.named, event.named)),
            float(post.type not in event.types),
            min(max(post.hour - event.hour, 0.0), STALE_H) / 24,
            math.log(event.posts),
            float(not post.relevant),
            post.doubt,
        ]

    def _senses(self, event: Open, post: Sketch) -> tuple[float, float]:
        """How alike post and event are in sense; and the weight of the post's three words best met by the event's."""
        if not len(post.rows) or not len(event.rows):
            return 0.0, 0.0
        senses = self.judge.vocabulary.senses
        likest = (senses[post.rows] @ senses[event.rows].T).max(axis=1)
        met: Vector = np.sort(np.where(likest >= SENSE, likest, 0) * post.weights)[::-1][:3]
        return float(unit(event.sense) @ post.sense), float(met.sum()) / 30

    def _reasons(self, event_id: int, post: Sketch, score: float) -> tuple[str, ...]:
        event = self._open[event_id]
        shared = sorted((w for w in post.words if w in event.words), key=lambda w: (-post.words[w], w))
        reasons = [f"共有词：{'、'.join(shared[:5]) or '无'}", f"同一事件的可能 {score:.2f}"]
        if common := sorted(post.places & event.places):
            reasons.append(f"同地点：{'、'.join(common[:3])}")
        hours = abs(post.hour - event.hour)
        reasons.append(f"相隔{hours:.0f}小时" if hours >= 1 else "相隔不到1小时")
        return tuple(reasons)

    def add(self, event_id: int, posts: Sequence[Sketch], hour: float, count: int = 0) -> None:
        """Open an event from some of its posts; `count` is how many it has. Replaces an open one."""
        self.drop(event_id)
        self._open[event_id] = Open()
        for post in posts:
            self.update(event_id, post)
        event = self._open[event_id]
        event.posts, event.hour = max(count, event.posts, 1), max(hour, event.hour)

    def update(self, event_id: int, post: Sketch) -> None:
        """One more post of an open event; KeyError when it is not open."""
        for gram in self._open[event_id].take(post):
            self._holding.setdefault(gram, {})[event_id] = None

    def drop(self, event_id: int) -> None:
        """Take an event out (closed, merged, expired); nothing happens when it is not in."""
        event = self._open.pop(event_id, None)
        for gram in event.keys if event else ():
            holding = self._holding[gram]
            del holding[event_id]
            if not holding:
                del self._holding[gram]

    def words(self, event_id: int) -> dict[str, float]:
        """At most 40 words with their mean weight a post, heaviest first; KeyError when not open."""
        event = self._open[event_id]
        heaviest = sorted(event.words.items(), key=lambda pair: (-pair[1], pair[0]))[:WORDS_SHOWN]
        return {word: round(weight / event.posts, 4) for word, weight in heaviest}

    def other_kind(self, event_id: int, post: Sketch) -> bool:
        """Do both say what happened, and nothing the same (a fire, a crash)? KeyError when the event is not open."""
        event = self._open[event_id]
        return bool(post.kinds and event.kinds) and not post.kinds & event.kinds

    def same_toll(self, event_id: int, post: Sketch) -> bool:
        """Does the post count as many people as the event's posts do? KeyError when the event is not open."""
        return bool({n for n in post.numbers & self._open[event_id].numbers if n[-1] in "人死名亡"})

    def members(self, event_id: int) -> tuple[Sketch, ...]:
        """The posts an event is compared by; KeyError when not open."""
        return tuple(self._open[event_id].members)

    def expire(self, now: datetime) -> list[int]:
        """Events that have been idle too long to take another post; they stay until dropped."""
        hour = now.timestamp() / 3600
        return [event_id for event_id, event in self._open.items() if hour - event.hour > STALE_H]


def _length(sums: Mapping[str, float]) -> float:
    return math.sqrt(sum(w * w for w in sums.values())) or 1.0


def _numbers_differ(mine: frozenset[str], theirs: frozenset[str]) -> bool:
    """Both count the same thing (岁, 人, 死 …) and no number is the same."""
    return bool({n[-1] for n in mine} & {n[-1] for n in theirs}) and not mine & theirs


def places_differ(mine: frozenset[str], theirs: frozenset[str]) -> bool:
    """Two different cities, or two different districts, streets or stations: hardly one event. 灞桥 is 灞桥区."""
    here, there = _by_level(mine), _by_level(theirs)
    short = {_short(e) for e in mine} & {_short(e) for e in theirs}
    for level in here:
        one, other = here[level], there[level]
        if one and other and not one & other and not any(_short(name) in short for name in one | other):
            return True
    return False


def _short(entity: str) -> str:
    return entity[:-1] if len(entity) > 2 and entity[-1] in "区县市旗" else entity


@lru_cache(20_000)
def _by_level(entities: frozenset[str]) -> dict[str, set[str]]:
    levels: dict[str, set[str]] = {"city": set(), "province": set(), "district": set(), "street": set()}
    for entity in entities:
        name = bare(entity)
        if name in PROVINCE_OF:
            levels["city"].add(name)
            levels["province"].add(PROVINCE_OF[name])
        elif name in PROVINCES:
            levels["province"].add(name)
        elif entity.endswith(("区", "县", "旗")) and not entity.endswith(("小区", "社区")):
            levels["district"].add(entity)
        elif entity.endswith(("路", "街", "镇", "乡", "村", "小区", "社区", "派出所")):
            levels["street"].add(entity)
    return levels
