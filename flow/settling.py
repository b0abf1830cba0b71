"""Evidence to settled obligations: by the release that names them, or by one already published."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from alerts import outbox
from sla import evidence
from sla.engine import Duty, Unmet
from sla.evidence import Evidence
from sla.models import Milestone, Obligation, Release


def evidence_of(release: Release) -> Evidence:
    return Evidence(
        duties=tuple(release.duties),
        channel=release.channel,
        url=release.url,
        published_at=release.published_at,
        page_hash=release.page_hash,
        people=(release.drafted_by_id, release.reviewed_by_id, release.published_by_id),
        place=release.place,
        speaker=release.speaker,
        attendees=release.attendees,
        # Reviews recorded before they were numbered count by the person who answers for them.
        review_no=release.review_no or (f"审-{release.id}" if release.reviewed_by_id else ""),
        issuer=release.issuer,
    )


def published_for(event_id: int) -> list[Release]:
    """The event's published releases, first published first."""
    rows = Release.objects.filter(event_id=event_id, state=Release.State.PUBLISHED, published_at__isnull=False)
    return list(rows.select_related("published_by").order_by("published_at", "id"))


def offered(rule: Duty, releases: Iterable[Release], now: datetime) -> Release | None:
    """The first release that would be good evidence for a duty only now found to be owed.

    It could not name the duty when it was made; what counts is that the public had it, and when (design.md §6).
    """
    for release in releases:
        try:
            evidence.check_evidence(evidence_of(release), {rule.code: rule}, now)
        except Unmet:
            continue
        return release
    return None


def settle(obligations: Sequence[Obligation], release: Release, now: datetime) -> None:
    """Settle at the time of publication; what was still to be told is superseded, open alerts are stood down."""
    ids = [ob.id for ob in obligations]
    Milestone.objects.filter(obligation_id__in=ids, fired_at__isnull=True).update(superseded_at=now)
    for ob in obligations:
        ob.settled_at, ob.release, ob.paused_at = release.published_at, release, None
        ob.save(update_fields=["settled_at", "release", "paused_at"])
    outbox.stand_down_obligations(ids, now)
