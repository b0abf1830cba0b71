"""The state at an instant, as `status` and `show` print it (commands.md)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from alerts.ladder import Ladder
from alerts.messages import moment
from alerts.models import Alert, Delivery, Handling
from analysis.models import Event, Reading
from archive import indexing
from archive.models import Post, Source
from config.clock import shanghai
from flow import explaining
from flow.models import Outcome
from flow.roles import ROLES
from sla import engine
from sla.models import Obligation, Release

STANDING_WORDS = {
    engine.OPEN: "进行中", engine.NEAR: "临近截止", engine.MISSED: "已超时", engine.MET: "按时履行",
    engine.MET_LATE: "逾期履行", engine.EXEMPT: "免予履行", engine.PAUSED: "暂停", engine.SUPERSEDED: "已更正",
}  # fmt: skip


def status(now: datetime) -> dict[str, Any]:
    """Everything `status --json` promises."""
    events = Event.objects.filter(merged_into__isnull=True).order_by("id")
    return {
        "now": shanghai(now),
        "events": [*described(events, now)],
        "alerts": alerts(),
        "duties": duties(now),
        "sources": [source(s) for s in Source.objects.order_by("name")],
        "unread": unread_summary(),
        "search": search(),
    }


def described(events: Iterable[Event], now: datetime) -> list[dict[str, Any]]:
    """Each event with its current obligations."""
    events = list(events)
    obligations: dict[int, list[Obligation]] = defaultdict(list)
    rows = Obligation.objects.filter(event_id__in=[e.id for e in events], superseded_at__isnull=True)
    for ob in rows.order_by("duty"):
        obligations[ob.event_id or 0].append(ob)
    return [event_json(event, obligations[event.id], now) for event in events]


def event_json(event: Event, obligations: Iterable[Obligation], now: datetime) -> dict[str, Any]:
    return {
        "id": event.id,
        "title": event.title,
        "type": event.type,
        "grade": event.grade,
        "provisional": event.provisional,
        "jurisdiction": event.jurisdiction,
        "heat": event.heat,
        "posts": event.posts,
        "folds": event.folds,
        "t_event": shanghai(event.t_event),
        "t_first_post": shanghai(event.t_first_post),
        "t_detected": shanghai(event.t_detected),
        "reasons": event.reasons,
        "owes_reason": event.owes_reason,
        "closed_at": shanghai(event.closed_at),
        "close_reason": event.close_reason,
        "release_authority": event.release_authority,
        "obligations": [obligation_json(ob, now) for ob in obligations],
    }


def standing_of(ob: Obligation, now: datetime) -> str:
    return engine.standing(
        due_at=ob.due_at,
        duty=engine.duty_of(ob.rule),
        settled_at=ob.settled_at,
        exempt=bool(ob.exempt_reason),
        superseded=ob.superseded_at is not None,
        paused=ob.paused_at is not None,
        now=now,
    )


def obligation_json(ob: Obligation, now: datetime) -> dict[str, Any]:
    return {
        "duty": ob.duty,
        "name": ob.rule["name"],
        "rev": ob.rev,
        "starts_at": shanghai(ob.starts_at),
        "start_basis": ob.start_basis,
        "due_at": shanghai(ob.due_at),
        "original_due_at": shanghai(ob.original_due_at),
        "standing": standing_of(ob, now),
        "settled_at": shanghai(ob.settled_at),
        "release": ob.release_id,
        "made_by": ob.made_by,
        "exempt_reason": ob.exempt_reason,
        "paused_at": shanghai(ob.paused_at),
    }


def duties(now: datetime) -> list[dict[str, Any]]:
    """What is owed by letters and units, the soonest due first; of what is done, the newest hundred."""
    rows = Obligation.objects.filter(event=None, superseded_at__isnull=True)
    running = rows.filter(settled_at__isnull=True, exempt_reason="").order_by("due_at", "id")
    done = rows.filter(settled_at__isnull=False).order_by("-settled_at", "-id")[:100]
    return [
        {"subject": ob.subject, "title": ob.subject_title, **obligation_json(ob, now), "note": ob.settled_note}
        for ob in (*running, *done)
    ]


def alerts() -> list[dict[str, Any]]:
    """Every alert in the order it was raised, with its deliveries."""
    deliveries: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for d in Delivery.objects.order_by("id"):
        deliveries[d.alert_id].append(
            {
                "channel": d.channel,
                "address": d.address,
                "state": d.state,
                "reason": d.reason,
                "attempts": d.attempts,
                "receipt": d.receipt,
                "instead": d.instead_why or None,
            }
        )
    rows = Alert.objects.select_related("acked_by", "milestone__obligation").order_by("raised_at", "level", "id")
    return [
        {
            "key": a.key,
            "kind": a.kind,
            "event": a.event_id,
            "duty": a.milestone.obligation.duty if a.milestone else None,
            "level": a.level,
            "title": a.title,
            "raised_at": shanghai(a.raised_at),
            "acked_at": shanghai(a.acked_at),
            "acked_by": a.acked_by.username if a.acked_by else None,
            "stood_down_at": shanghai(a.stood_down_at),
            "deliveries": deliveries[a.id],
        }
        for a in rows
    ]


def source(s: Source) -> dict[str, Any]:
    return {
        "name": s.name,
        "kind": s.kind,
        "state": s.state,
        # The finer reason first, as a script looks for it; then what people read.
        "detail": f"{s.code}：{s.detail}" if s.code else s.detail,
        "code": s.code,
        "last_ok_at": shanghai(s.last_ok_at),
        "last_item_at": shanghai(s.last_item_at),
    }


def search() -> dict[str, Any]:
    """How far search is behind the posts, and why."""
    now = indexing.behind()
    return {
        "engine": now.engine,
        "waiting": now.waiting,
        "committed_at": shanghai(now.committed_at),
        "trouble": now.trouble,
        "note": now.note,
    }


def unread_summary() -> dict[str, int]:
    """What has not had its fate decided yet, and what was set aside: nothing is dropped without a row."""
    return {
        "waiting": Post.objects.filter(unread=True).count(),
        "set_aside": Outcome.objects.filter(kind=Outcome.Kind.SET_ASIDE).count(),
    }


def whole(event: Event, now: datetime, ladder: Ladder) -> dict[str, Any]:
    """One event with its posts, its timeline, and what of it is being told to whom, and what comes next (`show`)."""
    return {
        **described([event], now)[0],
        # `posts` is the count in `status` and the list here (commands.md); the count stays under another name.
        "posts_count": event.posts,
        "posts": posts(event),
        "timeline": timeline(event),
        "alerts": explaining.of_event(event.id, ladder, now),
    }


def posts(event: Event) -> list[dict[str, Any]]:
    rows = Reading.objects.filter(event=event).select_related("post").order_by("post__published_at", "post_id")
    return [
        {
            "post_id": r.post_id,
            "url": r.post.url,
            "title": r.post.title or r.post.body[:60],
            "source": r.post.site,
            "published_at": shanghai(r.post.published_at),
            "fold": r.fold_id,
        }
        for r in rows
    ]


def timeline(event: Event) -> list[dict[str, Any]]:
    """What happened, in order: [{"at", "kind", "text"}]."""
    found: list[tuple[datetime, str, str]] = []
    if event.t_event:
        found.append((event.t_event, "t_event", f"事发：{event.t_event_quote}"))
    if event.t_first_post:
        found.append((event.t_first_post, "first_post", "首条信息发布"))
    found.append((event.t_detected, "detected", "发现" if event.opened_by_id is None else f"人工开立：{event.knowledge}"))
    found += [(g.at, g.kind, _graded(g)) for g in event.gradings.select_related("by", "second")]
    for ob in event.obligations.order_by("id"):
        found.append((ob.created_at, "obligation", f"{ob.duty} {ob.rule['name']}起算，应于 {moment(ob.due_at)} 前办结"))
        if ob.superseded_at:
            found.append((ob.superseded_at, "superseded", f"{ob.duty} 第{ob.rev}次计时被取代"))
        if ob.exempt_at:
            found.append((ob.exempt_at, "exempt", f"{ob.duty} 免予履行：{ob.exempt_reason}（{ob.exempt_basis}）"))
        if ob.paused_at:
            found.append((ob.paused_at, "paused", f"{ob.duty} 暂停：{ob.pause_reason}"))
    for a in event.alerts.order_by("id"):
        found.append((a.raised_at, f"alert.{a.kind}", f"{ROLES_BY_LEVEL.get(a.level, '')} {a.title}".strip()))
    for h in Handling.objects.filter(alert__event=event).select_related("by", "to", "alert"):
        found.append((h.at, "acknowledged" if h.kind == "acknowledged" else f"alert.{h.kind}", _handled(h)))
    for r in event.releases.filter(state=Release.State.PUBLISHED).select_related("published_by"):
        names = "、".join(r.duties) or "续报"
        if r.published_at:
            whose = f"，由{r.issuer}发布" if r.issuer else ""
            found.append((r.published_at, "release", f"{r.get_channel_display()}发布《{r.title}》（{names}{whose}）"))
    if event.closed_at:
        found.append((event.closed_at, "closed", f"结案：{event.close_reason}"))
    return [{"at": shanghai(at), "kind": kind, "text": text} for at, kind, text in sorted(found)]


def _handled(h: Handling) -> str:
    if h.kind == Handling.Kind.LAPSED:
        return h.reason
    who = h.by.username if h.by else "链接"
    to = f"给 {h.to.username}" if h.to else ""
    until = f"至 {moment(h.until)}" if h.until else ""
    why = f"（{h.reason}）" if h.reason else ""
    return f"{who} {h.get_kind_display()}{to}{until}：{h.alert.title}{why}"


ROLES_BY_LEVEL = dict(enumerate(list(ROLES.values())[:4], 1))


def _graded(g: Any) -> str:
    quotes = "".join(f"「{e['quote']}」" for e in g.evidence)
    if g.kind == "proposed":
        return f"系统建议 {g.grade or '不定级'}：{g.clause}{quotes}"
    second = f"、{g.second.username}" if g.second else ""
    return f"{g.by.username}{second} {'确认' if g.kind == 'confirmed' else '改定'}{g.grade}：{g.reason}"
