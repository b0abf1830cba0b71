"""Placing: the one ordered writer. Each post finds its fold and its event; the caches here are rebuilt from tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db.models import Q

from analysis import facts as figures
from analysis import folding, grading, joining, relevance
from analysis.events import STALE_H, EventIndex, Match
from analysis.folding import FoldIndex
from analysis.models import Event, Fold, Reading
from analysis.reading import Reader, Verdict
from analysis.sketches import Sketch
from analysis.waiting import HELD_H, Waiting
from archive.models import Post
from flow import parted, remembered
from flow.affair import Affair
from flow.ids import NextIds
from flow.models import Outcome, Regroup
from flow.readers import Read
from flow.remembered import text_of

FOLD_DAYS = 14
# Two incidents of one place and day read alike. A post that states its own dead and an hour of its own, and does not
# say that it continues something, tells of another incident: a swallowed second one is worse than a split one.
OTHER_HOUR = timedelta(hours=1)
CLOCK_TIME = re.compile(r"\d\s*[时点:：]|[一二三四五六七八九十两]\s*[时点]")
CONTINUES = re.compile("升至|上升|增至|增加到|截至|最新|续报|此前|后续|进展")


@dataclass
class Batch:
    """Everything one batch of posts decides; written by flow.intake in one transaction."""

    posts: list[Post]
    outcomes: list[Outcome] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    new_folds: list[Fold] = field(default_factory=list)
    grown_folds: dict[int, tuple[int, datetime]] = field(default_factory=dict)
    affairs: dict[int, Affair] = field(default_factory=dict)
    opened: set[int] = field(default_factory=set)
    late: list[tuple[Reading, Outcome]] = field(default_factory=list)  # of earlier posts that now joined an event


class Placer:
    def __init__(self, edition: grading.Edition, reader: Reader) -> None:
        self.edition, self.reader = edition, reader
        self.judge, self.judge_note = joining.ready()
        self.sketcher = remembered.Sketcher(reader, self.judge.vocabulary)
        self.folds, self.events, self.waiting = FoldIndex(), EventIndex(self.judge), Waiting()
        self.event_of_fold: dict[int, int] = {}  # of the remembered folds
        self.hours: dict[int, datetime] = {}  # when an event happened, where the hour is stated
        self.affairs: dict[int, Affair] = {}
        self.fold_ids, self.event_ids = NextIds(Fold), NextIds(Event)
        self.barred: dict[int, set[int]] = {}  # events that a person took a fold out of
        self.followed_since: datetime | None = None
        self.followed: set[tuple[int, datetime | None]] = set()  # regroupings already taken in
        self.mended: datetime | None = None  # the hour in which like events were last looked for
        self.grown: datetime | None = None  # when counters that rose were last taken in
        self.loaded = False

    def load(self, now: datetime) -> None:
        """Rebuild both indexes from the tables: at start, and after a batch that could not be written."""
        since = now - timedelta(days=FOLD_DAYS)
        self.folds, self.events = FoldIndex.rebuild(remembered.texts(since)), EventIndex(self.judge)
        self.event_of_fold, self.affairs, self.hours = {}, {}, {}
        placed = Reading.objects.filter(fold__last_at__gte=since, event__isnull=False)
        self.event_of_fold = dict(placed.values_list("fold_id", "event_id"))
        self._load_events(now)
        self.waiting = Waiting()
        for post, said in remembered.waiting(now - timedelta(hours=HELD_H)):
            self.waiting.add(self.sketcher.held(post, said.type, relevance.doubt(said.tier, said.score)))
        self.barred = parted.barred(since)
        self.fold_ids.reset()
        self.event_ids.reset()
        self.loaded = True

    def _load_events(self, now: datetime) -> None:
        open_events = Event.objects.filter(
            closed_at__isnull=True, merged_into__isnull=True, last_post_at__gte=now - timedelta(hours=STALE_H)
        )
        self._add(list(open_events.order_by("id")))

    def _add(self, events: Sequence[Event]) -> None:
        """Into the index, by their posts; a hand-opened event without posts is known by the words of its title."""
        for event, sketches in self.sketcher.of_events(events):
            self._note_hour(event)
            self.events.add(event.id, sketches, event.last_post_at.timestamp() / 3600, event.posts)

    def _note_hour(self, event: Event) -> None:
        if event.t_event and CLOCK_TIME.search(event.t_event_quote):
            self.hours[event.id] = event.t_event

    def follow_people(self, since: datetime) -> None:
        """Take in what people did since: events they opened join the index, closed ones leave it, regrouped ones are read anew.

        Never less than since the last time: days may pass without a post, and a merge in between must not be missed.
        """
        since, self.followed_since = min(since, self.followed_since or since), since
        by_people = Q(opened_by__isnull=False, t_detected__gte=since) | Q(reopened_at__gte=since)
        opened = Event.objects.filter(by_people, closed_at=None, merged_into=None)
        self._add([event for event in opened if event.id not in self.events])
        for event_id in Event.objects.filter(closed_at__gte=since).values_list("id", flat=True):
            self.events.drop(event_id)
        rows = Regroup.objects.filter(Q(at__gte=since) | Q(undone_at__gte=since))
        steps = {(row.pk, row.undone_at): (row.into_id, row.out_of_id) for row in rows}
        if changed := {event_id for step, pair in steps.items() if step not in self.followed for event_id in pair}:
            self._read_again(changed, since)
        self.followed = set(steps)

    def _read_again(self, event_ids: set[int], since: datetime) -> None:
        for event_id in event_ids:
            self.events.drop(event_id)
            self.affairs.pop(event_id, None)
            self.hours.pop(event_id, None)
        folds = Reading.objects.filter(event__in=event_ids, fold__isnull=False).order_by("post_id")
        self.event_of_fold.update(folds.values_list("fold_id", "event_id"))
        self._add(list(Event.objects.filter(id__in=event_ids, closed_at=None, merged_into=None)))
        self.barred = parted.barred(since - timedelta(days=FOLD_DAYS))

    def place(self, posts: Sequence[Post], reads: Sequence[Read], now: datetime) -> Batch:
        """Decide the fate of each post in order. Changes the caches: when writing fails, `load` again."""
        self.fold_ids.reset()
        self.event_ids.reset()
        batch = Batch(list(posts))
        for post, read in zip(posts, reads, strict=True):
            if isinstance(read, str):
                batch.outcomes.append(Outcome(post=post, kind="set_aside", error=read[:500], at=now))
            elif read.tier == "none":
                self._place_irrelevant(batch, post, read, now)
            else:
                sketch = self.sketcher.of(post, read.type, _entities(read))
                fold_id = self._fold(batch, post, read)
                event_id, reasons = self._event_for(fold_id, post, read, sketch)
                event_id = self._put(batch, post, replace(read, reasons=(*read.reasons, *reasons)), sketch, fold_id, event_id, now)
                self._call_back(batch, event_id, sketch, now)
        for affair in batch.affairs.values():
            affair.event.terms = self.events.words(affair.event.id)
        return batch

    def _place_irrelevant(self, batch: Batch, post: Post, verdict: Verdict, now: datetime) -> None:
        """Follow-ups and reactions often name neither police nor incident: they join an event that is near, or nothing."""
        pairs = self.sketcher.pairs(post)
        match = None
        if self.events.near(pairs):
            sketch = self.sketcher.of(post, verdict.type, _entities(verdict), verdict.doubt, pairs)
            match = self.events.find(sketch, lambda event_id: self._taken_out(post, event_id))
        if match is None:
            batch.readings.append(self._reading(post, verdict, None, None))
            batch.outcomes.append(Outcome(post=post, kind="not_relevant", at=now))
            self.waiting.add(self.sketcher.held(post, verdict.type, verdict.doubt, pairs))
            return
        verdict = _joining(post, verdict, match)
        self._put(batch, post, verdict, sketch, self._fold(batch, post, verdict), match.event_id, now)
        self._call_back(batch, match.event_id, sketch, now)

    def _call_back(self, batch: Batch, event_id: int, sketch: Sketch, now: datetime) -> None:
        """Earlier posts that seemed to concern nobody may speak of this event: those that do join it now."""
        near = self.waiting.near(sketch)
        posts = self._posts([held.post_id for held in near]) if near else {}
        for held in near:
            post = posts.get(held.post_id)
            if post is None or post.withdrawn_at:
                self.waiting.drop(held.post_id)
                continue
            late = self.sketcher.of(post, held.type, frozenset(), held.doubt)
            if not self._taken_out(post, event_id) and (match := self.events.belongs(event_id, late)):
                self.waiting.drop(held.post_id)
                self._join_late(batch, post, late, match, now)

    def _join_late(self, batch: Batch, post: Post, sketch: Sketch, match: Match, now: datetime) -> None:
        found = self._said_before(batch, post)
        if found is None:
            return  # a person gave it to an event meanwhile
        reading, outcome = found
        fresh = Verdict(tier="none", score=reading.score, reasons=tuple(reading.reasons), type=reading.type, version=reading.version)
        verdict = _joining(post, fresh, match)
        fold_id = self._fold(batch, post, verdict)
        self.events.update(match.event_id, sketch)
        affair = self._affair(batch, match.event_id)
        first = affair.event.t_first_post
        affair.add(post, verdict, fold_id, self.edition, now)
        # No clock starts earlier because of words in which nobody could see an incident.
        affair.event.t_first_post = first
        self.event_of_fold[fold_id] = match.event_id
        reading.reasons, reading.event_id, reading.fold_id = list(verdict.reasons), match.event_id, fold_id
        reading.text_hash, reading.signature = verdict.text_hash, verdict.signature
        outcome.kind, outcome.event_id = "joined", match.event_id
        if reading.pk is not None:
            batch.late.append((reading, outcome))

    def _taken_out(self, post: Post, event_id: int) -> bool:
        """Did a person take this text out of the event?"""
        if not any(event_id in events for events in self.barred.values()):
            return False
        norm = folding.normal_form(text_of(post))
        fold = self.folds.find(folding.text_hash(norm), folding.signature(norm), norm)
        return fold is not None and event_id in self.barred.get(fold.fold_id, ())

    def _said_before(self, batch: Batch, post: Post) -> tuple[Reading, Outcome] | None:
        """The reading and outcome of a post that concerns nobody so far: this batch's, or those in the tables."""
        for reading in batch.readings:
            if reading.post_id == post.id:
                return reading, next(o for o in batch.outcomes if o.post_id == post.id)
        stored = Reading.objects.filter(post=post, event=None, post__outcome__kind="not_relevant").first()
        return (stored, Outcome.objects.get(post=post)) if stored else None

    def _posts(self, ids: Sequence[int]) -> dict[int, Post]:
        return Post.objects.in_bulk(ids)

    def _put(
        self, batch: Batch, post: Post, verdict: Verdict, sketch: Sketch, fold_id: int, event_id: int | None, now: datetime
    ) -> int:
        """Into this event, or a new one; which."""
        kind = "joined"
        if event_id is None:
            event_id, kind = self.event_ids.take(), "opened"
            batch.affairs[event_id] = self.affairs[event_id] = Affair.opening(event_id, post, verdict, now)
            batch.opened.add(event_id)
            self.events.add(event_id, [sketch], sketch.hour)
        else:
            self.events.update(event_id, sketch)
        affair = self._affair(batch, event_id)
        affair.add(post, verdict, fold_id, self.edition, now)
        affair.event.entities = sorted({*affair.event.entities, *_entities(verdict)})[:30]
        self._note_hour(affair.event)
        self.event_of_fold[fold_id] = event_id
        batch.readings.append(self._reading(post, verdict, fold_id, event_id))
        batch.outcomes.append(Outcome(post=post, kind=kind, event_id=event_id, at=now))
        return event_id

    def _fold(self, batch: Batch, post: Post, verdict: Verdict) -> int:
        norm = folding.normal_form(text_of(post))
        match = self.folds.find(verdict.text_hash, verdict.signature, norm)
        if match is None:
            fold_id = self.fold_ids.take()
            self.folds.add(fold_id, verdict.text_hash, verdict.signature, norm, post.published_at)
            at = post.published_at
            batch.new_folds.append(Fold(id=fold_id, first_post=post, first_at=at, last_at=at))
            return fold_id
        # Another wording of the same: remembered too, so that copies of the copy are found.
        self.folds.add(match.fold_id, verdict.text_hash, verdict.signature, norm, post.published_at)
        count, last = batch.grown_folds.get(match.fold_id, (0, post.published_at))
        batch.grown_folds[match.fold_id] = (count + 1, max(last, post.published_at))
        return match.fold_id

    def _event_for(
        self, fold_id: int, post: Post, verdict: Verdict, sketch: Sketch
    ) -> tuple[int | None, tuple[str, ...]]:
        """The event its fold already belongs to while that is open, else the likeliest open one; and why."""
        known = self.event_of_fold.get(fold_id)
        if known is not None and known in self.events:
            return known, ("并入：与已在该事件中的信息内容相同",)
        own = not CONTINUES.search(text_of(post)) and bool(verdict.facts.deaths or verdict.facts.missing)
        hour = verdict.facts.t_event if own and CLOCK_TIME.search(verdict.facts.t_event_quote) else None

        def apart(event_id: int) -> bool:
            known = self.hours.get(event_id)
            if event_id in self.barred.get(fold_id, ()):
                return True
            if hour is not None and known is not None and abs(hour - known) >= OTHER_HOUR:
                return not self.events.same_toll(event_id, sketch)
            return own and self.events.other_kind(event_id, sketch)

        match = self.events.find(sketch, apart)
        return (match.event_id, tuple(f"并入：{r}" for r in match.reasons)) if match else (None, ())

    def _affair(self, batch: Batch, event_id: int) -> Affair:
        """The affair with its row as it stands now; each event is read once a batch."""
        if event_id not in batch.affairs:
            event = Event.objects.get(pk=event_id)
            affair = self.affairs.get(event_id)
            if affair is None:
                affair = self.affairs[event_id] = Affair.remembered(event)
            else:
                affair.refresh(event)
            batch.affairs[event_id] = affair
        return batch.affairs[event_id]

    def _reading(self, post: Post, verdict: Verdict, fold_id: int | None, event_id: int | None) -> Reading:
        grade = None
        if event_id is not None:
            grade = grading.propose(verdict.type, verdict.facts, verdict.happened, self.edition).grade
        reading = reading_of(post, verdict)
        reading.grade, reading.fold_id, reading.event_id = grade, fold_id, event_id
        return reading

    def forget_stale(self, now: datetime) -> None:
        """Let go of what can take no more posts."""
        self.folds.forget(now - timedelta(days=FOLD_DAYS))
        if len(self.event_of_fold) > 2 * len(self.folds) + 1000:
            alive = self.folds.alive()
            self.event_of_fold = {f: e for f, e in self.event_of_fold.items() if f in alive}
        for event_id in self.events.expire(now):
            self.events.drop(event_id)
            self.affairs.pop(event_id, None)
            self.hours.pop(event_id, None)


def _joining(post: Post, verdict: Verdict, match: Match) -> Verdict:
    """The verdict on an irrelevant post that joins an event: it is folded from now on, and says why it is there."""
    norm = folding.normal_form(text_of(post))
    reasons = (*verdict.reasons, *(f"并入：{r}" for r in match.reasons))
    return replace(verdict, text_hash=folding.text_hash(norm), signature=folding.signature(norm), reasons=reasons)


def _entities(verdict: Verdict) -> frozenset[str]:
    return frozenset((*verdict.places, *verdict.units))


def reading_of(post: Post, verdict: Verdict) -> Reading:
    """The unsaved row: what was read, of no fold or event yet."""
    return Reading(
        post=post,
        tier=verdict.tier,
        score=verdict.score,
        reasons=list(verdict.reasons),
        jurisdiction=verdict.jurisdiction,
        jurisdiction_reasons=list(verdict.jurisdiction_reasons),
        type=verdict.type,
        stance=verdict.stance,
        facts=figures.to_json(verdict.facts),
        places=list(verdict.places),
        units=list(verdict.units),
        text_hash=verdict.text_hash,
        signature=verdict.signature,
        version=verdict.version,
    )
