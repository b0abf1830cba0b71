"""What people say of an article on our outlets: it is the publication, it is not, it is that other release, it is none.

Each is one transaction, audited. All raise sla.engine.Unmet when refused.
"""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from archive.models import Post
from config.clock import shanghai
from flow import audit, sightings
from flow import release as releases
from flow.policy import Policy
from flow.retry import retried
from sla.engine import Unmet
from sla.models import Release, Sighting
from sla.sightings import Verdict

State = Sighting.State
CHANNELS = {"weibo": "weibo", "wechat": "wechat", "app": "app"}  # of posts' platforms; every other is the portal


@retried
def accept(sighting_id: int, user: User, policy: Policy, now: datetime, *, reason: str = "") -> Release:
    """Record the publication with this article as its evidence: who published, the settled clocks, as for any release.

    What was read of the article is kept as the page. A text that differs from the approved one needs a reason.
    """
    with transaction.atomic():
        row = _locked(sighting_id)
        if row.state != State.OFFERED or row.release is None:
            raise Unmet(f"此项{row.get_state_display()}，无需认定", "state")
        if row.post.withdrawn_at:
            raise Unmet("渠道已撤下原文，不能作为公开的证据", "state")
        # Compared anew: the row's verdict is of the moment it was seen.
        verdict = sightings.compared(row.release, row.post).verdict
        if verdict != Verdict.SAME and not reason.strip():
            raise Unmet(f"{Sighting.Verdict(verdict).label}：请核对差异并写明理由", "reason")
        post = row.post
        release = releases.publish(
            row.release.pk, channel=channel_of(post), url=post.url, published_at=post.published_at, user=user,
            page=as_read(post), policy=policy, now=now,
        )  # fmt: skip
        _decided(row, State.ACCEPTED, user, reason, now, verdict=verdict.value)
        audit.record(
            user.username, "sighting.accepted", f"release:{release.id}", now, post=post.id, how=row.how, text=verdict.value,
            reason=row.reason,
        )  # fmt: skip
    return release


@retried
def decline(sighting_id: int, user: User, now: datetime) -> Sighting:
    """It is another article than this release: it is not offered for it again, and listed as not in the ledger."""
    with transaction.atomic():
        row = _locked(sighting_id)
        if row.state not in (State.OFFERED, State.SEEN) or row.release_id is None:
            raise Unmet(f"此项{row.get_state_display()}，不能再改", "state")
        release_id = row.release_id
        row.not_of = [*row.not_of, release_id]
        row.release, row.how, row.likeness, row.verdict = None, "", None, ""
        _decided(row, State.UNLISTED, user, "", now)
        audit.record(user.username, "sighting.declined", f"release:{release_id}", now, post=row.post_id)
    return row


@retried
def assign(sighting_id: int, release_id: int, user: User, now: datetime) -> Sighting:
    """A person says which release it is; from there on it is an offer, or a sighting, like one the engine found."""
    with transaction.atomic():
        row = _locked(sighting_id)
        if row.state not in (State.UNLISTED, State.DISMISSED):
            raise Unmet(f"此项{row.get_state_display()}，不能再指认", "state")
        release = Release.objects.filter(pk=release_id).first()
        if release is None:
            raise Unmet(f"台账中没有编号为 {release_id} 的发布", "release")
        row.release, row.how, row.likeness = release, Sighting.How.PERSON, None
        row.not_of = [n for n in row.not_of if n != release_id]
        verdict = sightings.compared(release, row.post).verdict.value
        _decided(row, sightings.state_for(release), user, "", now, verdict=verdict)
        audit.record(user.username, "sighting.assigned", f"release:{release_id}", now, post=row.post_id)
    return row


@retried
def dismiss(sighting_id: int, user: User, now: datetime) -> Sighting:
    """An everyday article that no release belongs to; it leaves the list."""
    with transaction.atomic():
        row = _locked(sighting_id)
        if row.state != State.UNLISTED:
            raise Unmet(f"此项{row.get_state_display()}，无需处理", "state")
        _decided(row, State.DISMISSED, user, "", now)
        audit.record(user.username, "sighting.dismissed", f"post:{row.post_id}", now)
    return row


def channel_of(post: Post) -> str:
    return CHANNELS.get(post.platform, "portal")


def as_read(post: Post) -> bytes:
    """The article as the service last read it, as a text file: what stands behind the hash of the evidence."""
    shown = sightings.shown_now(post)
    lines = [
        "回应系统读取发布渠道所得（不是网页截图）", f"渠道：{post.source.name}", f"链接：{post.url}",
        f"标题：{shown.title}", f"发布时间：{shanghai(post.published_at)}", f"读取时间：{shanghai(post.received_at)}",
        *(f"收录说明：{note}" for note in post.notes), "", shown.body, "",
    ]  # fmt: skip
    return "\n".join(lines).encode()


def _locked(sighting_id: int) -> Sighting:
    rows = Sighting.objects.select_for_update(of=("self",)).select_related("post__source", "release")
    row = rows.filter(pk=sighting_id).first()
    if row is None:
        raise Unmet("没有这条渠道所见", "sighting")
    return row


def _decided(row: Sighting, state: Sighting.State, user: User, reason: str, now: datetime, **fields: str) -> None:
    row.state, row.decided_at, row.decided_by, row.reason = state, now, user, reason.strip()[:300]
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()
