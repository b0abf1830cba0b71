"""One event in the placing writer's memory: its row, and what its posts have said so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from analysis import facts as figures
from analysis import grading, heat, titling
from analysis.facts import Facts
from analysis.models import Event, Grading, Reading
from analysis.reading import Verdict
from archive.models import Post
from flow import warmth

AUTHORITIES = ("authority", "own")
# Stances that owe an answer when taken by somebody who is no authority (design.md §6).
ASKING = {
    "ask": "有群众询问",
    "complain": "有群众投诉",
    "accuse": "有群众质疑或指控",
    "harm": "有人反映伤亡或损害",
    "rumour": "有传言在传播",
}
MOST_READ = 2000  # readings looked at when an event is taken up again after a restart


@dataclass
class Affair:
    event: Event
    total: Facts | None = None  # what all posts so far state together
    types: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)
    asked: str = ""
    happened: bool = False
    folds: set[int] = field(default_factory=set)
    changed_grade: Grading | None = None
    # The event as it stood in the table before this batch: what the messages compare with.
    before: tuple[str | None, bool] | None = None
    standing: tuple[datetime | None, int | None, int] | None = None  # closed_at, merged_into, posts

    @classmethod
    def opening(cls, event_id: int, post: Post, verdict: Verdict, now: datetime) -> Affair:
        event = Event(
            id=event_id,
            title=title_of(post),
            type=verdict.type,
            jurisdiction=verdict.jurisdiction,
            t_first_post=post.published_at,
            # Nothing is detected before it is said: a replay of days to come is read before its posts' own time.
            t_detected=max(min(post.received_at, now), post.published_at),
            last_post_at=post.published_at,
            reasons=[*(f"属地：{r}" for r in verdict.jurisdiction_reasons[:2]), *(f"相关：{r}" for r in verdict.reasons[:3])],
        )
        return cls(event)

    @classmethod
    def remembered(cls, event: Event) -> Affair:
        """The affair of an event already in the tables, from its readings."""
        affair = cls(event, total=figures.from_json(event.facts), before=(event.grade, event.provisional))
        affair.standing = _standing(event)
        readings = Reading.objects.filter(event=event)
        affair.folds = set(readings.order_by().values_list("fold_id", flat=True).distinct())
        affair.happened = readings.filter(grade__isnull=False).exists()
        fields = ("post__outlet", "type", "jurisdiction", "stance")
        for said in readings.order_by("post__published_at", "post_id").values_list(*fields)[:MOST_READ]:
            affair._count(*said)
        return affair

    def refresh(self, event: Event) -> None:
        """Take the row as it stands now: people change events too."""
        self.event, self.before, self.changed_grade = event, (event.grade, event.provisional), None
        self.standing = _standing(event)

    def add(self, post: Post, verdict: Verdict, fold_id: int, edition: grading.Edition, now: datetime) -> None:
        """Let one more post speak: counts, facts, times, type, place, heat and grade follow."""
        event = self.event
        event.posts += 1
        self.folds.add(fold_id)
        event.folds = len(self.folds)
        event.last_post_at = max(event.last_post_at, post.published_at)
        event.t_first_post = min(event.t_first_post or post.published_at, post.published_at)
        self.happened = self.happened or verdict.happened
        self._count(post.outlet, verdict.type, verdict.jurisdiction, verdict.stance)
        self.total = figures.merge(
            self.total, figures.attributed(verdict.facts, post.id), post.outlet in AUTHORITIES
        )
        if event.opened_by_id is None and self.types:
            event.type = self.types.most_common(1)[0][0]
        self._settle_place()
        self._date()
        self._name(post)
        self._warm(post, now)
        self._grade(edition, post, now)
        if self.asked and not event.answer_owed:
            event.answer_owed, event.owes_reason = True, self.asked

    def _count(self, outlet: str, type_: str, jurisdiction: str, stance: str) -> None:
        if type_:
            self.types[type_] += 1
        self.places[jurisdiction] += 1
        if outlet not in AUTHORITIES and stance in ASKING and not self.asked:
            self.asked = f"{ASKING[stance]}，应予回应"

    def _settle_place(self) -> None:
        """Ours when anybody placed it here; elsewhere when somebody placed it elsewhere and nobody here."""
        if self.event.opened_by_id is not None:
            return
        for jurisdiction in ("ours", "elsewhere", "unknown"):
            if self.places[jurisdiction]:
                self.event.jurisdiction = jurisdiction
                return

    def _date(self) -> None:
        """When it happened, as the posts together say; a person who opened the event knows better.

        A time after the first post is no time of occurrence, whatever day the text names.
        """
        total, first = self.total, self.event.t_first_post
        if total and total.t_event and first and total.t_event <= first and self.event.opened_by_id is None:
            self.event.t_event, self.event.t_event_quote = total.t_event, total.t_event_quote[:200]

    def _name(self, post: Post) -> None:
        """The best of the titles so far, unless a person named the event."""
        event = self.event
        if event.named_by_id or event.opened_by_id or post.outlet == "individual":
            return
        dead = self.total.deaths.low if self.total and self.total.deaths else None
        if titling.better(title_of(post), event.title, list(event.terms), event.entities, dead):
            event.title = title_of(post)

    def _warm(self, post: Post, now: datetime) -> None:
        found = heat.advance(
            self.event.heat_parts, [warmth.said(post)], max(now, post.published_at), warmth.coefficients(), warmth.past(now)
        )
        self.event.heat, self.event.heat_index, self.event.heat_parts = found.level, found.index, found.parts

    def _grade(self, edition: grading.Edition, post: Post, now: datetime) -> None:
        """Propose a grade from all that was said. The engine only raises: lowering is for two people (design.md §6)."""
        assert self.total is not None
        self.event.facts = figures.to_json(self.total)
        proposal = grading.propose(self.event.type, self.total, self.happened, edition)
        if not grading.graver(proposal.grade, self.event.grade):
            return
        self.event.grade, self.event.provisional = proposal.grade, True
        self.event.t_graded = now
        self.changed_grade = Grading(
            event=self.event,
            at=now,
            grade=proposal.grade,
            kind="proposed",
            clause=proposal.clause[:300],
            edition=proposal.edition[:120],
            evidence=[{"quote": q.text, "post_id": q.post_id or post.id} for q in proposal.evidence],
        )
        kept = [r for r in self.event.reasons if not r.startswith("定级：")]
        self.event.reasons = [f"定级：{reason}" for reason in _grade_reasons(proposal)] + kept


def _standing(event: Event) -> tuple[datetime | None, int | None, int]:
    return event.closed_at, event.merged_into_id, event.posts


def _grade_reasons(proposal: grading.Proposal) -> Sequence[str]:
    return proposal.reasons or (proposal.clause,)


def title_of(post: Post) -> str:
    """A short name for the event a post opens: its title, or its first words."""
    text = (post.title or post.body).strip().replace("\n", " ")
    return text[:60] or "（无标题）"


# What the engine owns of an event's row; people own the rest.
ENGINE_FIELDS = [
    "title", "type", "grade", "provisional", "jurisdiction", "heat", "heat_index", "heat_parts", "t_event",
    "t_event_quote", "t_first_post", "t_detected", "t_graded", "last_post_at", "posts", "folds", "facts", "reasons",
    "owes_reason", "answer_owed", "terms", "entities", "release_authority",
]  # fmt: skip
