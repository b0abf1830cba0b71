"""What the event page shows, gathered from the tables in a bounded number of queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Min, Prefetch, Q

from alerts.models import Alert, Attempt, Delivery
from analysis.models import Event, Fold, Reading
from archive.models import Post
from console import brief, clocks, inbox, sightings
from console.words import FACTS, FLAGS
from flow import status
from flow.models import MergeProposal, Regroup

FOLDS_PER_PAGE = 20
COPIES = 200
ALERTS = 60
STEPS, PROPOSALS = 10, 5


def live(event: Event, now: datetime) -> dict[str, Any]:
    """The part that changes while somebody looks: grade and why, clocks, releases, alerts, timeline."""
    owed = event.obligations.filter(superseded_at=None).select_related("release", "exempt_by").order_by("duty")
    gradings = list(event.gradings.select_related("by", "second").order_by("-at", "-id"))
    return {
        "event": event,
        "clocks": clocks.clocks_of(owed, now),
        "proposal": next((g for g in gradings if g.kind == "proposed"), None),
        "decision": gradings[0] if gradings and gradings[0].kind != "proposed" else None,
        "releases": event.releases.select_related("drafted_by", "reviewed_by", "published_by").order_by("-id"),
        "offers": sightings.of_event(event),
        "alerts": alerts(event),
        "timeline": [{**row, "at": datetime.fromisoformat(row["at"])} for row in reversed(status.timeline(event))],
    }


def alerts(event: Event) -> Sequence[Alert]:
    """Its alerts with each delivery and the last error of each, newest first."""
    tries = Prefetch("tries", Attempt.objects.order_by("n"))
    sent = Prefetch("deliveries", Delivery.objects.order_by("id").prefetch_related(tries))
    rows = event.alerts.select_related("acked_by").prefetch_related(sent)
    return inbox.with_escalations(list(rows.order_by("-raised_at", "-level", "-id")[:ALERTS]))


def regrouped(event: Event) -> dict[str, Any]:
    """What has been merged, split or moved of an event, newest first, and what the engine proposes."""
    rows = MergeProposal.objects.filter(Q(into=event) | Q(gone=event), state=MergeProposal.State.OPEN)
    proposals = rows.select_related("into", "gone").order_by("-score")[:PROPOSALS]
    steps = Regroup.objects.filter(Q(into=event) | Q(out_of=event)).select_related("by").order_by("-pk")[:STEPS]
    return {
        "proposals": [{"row": p, "other": p.gone if p.into_id == event.pk else p.into} for p in proposals],
        "steps": steps,
    }


@dataclass(frozen=True, kw_only=True)
class FoldRow:
    """One text of the event: its first post, and how many say the same."""

    fold_id: int | None
    post: Post
    reading: Reading
    count: int


def folds(event: Event, page: str | None) -> tuple[Page[Any], list[FoldRow]]:
    """One page of the event's texts, first said first. Four queries, however many posts it has."""
    groups = (
        Reading.objects.filter(event=event, fold__isnull=False)
        .values("fold_id")
        .annotate(count=Count("id"), first=Min("post__published_at"), reading=Min("id"))
        .order_by("first", "fold_id")
    )
    found = Paginator(groups, FOLDS_PER_PAGE).get_page(page)
    shown = list(found.object_list)
    first = dict(Fold.objects.filter(pk__in=[g["fold_id"] for g in shown]).values_list("pk", "first_post_id"))
    readings = Reading.objects.select_related("post__source").in_bulk([*first.values()], field_name="post_id")
    spare = Reading.objects.select_related("post__source").in_bulk([g["reading"] for g in shown])
    rows = []
    for group in shown:
        # The first post of a fold may have been moved or erased: then any post that says the same.
        reading = readings.get(first.get(group["fold_id"], 0)) or spare[group["reading"]]
        rows.append(FoldRow(fold_id=group["fold_id"], post=reading.post, reading=reading, count=group["count"]))
    return found, rows


def copies(event_id: int, fold_id: int) -> Sequence[Reading]:
    rows = Reading.objects.filter(event_id=event_id, fold_id=fold_id).select_related("post")
    return list(rows.order_by("post__published_at", "post_id")[:COPIES])


@dataclass(frozen=True, kw_only=True)
class FactRow:
    name: str
    value: str
    quote: str


def facts(event: Event) -> list[FactRow]:
    """The combined figures of the event as rows; what nobody said is not listed."""
    rows = []
    for key, (name, unit) in FACTS.items():
        figure = event.facts.get(key)
        if figure:
            rows.append(FactRow(name=name, value=figure_words(figure, unit), quote=figure.get("quote", "")))
    flags = [FLAGS.get(flag, flag) for flag in event.facts.get("flags") or []]
    if flags:
        rows.append(FactRow(name="标记", value="、".join(flags), quote=""))
    corrected = event.facts.get("superseded") or []
    return rows + [FactRow(name="已被更正", value="不再采信", quote=quote) for quote in corrected]


def figure_words(figure: dict[str, Any], unit: str) -> str:
    """3 人, 3 至 5 人, 10 人以上; loss in 万元 where that reads better."""
    low, high = figure["low"], figure["high"]
    if unit == "元" and low >= 10_000:
        unit, low, high = "万元", round(low / 10_000), None if high is None else round(high / 10_000)
    if high is None:
        return f"{low} {unit}以上"
    return f"{low} {unit}" if low == high else f"{low} 至 {high} {unit}（说法不一）"


def briefs(event: Event, now: datetime) -> list[tuple[int, str]]:
    """(length, text) of the two briefs to copy into a message or read on the telephone."""
    owed = event.obligations.filter(superseded_at=None).order_by("due_at")
    running = [c for c in clocks.clocks_of(owed, now) if c.running]
    return [(length, brief.write(event, running, now, length)) for length in brief.LENGTHS]


