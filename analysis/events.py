"""Which open event a post belongs to: one pass over an inverted index of the events' centroids, then a small judgement.

The index proposes the few events that share rare words with the post; the judgement is a logistic regression over
features an officer can follow (likeness, rare shared words, places, type, hours passed). Where nearly all pairs of
posts differ, a false join hides an incident and a missed join only shows it twice: the threshold leans that way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from analysis.placenames import PROVINCE_OF, PROVINCES, bare

CENTROID = 40  # terms of an event that are kept
MEMORY = 120  # terms counted behind the centroid, so that a new word can rise into it
CROWDED = 400  # a term in more open events than this tells nothing and is skipped
VISITS = 1000  # entries of the inverted index one post may touch, rarest terms first
JUDGED = 6  # candidates that are looked at closely
REFRESH = 8  # events of so many posts or more get a new centroid every so many posts
STALE_ALONE_H, STALE_H = 12.0, 48.0  # idle hours after which an event of one post, of more posts, takes no more
LEAST_LIKENESS = 0.12  # below it the words in common are those of all official language
NEARLY_EQUAL = 0.80  # likeness at which other places no longer speak against one event
SOFT_START = 200  # events assumed beside the open ones, so that the first words of a quiet day weigh sensibly

# Types that are seldom two sides of one affair; all others follow from each other (an accident, then its rumour).
_APART = frozenset({"T05", "T06", "T08", "T11", "T13", "T15"})


@dataclass(frozen=True, kw_only=True)
class Match:
    event_id: int
    score: float  # probability that the post belongs to the event
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Features:
    """What the judgement sees of one post and one event."""

    likeness: float  # cosine of the post's weighted terms and the centroid
    shared: int  # terms in common
    posts: int  # of the event
    other_place: bool  # both name some, none in common
    other_type: bool
    hours: float


# Logistic regression learned by scikit-learn from the 442 labelled pairs (pairs_same_event_dev.jsonl), each placed among
# 6 to 20 other days' headlines of police matters (titles_2020_2026.tsv.gz): whatever joins across days is wrong.
# The same place adds nothing: its name is one of the shared terms.
BIAS, PER_LIKENESS, PER_SHARED, PER_POSTS, OTHER_PLACE = -10.14, 9.47, 4.61, 0.63, -1.05
# Set by hand, because the labelled pairs are at most a day apart and carry no type: odds halve in 35 hours.
PER_HOUR, OTHER_TYPE = -0.02, -5.0
THRESHOLD = 0.20


def probability(seen: Features) -> float:
    logit = BIAS + PER_LIKENESS * seen.likeness + PER_SHARED * math.log1p(seen.shared) + PER_POSTS * math.log(seen.posts)
    logit += OTHER_PLACE * seen.other_place + OTHER_TYPE * seen.other_type + PER_HOUR * seen.hours
    return 1.0 / (1.0 + math.exp(-logit))


@dataclass(slots=True)
class _Open:
    """One open event: `sums` of its posts' term weights, of which the heaviest make the centroid."""

    sums: dict[str, float]
    places: frozenset[str]
    type: str
    last: float  # seconds since the epoch
    posts: int
    centroid: dict[str, float] = field(default_factory=dict)  # unit length

    def stale(self, at: float) -> bool:
        idle = (at - self.last) / 3600
        return idle > (STALE_ALONE_H if self.posts == 1 else STALE_H)


