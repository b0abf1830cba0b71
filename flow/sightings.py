"""What our own outlets show, held against the ledger: read, decide (sla/sightings.py), write. Settles nothing.

An article that is a release not yet recorded as published is offered to people as its evidence; one that the ledger
knows is kept as seen, with how its text compares; all others are listed as not in the ledger.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Max, Q, QuerySet

from alerts import outbox
from archive.models import Post, Source
from flow import audit, telling
from flow.policy import Policy
from flow.retry import retried
from sla import sightings
from sla.models import Release, Sighting
from sla.sightings import Comparison, Entry, Match, Seen

AT_ONCE = 100  # articles of one transaction (design.md §4)
LATE_ROWS = 5_000  # ids behind the newest looked-at one among which a row that was committed late is still found
LOOKED_BACK = timedelta(days=30)  # an article older than that when it comes in is history
OPEN_FOR = timedelta(days=14)  # how long an article without a release is tried on releases drafted since
LEDGER_BACK = timedelta(days=60)
State = Sighting.State


def run(policy: Policy, now: datetime, *, held: bool) -> Counter[str]:
    """One look: new articles, articles tried again on newer releases, releases recorded meanwhile, what has vanished."""
    while fresh := _fresh(now):
        _place(fresh, now)
    while again := _to_try_again(now):
        _place([row.post for row in again], now, again)
    _compare_edited(now)
    Sighting.objects.filter(state=State.OFFERED, release__state=Release.State.PUBLISHED).update(state=State.SEEN)
    return _vanished(policy, now, held=held)


def _fresh(now: datetime) -> list[Post]:
    # An account's source brings what others say to it too, and our own posts marked as ours (Weibo: by their uid).
    ours = Q(outlet=Source.Outlet.OWN) | Q(kind__in=(Source.Kind.WEIBO, Source.Kind.WECHAT))
    own = list(Source.objects.filter(ours).values_list("id", flat=True))
    if not own:
        return []
    newest = Sighting.objects.aggregate(top=Max("post_id"))["top"] or 0
    posts = Post.objects.filter(
        source_id__in=own, outlet=Source.Outlet.OWN, id__gt=newest - LATE_ROWS, sighting=None, withdrawn_at=None,
        published_at__gte=now - LOOKED_BACK,
    )  # fmt: skip
    return list(posts.order_by("id")[:AT_ONCE])


def _to_try_again(now: datetime) -> list[Sighting]:
    drafted = Release.objects.aggregate(at=Max("drafted_at"))["at"]
    if drafted is None:
        return []
    rows = Sighting.objects.filter(
        state=State.UNLISTED, checked_at__lt=drafted, seen_at__gte=now - OPEN_FOR, post__withdrawn_at=None
    )
    return list(rows.select_related("post").order_by("id")[:AT_ONCE])


@retried
def _place(posts: Sequence[Post], now: datetime, known: Sequence[Sighting] = ()) -> None:
    """Match the articles and write what came of it; `known` are their rows where they have been looked at before."""
    releases = ledger_of(posts)
    entries = [entry_of(release) for release in releases.values()]
    before = {row.post_id: row for row in known}
    # Later than any release seen here, or the same rows would be tried for ever in a replay's frozen instant.
    checked = max([now, *(release.drafted_at for release in releases.values())])
    made = []
    for post in posts:
        row = before.get(post.id) or Sighting(post=post, seen_at=now)
        row.checked_at = checked
        found = sightings.match(seen_of(post), [e for e in entries if e.id not in row.not_of])
        _decide(row, releases[found.release_id] if found else None, found)
        made.append(row)
    with transaction.atomic():
        Sighting.objects.bulk_create(row for row in made if row.pk is None)
        Sighting.objects.bulk_update(before.values(), FIELDS) if before else None
        for row in made:
            if row.state == State.OFFERED:
                audit.record("engine", "sighting.offered", f"release:{row.release_id}", now, post=row.post_id, how=row.how, text=row.verdict)


FIELDS = ["state", "release", "how", "likeness", "verdict", "checked_at"]


def _decide(row: Sighting, release: Release | None, found: Match | None) -> None:
    row.release = release
    if release is None or found is None:
        row.state = State.UNLISTED
        return
    row.how, row.likeness = found.how.value, found.likeness
    row.verdict = compared(release, row.post).verdict.value
    row.state = state_for(release)


def state_for(release: Release) -> Sighting.State:
    return State.SEEN if release.state == Release.State.PUBLISHED else State.OFFERED


def ledger_of(posts: Sequence[Post]) -> dict[int, Release]:
    """Releases that these articles may be: whatever was drafted or published in the two months before the oldest."""
    since = min(post.published_at for post in posts) - LEDGER_BACK
    found = Release.objects.filter(Q(published_at__gte=since) | Q(published_at=None, drafted_at__gte=since))
    return {release.id: release for release in found.exclude(channel=Release.Channel.CONFERENCE)}


def entry_of(release: Release) -> Entry:
    at = release.published_at or release.drafted_at
    return Entry(id=release.id, url=release.url, title=release.title, body=release.body, at=at)


def seen_of(post: Post) -> Seen:
    """The article as it was first read: by that it is recognised."""
    return Seen(url=post.url, title=post.title, body=post.body, published_at=post.published_at)


def shown_now(post: Post) -> Seen:
    """The article as the outlet last showed it: by that it is compared."""
    edit = post.versions.order_by("-at", "-id").first()
    return replace(seen_of(post), title=edit.title, body=edit.body) if edit else seen_of(post)


def compared(release: Release, post: Post) -> Comparison:
    return sightings.compare(release.title, release.body, shown_now(post))


def _compare_edited(now: datetime) -> None:
    """Articles edited at the outlet since they were last compared are compared anew."""
    of_release = Sighting.objects.filter(release__isnull=False, post__withdrawn_at=None, post__versions__at__gt=F("checked_at"))
    for row in of_release.select_related("release", "post").distinct()[:AT_ONCE]:
        assert row.release
        verdict = compared(row.release, row.post).verdict.value
        with transaction.atomic():
            latest = row.post.versions.aggregate(at=Max("at"))["at"]
            Sighting.objects.filter(pk=row.pk).update(verdict=verdict, checked_at=max(now, latest))
            if verdict != row.verdict:
                audit.record("engine", "sighting.edited", f"release:{row.release_id}", now, post=row.post_id, text=verdict)


# --- what the outlet no longer shows -----------------------------------------------------------------------


def not_shown() -> Q:
    """Articles that their outlet has taken down, or that readings far enough back no longer list."""
    return Q(post__withdrawn_at__isnull=False) | Q(post__showing__missed__gte=sightings.GONE_AFTER)


def _vanished(policy: Policy, now: datetime, *, held: bool) -> Counter[str]:
    """A published release whose article is gone is told once; when it is back that stands down."""
    _back_again(now)
    gone = _published().filter(not_shown(), gone_at=None).select_related("release__event", "post__source")[:AT_ONCE]
    rows = list(gone)
    if not rows:
        return Counter()
    with transaction.atomic():
        Sighting.objects.filter(id__in=[row.id for row in rows]).update(gone_at=now)
        plans = [plan for row in rows for plan in telling.release_gone(row, policy, now)]
        for row in rows:
            audit.record("engine", "sighting.gone", f"release:{row.release_id}", now, post=row.post_id)
        alerts, deliveries = outbox.write(plans, now, replay=held)
    return Counter(alerts=alerts, deliveries=deliveries)


def _published() -> QuerySet[Sighting]:
    return Sighting.objects.filter(state__in=(State.SEEN, State.ACCEPTED), release__state=Release.State.PUBLISHED)


def _back_again(now: datetime) -> None:
    for row in _published().filter(~not_shown(), gone_at__isnull=False)[:AT_ONCE]:
        with transaction.atomic():
            Sighting.objects.filter(id=row.id).update(gone_at=None)
            outbox.stand_down_cause(telling.gone_cause(row), now)
            audit.record("engine", "sighting.back", f"release:{row.release_id}", now, post=row.post_id)
