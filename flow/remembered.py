"""What the placing writer keeps in memory, read back from the tables: texts, the events they are in, events by their posts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from analysis import folding, relevance
from analysis.events import MEMBERS
from analysis.folding import Row
from analysis.models import Event, Fold, Reading
from analysis.reading import LONGEST, PostText, Reader
from analysis.sketches import RAREST, Sketch, Vocabulary, lead, rare_grams, sketch
from analysis.waiting import MOST, Held
from archive.models import Post

CHUNK = 400  # ids in one query


def text_of(post: Post) -> str:
    """What folding compares; the same text that reading hashed."""
    return folding.said(post.title, post.body)[:LONGEST]


def texts(since: datetime) -> Iterator[Row]:
    """The distinct texts of the folds seen since, as their readings keep them."""
    readings = Reading.objects.filter(fold__last_at__gte=since).select_related("post").order_by("post_id")
    known: set[int] = set()
    for reading in readings.iterator(2000):
        if reading.text_hash in known or reading.fold_id is None:
            continue
        known.add(reading.text_hash)
        yield Row(
            fold_id=reading.fold_id,
            hash=reading.text_hash,
            signature=bytes(reading.signature) if reading.signature is not None else None,
            packed=folding.fingerprint(folding.normal_form(text_of(reading.post))),
            at=reading.post.published_at,
        )


def waiting(since: datetime) -> Iterator[tuple[Post, Reading]]:
    """The newest posts that belong to no event and seemed to concern nobody, oldest first."""
    readings = Reading.objects.filter(tier="none", event=None, post__published_at__gte=since, post__withdrawn_at=None)
    newest = readings.filter(post__outcome__kind="not_relevant").select_related("post").order_by("-post_id")[:MOST]
    for reading in reversed(newest):
        yield reading.post, reading


class Sketcher:
    """Makes sketches of posts with one reader's words and one vocabulary."""

    def __init__(self, reader: Reader, vocabulary: Vocabulary) -> None:
        self._reader, self._vocabulary = reader, vocabulary

    def pairs(self, post: Post) -> dict[str, float]:
        """The post's rare pairs of characters: enough to ask whether an event may be near."""
        return rare_grams(lead(post.title, post.body), self._vocabulary)

    def held(self, post: Post, type_: str, doubt: float, pairs: dict[str, float] | None = None) -> Held:
        """A post that concerns nobody so far."""
        rarest = list(self.pairs(post) if pairs is None else pairs)[:RAREST]
        return Held(post.id, post.published_at.timestamp() / 3600, type_, doubt, tuple(rarest))

    def of(
        self, post: Post, type_: str, entities: frozenset[str], doubt: float = 0.0, pairs: dict[str, float] | None = None
    ) -> Sketch:
        return self._sketch(lead(post.title, post.body), type_, entities, post.published_at, doubt, pairs)

    def of_title(self, event: Event) -> Sketch:
        """Of an event that was opened by hand and has no posts yet: the words and places of its title."""
        at = event.t_event or event.t_detected
        verdict = self._reader.read(
            PostText(
                title=event.title, body="", published_at=at, site="", source_home="", outlet="own", platform="other",
                region="", is_repost=False,
            )
        )  # fmt: skip
        return self._sketch(event.title, event.type, frozenset((*verdict.places, *verdict.units)), event.last_post_at)

    def _sketch(
        self, text: str, type_: str, places: frozenset[str], at: datetime, doubt: float = 0.0,
        pairs: dict[str, float] | None = None,
    ) -> Sketch:  # fmt: skip
        return sketch(
            text, self._reader.cut, self._vocabulary, places=places, type=type_, doubt=doubt,
            hour=at.timestamp() / 3600, stop=self._reader.stop, pairs=pairs,
        )  # fmt: skip

    def of_events(self, events: Sequence[Event]) -> Iterator[tuple[Event, list[Sketch]]]:
        """Each event with what it is compared by: its first distinct text and its newest ones."""
        for start in range(0, len(events), CHUNK):
            some = events[start : start + CHUNK]
            folds = _folds_of([e.id for e in some])
            wanted = [fold_id for chosen in folds.values() for fold_id in chosen]
            first = {f.id: f.first_post for f in _with_posts(wanted)}
            said = {r.post_id: r for r in Reading.objects.filter(post_id__in=[p.id for p in first.values()])}
            for event in some:
                posts = [first[f] for f in folds.get(event.id, ()) if f in first]
                yield event, [self._again(p, said.get(p.id)) for p in posts] or [self.of_title(event)]

    def _again(self, post: Post, said: Reading | None) -> Sketch:
        if said is None:
            return self.of(post, "", frozenset())
        return self.of(post, said.type, frozenset((*said.places, *said.units)), relevance.doubt(said.tier, said.score))


def _folds_of(event_ids: Sequence[int]) -> dict[int, list[int]]:
    """For each event its first fold and its newest ones, oldest first."""
    pairs = Reading.objects.filter(event_id__in=event_ids, fold__isnull=False).order_by("event_id", "fold_id")
    found: dict[int, list[int]] = {}
    for event_id, fold_id in pairs.values_list("event_id", "fold_id").distinct():
        found.setdefault(event_id, []).append(fold_id)
    return {event_id: [folds[0], *folds[1:][-(MEMBERS - 1) :]] for event_id, folds in found.items()}


def _with_posts(fold_ids: Sequence[int]) -> Iterator[Fold]:
    for start in range(0, len(fold_ids), CHUNK):
        yield from Fold.objects.filter(id__in=fold_ids[start : start + CHUNK]).select_related("first_post")