class EventIndex:
    """Open events by id. A cache: `add` each open event of the tables to have it again."""

    def __init__(self, threshold: float = THRESHOLD) -> None:
        self.threshold = threshold
        self._open: dict[int, _Open] = {}
        self._holding: dict[str, dict[int, float]] = {}  # term -> event -> weight in its centroid

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, event_id: int) -> bool:
        return event_id in self._open

    def find(
        self,
        terms: Mapping[str, float],
        entities: frozenset[str],
        type: str,
        at: datetime,
        apart: Callable[[int], bool] = lambda event_id: False,
    ) -> Match | None:
        """The likeliest open event, or None when a new one is likelier. Of equals the older id.

        `apart` says of an event that facts keep it and the post apart, however alike their words are.
        """
        judged = [pair for pair in self.judged(terms, entities, type, at) if not apart(pair[0])]
        best = max(judged, key=lambda pair: (probability(pair[1]), -pair[0]), default=None)
        if best is None or probability(best[1]) < self.threshold:
            return None
        event_id, seen = best
        reasons = self._reasons(event_id, terms, entities, seen)
        return Match(event_id=event_id, score=probability(seen), reasons=reasons)

    def judged(
        self, terms: Mapping[str, float], entities: frozenset[str], type: str, at: datetime
    ) -> list[tuple[int, Features]]:
        """The closest candidates no place speaks against, each with what is seen of it."""
        weighted = self._weighted(terms)
        products = self._products(weighted)
        closest = sorted(products.items(), key=lambda pair: (-pair[1], pair[0]))
        moment, found = at.timestamp(), []
        for event_id, product in closest:
            event = self._open[event_id]
            if product < LEAST_LIKENESS:
                break
            if event.stale(moment) or (product < NEARLY_EQUAL and places_differ(entities, event.places)):
                continue
            found.append((event_id, self._features(event, weighted, product, entities, type, moment)))
            if len(found) == JUDGED:
                break
        return found

    def _weighted(self, terms: Mapping[str, float]) -> dict[str, float]:
        """The post's terms at unit length, rare ones first and heavier; crowded ones left out."""
        size = len(self._open) + SOFT_START
        scale = math.log(size)
        held = sorted((len(self._holding.get(t, ())), t) for t in terms)
        weights = {t: terms[t] * math.log(size / (1 + n)) / scale for n, t in held if n <= CROWDED}
        length = math.sqrt(sum(w * w for w in weights.values()))
        return {t: w / length for t, w in weights.items()} if length else {}

    def _products(self, weighted: Mapping[str, float]) -> dict[int, float]:
        """Dot product with each centroid reached through the index; later (common) terms only add to those reached."""
        products: dict[int, float] = {}
        visited = 0
        for term, weight in weighted.items():
            holding = self._holding.get(term)
            if not holding:
                continue
            visited += len(holding)
            if visited <= VISITS:
                for event_id, held in holding.items():
                    products[event_id] = products.get(event_id, 0.0) + weight * held
            else:
                for event_id in products.keys() & holding.keys():
                    products[event_id] += weight * holding[event_id]
        return products

    def _features(
        self,
        event: _Open,
        weighted: Mapping[str, float],
        product: float,
        entities: frozenset[str],
        type: str,
        moment: float,
    ) -> Features:
        return Features(
            likeness=product,
            shared=sum(term in event.centroid for term in weighted),
            posts=event.posts,
            other_place=bool(entities and event.places) and not entities & event.places,
            other_type=type != event.type and {type, event.type} <= _APART,
            hours=abs(moment - event.last) / 3600,
        )

    def _reasons(
        self, event_id: int, terms: Mapping[str, float], entities: frozenset[str], seen: Features
    ) -> tuple[str, ...]:
        event = self._open[event_id]
        shared = sorted((t for t in terms if t in event.centroid), key=lambda t: (-terms[t], t))
        reasons = [f"共有词：{'、'.join(shared[:5])}", f"相似度{seen.likeness:.2f}"]
        if common := sorted(entities & event.places):
            reasons.append(f"同地点：{'、'.join(common[:3])}")
        reasons.append(f"相隔{seen.hours:.0f}小时" if seen.hours >= 1 else "相隔不到1小时")
        return tuple(reasons)

    def add(
        self,
        event_id: int,
        terms: Mapping[str, float],
        entities: Iterable[str],
        type: str,
        at: datetime,
        posts: int = 1,
    ) -> None:
        """Open an event; from the tables with its stored centroid and number of posts. Replaces an open one."""
        self.drop(event_id)
        sums = {term: weight * posts for term, weight in terms.items()}
        self._open[event_id] = _Open(sums, frozenset(entities), type, at.timestamp(), max(posts, 1))
        self._recentre(event_id)

    def update(self, event_id: int, terms: Mapping[str, float], entities: Iterable[str], at: datetime) -> None:
        """One more post of an open event; KeyError when it is not open."""
        event = self._open[event_id]
        for term, weight in terms.items():
            event.sums[term] = event.sums.get(term, 0.0) + weight
        event.posts += 1
        event.last = max(event.last, at.timestamp())
        event.places |= frozenset(entities)
        if event.posts <= REFRESH or event.posts % REFRESH == 0:
            self._recentre(event_id)

    def _recentre(self, event_id: int) -> None:
        event = self._open[event_id]
        if len(event.sums) > MEMORY:
            event.sums = dict(_heaviest(event.sums, MEMORY))
        kept = _heaviest(event.sums, CENTROID)
        length = math.sqrt(sum(w * w for _, w in kept)) or 1.0
        self._unlist(event_id)
        event.centroid = {term: weight / length for term, weight in kept}
        for term, weight in event.centroid.items():
            self._holding.setdefault(term, {})[event_id] = weight

    def _unlist(self, event_id: int) -> None:
        for term in self._open[event_id].centroid:
            holding = self._holding[term]
            del holding[event_id]
            if not holding:
                del self._holding[term]

    def drop(self, event_id: int) -> None:
        """Take an event out (closed, merged, expired); nothing happens when it is not in."""
        if event_id in self._open:
            self._unlist(event_id)
            del self._open[event_id]

    def centroid(self, event_id: int) -> dict[str, float]:
        """At most 40 terms with their mean weight a post, heaviest first; what `add` takes back. KeyError when not open."""
        event = self._open[event_id]
        return {term: round(w / event.posts, 4) for term, w in _heaviest(event.sums, CENTROID)}

    def expire(self, now: datetime) -> list[int]:
        """Events that have been idle too long to take another post; they stay until dropped."""
        moment = now.timestamp()
        return [event_id for event_id, event in self._open.items() if event.stale(moment)]


def _heaviest(sums: Mapping[str, float], most: int) -> list[tuple[str, float]]:
    return sorted(sums.items(), key=lambda pair: (-pair[1], pair[0]))[:most]


def places_differ(mine: frozenset[str], theirs: frozenset[str]) -> bool:
    """Two different cities, or two different districts, streets or stations: hardly one event."""
    here, there = _by_level(mine), _by_level(theirs)
    return any(here[level] and there[level] and not here[level] & there[level] for level in here)


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
