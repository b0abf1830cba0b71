"""What pages show of articles on our own outlets: offers for an event's clocks, comparisons, what the ledger lacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F, Q, QuerySet

from analysis.models import Event
from config.clock import SHANGHAI
from flow import sightings
from sla.models import Release, Sighting
from sla.sightings import Comparison

UNLISTED = 30
State = Sighting.State


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One article beside its release, with what speaks against taking it as it stands."""

    row: Sighting
    comparison: Comparison | None  # None once the outlet has taken the text down
    remarks: tuple[str, ...]
    open: bool  # still to be decided
    one_click: bool  # nothing differs and nothing is missing: one click by the third person settles

    @property
    def likeness(self) -> str:
        """How much of the texts is common, where that is what it was recognised by."""
        return f"{self.row.likeness:.0%}" if self.row.how == Sighting.How.NEAR and self.row.likeness else ""


def of_release(release: Release) -> list[Shown]:
    """Every article taken for this release, offers first."""
    rows = release.sightings.select_related("post__source", "decided_by").order_by("post__published_at", "id")
    return sorted((_shown(row, release) for row in rows), key=lambda s: not s.open)


def of_event(event: Event) -> list[Shown]:
    """The event's open offers, and published releases whose article differs or has vanished."""
    edited = Q(state=State.ACCEPTED, checked_at__gt=F("decided_at"))  # after a person took it as it was
    wrong = (Q(state=State.SEEN) | edited) & ~Q(verdict=Sighting.Verdict.SAME) | Q(gone_at__isnull=False)
    rows = Sighting.objects.filter(Q(state=State.OFFERED) | wrong, release__event=event)
    found = rows.select_related("post__source", "release", "decided_by").order_by("post__published_at", "id")
    return [_shown(row, row.release) for row in found if row.release]


def _shown(row: Sighting, release: Release) -> Shown:
    open_ = row.state == State.OFFERED
    comparison = None if row.post.withdrawn_at else sightings.compared(release, row.post)
    remarks = list(_remarks(row, release)) if open_ else []
    same = comparison is not None and comparison.verdict == Sighting.Verdict.SAME
    ready = release.state == Release.State.REVIEWED and row.post.withdrawn_at is None
    return Shown(row=row, comparison=comparison, remarks=tuple(remarks), open=open_, one_click=open_ and same and ready)


def _remarks(row: Sighting, release: Release) -> Sequence[str]:
    found = list(row.post.notes)
    if release.reviewed_at is None:
        found.append("此稿尚未经第二人审核，渠道上已经发布；审核后才能认定")
    elif row.post.published_at < release.reviewed_at:
        at = release.reviewed_at.astimezone(SHANGHAI)
        found.append(f"渠道发布早于审核通过（{at:%m-%d %H:%M}）")
    if not row.post.url:
        found.append("渠道没有给出链接，须由人工登记发布")
    return found


def unlisted() -> QuerySet[Sighting]:
    """Articles that no release of the ledger is, those of an event first, the newest first."""
    rows = Sighting.objects.filter(state=State.UNLISTED, post__withdrawn_at=None)
    of_events = F("post__reading__event_id").desc(nulls_last=True)
    return rows.select_related("post__source", "post__reading__event").order_by(of_events, "-post__published_at")


def marks(releases: Sequence[Release]) -> dict[int, Sighting]:
    """Of each release the sighting that its row in the ledger shows: what is wrong before what is right."""
    rows = Sighting.objects.filter(release__in=[r.pk for r in releases]).select_related("post__source")
    return {row.release_id: row for row in sorted(rows, key=_weight) if row.release_id}


def _weight(row: Sighting) -> tuple[bool, bool, bool, int]:
    return row.gone_at is not None, row.state == State.OFFERED, row.verdict == Sighting.Verdict.DIFFERS, -row.pk
