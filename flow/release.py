"""Releases: drafted, reviewed by a second person, published by a third with evidence; only that settles a clock."""

from __future__ import annotations

import hashlib
import os
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from alerts import outbox
from analysis.models import Event
from config.clock import SHANGHAI
from flow import audit, owing, settling, subjects, telling
from flow.acts import event_or_unmet
from flow.policy import Policy
from sla import engine
from sla.engine import Unmet
from sla.evidence import check_evidence
from sla.models import Obligation, Release


def draft(event_id: int, duties: list[str], title: str, body: str, user: User, now: datetime) -> Release:
    """Write a draft. Settles nothing."""
    event = event_or_unmet(event_id)
    _check_text(event, duties, title, body)
    with transaction.atomic():
        release = Release.objects.create(
            event=event, duties=duties, title=title.strip(), body=body, drafted_by=user, drafted_at=now
        )
        audit.record(user.username, "release.drafted", f"release:{release.id}", now, event=event.id)
    return release


def review(release_id: int, user: User, now: datetime, number: str = "") -> Release:
    """A second person's review, under the number of the paper form or one of our own. Settles nothing."""
    with transaction.atomic():
        release = _locked(release_id)
        if release.state != Release.State.DRAFT:
            raise Unmet(f"这份发布{release.get_state_display()}，不能再审核", "state")
        if user.pk == release.drafted_by_id:
            raise Unmet("起草人不得审核自己的稿件", "reviewed_by")
        release.state, release.reviewed_by, release.reviewed_at = Release.State.REVIEWED, user, now
        release.review_no = number.strip()[:60] or f"审{now.astimezone(SHANGHAI):%Y}-{release.id}"
        release.save()
        audit.record(user.username, "release.reviewed", f"release:{release.id}", now)
    return release


def publish(
    release_id: int,
    *,
    channel: str,
    url: str,
    published_at: datetime | None,
    user: User,
    page: bytes | None,
    place: str = "",
    speaker: str = "",
    attendees: int | None = None,
    issuer: str = "",
    unit: str = "",
    post: str = "",
    policy: Policy,
    now: datetime,
    held: bool = False,
) -> Release:
    """Record the publication with its evidence, settle the duties it names, stand the alerted down.

    The page is kept under DATA/evidence by its SHA-256; nothing is fetched. `issuer`: the other agency that issued it.
    `unit` and `post` (head | deputy) of a conference's speaker count for the spokesperson duties. Raises Unmet naming
    the missing part.
    """
    page_hash = keep(page) if page else ""
    with transaction.atomic():
        release = _locked(release_id)
        if release.state != Release.State.REVIEWED:
            raise Unmet("须经第二人审核后才能发布" if release.state == "draft" else "这份发布已经发布", "state")
        if channel not in Release.Channel.values:
            raise Unmet("渠道须为 " + "、".join(Release.Channel.values) + " 之一", "channel")
        running = _running(release)
        rules = {code: engine.duty_of(ob.rule) for code, ob in running.items()}
        if not page_hash and all(duty.met_by != "release" for duty in rules.values()):
            # An answer or a conference may have no page: the hash of its text is kept instead.
            page_hash = hashlib.sha256(release.body.encode()).hexdigest()
        release.state, release.channel, release.url = Release.State.PUBLISHED, channel, url
        release.published_by, release.published_at, release.recorded_at = user, published_at, now
        release.page_hash, release.place, release.speaker, release.attendees = page_hash, place, speaker, attendees
        release.issuer = issuer.strip()[:100]
        check_evidence(settling.evidence_of(release), rules, now)
        release.save()
        _settle(release, list(running.values()), policy, now, held=held)
        owing.continue_from(release, policy, now)
        if channel == Release.Channel.CONFERENCE:
            subjects.appeared_at(release, unit, post, policy, user, now)
        audit.record(
            user.username, "release.published", f"release:{release.id}", now,
            duties=release.duties, channel=channel, page_hash=page_hash, review_no=release.review_no, issuer=release.issuer,
        )  # fmt: skip
    return release


def record(
    event_id: int,
    *,
    duties: list[str],
    title: str,
    body: str,
    drafted_by: User,
    reviewed_by: User,
    published_by: User,
    channel: str,
    url: str,
    published_at: datetime,
    page: bytes | None,
    place: str,
    speaker: str,
    attendees: int | None,
    policy: Policy,
    now: datetime,
    held: bool,
    review_no: str = "",
    issuer: str = "",
    unit: str = "",
    post: str = "",
) -> Release:
    """All three steps at once, for a release that has already been made (command line). All or nothing."""
    with transaction.atomic():
        release = draft(event_id, duties, title, body, drafted_by, now)
        review(release.id, reviewed_by, now, review_no)
        return publish(
            release.id, channel=channel, url=url, published_at=published_at, user=published_by, page=page,
            place=place, speaker=speaker, attendees=attendees, issuer=issuer, unit=unit, post=post, policy=policy, now=now,
            held=held,
        )  # fmt: skip


def keep(page: bytes) -> str:
    """Store the published page by its SHA-256 and return that; the same page twice is one file."""
    digest = hashlib.sha256(page).hexdigest()
    folder: Path = settings.DATA / "evidence"
    folder.mkdir(exist_ok=True)
    path = folder / digest
    if not path.exists():
        part = folder / f"{digest}.{os.getpid()}.part"
        with part.open("wb") as f:
            f.write(page)
            f.flush()
            os.fsync(f.fileno())
        part.replace(path)
    return digest


def _check_text(event: Event, duties: list[str], title: str, body: str) -> None:
    if not title.strip():
        raise Unmet("请写标题", "title")
    if not body.strip():
        raise Unmet("请写正文", "body")
    owed = set(Obligation.objects.filter(event=event, superseded_at__isnull=True).values_list("duty", flat=True))
    for duty in duties:
        if duty not in owed:
            known = "、".join(sorted(owed)) or "无"
            raise Unmet(f"本事件没有应办事项 {duty}（现有：{known}）", "duty")


def _locked(release_id: int) -> Release:
    release = Release.objects.select_for_update(of=("self",)).select_related("event").filter(pk=release_id).first()
    if release is None:
        raise Unmet(f"没有编号为 {release_id} 的发布", "release")
    return release


def _running(release: Release) -> dict[str, Obligation]:
    """The event's unsettled obligations that the release names, by duty."""
    running = Obligation.objects.select_for_update().filter(
        event_id=release.event_id, duty__in=release.duties, superseded_at__isnull=True, settled_at__isnull=True,
        exempt_reason="",
    )  # fmt: skip
    found = {ob.duty: ob for ob in running}
    for duty in release.duties:
        if duty not in found:
            raise Unmet(f"{duty} 已经办结或免予履行，无需再次履行", "duty")
    return found


def _settle(release: Release, obligations: list[Obligation], policy: Policy, now: datetime, *, held: bool) -> None:
    """Settle at the time of publication, supersede what was still to be told, tell those who were told."""
    settling.settle(obligations, release, now)
    plans = [plan for ob in obligations for plan in telling.met(ob, release, policy, now)]
    still_owed = Obligation.objects.filter(event=release.event, superseded_at__isnull=True, settled_at__isnull=True, exempt_reason="")
    if not still_owed.exists():
        outbox.stand_down_event(release.event_id, now)
    outbox.write(plans, now, replay=held)
