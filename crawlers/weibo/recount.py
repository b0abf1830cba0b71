"""Counters of the hottest posts read again, and what was deleted meanwhile found out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Subquery

from archive.models import Measurement, Post
from crawlers import again, metrics
from crawlers.adapters.base import Unread
from crawlers.metrics import Candidate, Counts
from crawlers.politeness import in_thread
from crawlers.posts import ParsedItem
from crawlers.weibo.api import listed
from crawlers.weibo.errors import GONE, NO_PERMISSION
from crawlers.weibo.gathering import Gathering
from crawlers.weibo.said import Said
from crawlers.weibo.statuses import COMMENT, count_of, id_of, is_gone, read_statuses

LOOKED_AT = 3000  # newest posts of open events that may be due
ASKED_FOR = 3  # posts that the counters left out and that are asked for one by one, in one reading
COUNT_MOST, BATCH_MOST = 100, 50  # ids of one call (sources.md §1.3)


def hottest(now: datetime, most: int) -> list[Candidate]:
    """Posts of open events whose counters are due, those of the hottest events first."""
    posts = Post.objects.filter(
        platform="weibo", published_at__gt=now - metrics.OVER, withdrawn_at=None, unread=False,
        reading__event__isnull=False, reading__event__closed_at=None,
    ).exclude(external_id="").exclude(external_id__startswith=COMMENT)  # fmt: skip
    newest = Measurement.objects.filter(post=OuterRef("pk")).order_by("-at").values("at")[:1]
    rows = posts.annotate(last=Subquery(newest)).order_by("-published_at").values_list(
        "pk", "external_id", "published_at", "received_at", "last", "reading__event__heat_index", "reposts"
    )[:LOOKED_AT]  # fmt: skip
    found = [
        Candidate(
            post_id=pk, external_id=number, published_at=published, last_at=last or received, rank=(heat or 0) + reposts / 1e6
        )
        for pk, number, published, received, last, heat, reposts in rows
        if number.isdigit()  # a vendor's own numbering is unknown to Weibo
    ]
    return metrics.due(found, now, most)


async def by_counts(gathering: Gathering) -> None:
    """With the general interfaces: statuses/count, and statuses/show for a few that it left out."""
    api = gathering.api
    chosen = await in_thread(hottest, api.now, COUNT_MOST)
    if not chosen or gathering.closed("statuses/count"):
        return
    gathering.calls += 1
    answer = await api.get("statuses/count", ids=",".join(c.external_id for c in chosen))
    if not isinstance(answer, list):
        raise Unread("statuses/count：回复不是列表")
    found = {number: counts for raw in answer if isinstance(raw, Mapping) and (number := id_of(raw)) if (counts := counts_of(raw))}
    await in_thread(_write, chosen, found, api.now)
    for candidate in [c for c in chosen if c.external_id not in found][:ASKED_FOR]:
        await _ask_for(gathering, candidate)


async def by_batch(gathering: Gathering) -> None:
    """With a contract: statuses/show_batch tells counters, edits and deletions in one call."""
    api = gathering.api
    chosen = await in_thread(hottest, api.now, BATCH_MOST)
    if not chosen or gathering.closed("statuses/show_batch/biz"):
        return
    gathering.calls += 1
    numbers = [c.external_id for c in chosen]
    try:
        answer = await api.get("statuses/show_batch/biz", ids=",".join(numbers), isGetLongText=1)
    except Said as e:
        if e.number not in GONE:
            raise
        answer = {"statuses": []}  # not one of them is left
        if len(chosen) == 1:
            answer = {"statuses": [{"id": numbers[0], "deleted": "1"}]}
    page = read_statuses(listed(answer, "statuses", "statuses/show_batch/biz"), own=api.access.uid)
    found = {i.external_id: Counts(reposts=i.reposts, comments=i.comments, likes=i.likes) for i in page.items}
    await in_thread(_write, chosen, found, api.now)
    await gathering.take(page)


async def whole_texts(gathering: Gathering, cut: Sequence[str]) -> list[ParsedItem]:
    """Posts again whose text came in part, whole where Weibo gives it (contract only)."""
    whole: list[ParsedItem] = []
    for start in range(0, len(cut), BATCH_MOST):
        if gathering.closed("statuses/show_batch/biz"):
            break
        gathering.calls += 1
        try:
            answer = await gathering.api.get(
                "statuses/show_batch/biz", ids=",".join(cut[start : start + BATCH_MOST]), isGetLongText=1
            )
        except Unread as e:
            if e.code != NO_PERMISSION and not (isinstance(e, Said) and e.number in GONE):
                raise
            gathering.damage.append(f"长微博正文未取到（{e.said}）")
            break
        page = read_statuses(listed(answer, "statuses", "statuses/show_batch/biz"), own=gathering.api.access.uid)
        whole += page.items
    return whole


async def _ask_for(gathering: Gathering, candidate: Candidate) -> None:
    gathering.calls += 1
    try:
        raw = await gathering.api.get("statuses/show", id=candidate.external_id)
    except Said as e:
        if e.number not in GONE:
            raise
        raw = {"id": candidate.external_id, "deleted": "1"}
    if isinstance(raw, Mapping):
        await gathering.take(read_statuses([raw] if id_of(raw) or is_gone(raw) else [], own=gathering.api.access.uid))


def counts_of(raw: Mapping[str, Any]) -> Counts | None:
    """An entry of statuses/count; counters as numbers or texts, likes under either of two names."""
    likes = raw.get("likes", raw.get("attitudes"))
    counts = Counts(reposts=count_of(raw.get("reposts")), comments=count_of(raw.get("comments")), likes=count_of(likes))
    return None if counts == Counts() else counts


def _write(chosen: Sequence[Candidate], found: Mapping[str, Counts], now: datetime) -> None:
    """A reading for each that was asked for; what was not told of stays as it was, and has had its turn."""
    with transaction.atomic():
        posts = Post.objects.defer("title", "body").in_bulk([c.post_id for c in chosen])
        again.measure([(posts[c.post_id], found.get(c.external_id, Counts())) for c in chosen if c.post_id in posts], now)
