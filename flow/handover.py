"""交接班: what is open when a shift ends, signed by who leaves and by who comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q

from alerts.escalation import FINAL_KINDS, Ladder
from alerts.messages import duration, moment
from alerts.models import Alert, HandOver
from alerts.roster import duties_in
from alerts.rota import Duty, at
from analysis.models import Event
from archive import health
from archive.models import Source
from flow import audit, quiet_sources
from sla.engine import TOP_GRADES, Unmet
from sla.models import Obligation, Release

ROLES = 2  # levels whose shifts are handed over: 值班员, 带班领导
LOOK_BACK = timedelta(hours=24)
LOOK_AHEAD = timedelta(hours=12)
MOST = 40


@dataclass(frozen=True)
class Change:
    """A moment at which somebody of a role leaves and somebody else comes; who stays is in neither."""

    role: str
    shift_at: datetime
    outgoing: tuple[int, ...]
    incoming: tuple[int, ...]
    record: HandOver | None = None

    @property
    def signed(self) -> bool:
        return self.record is not None and self.record.taken_at is not None


def changes(ladder: Ladder, now: datetime) -> list[Change]:
    """Changes of crew from a day ago to half a day ahead with their records, newest first."""
    starts, ends = now - LOOK_BACK, now + LOOK_AHEAD
    duties = duties_in(starts - timedelta(minutes=1), ends)
    edges: list[Change] = []
    for level in ladder.levels[:ROLES]:
        mine = [d for d in duties if d.role == level.role]
        for edge in sorted({d.starts_at for d in mine if starts <= d.starts_at < ends}, reverse=True):
            before, after = _crew(mine, edge - timedelta(microseconds=1)), _crew(mine, edge)
            leaving, coming = (tuple(u for u in a if u not in b) for a, b in ((before, after), (after, before)))
            if leaving and coming:
                edges.append(Change(level.role, edge, leaving, coming))
    if not edges:
        return []
    rows = HandOver.objects.filter(shift_at__gte=starts).select_related("outgoing", "incoming")
    records = {(r.role, r.shift_at): r for r in rows}
    found = [replace(c, record=records.get((c.role, c.shift_at))) for c in edges]
    return sorted(found, key=lambda c: c.shift_at, reverse=True)


def _crew(duties: Sequence[Duty], instant: datetime) -> tuple[int, ...]:
    return tuple(dict.fromkeys(d.user for d in at(duties, instant)))


def unsigned(ladder: Ladder, now: datetime) -> list[Change]:
    """The newest change of each role that has begun and is not signed by both: the desk says so."""
    newest: dict[str, Change] = {}
    for change in changes(ladder, now):
        if change.shift_at <= now:
            newest.setdefault(change.role, change)
    return [c for c in newest.values() if not c.signed]


def open_matters(now: datetime) -> list[dict[str, Any]]:
    """What the next crew must know, by kind: clocks, alerts, provisional grades, releases in the making, sources."""
    items = []
    running = Obligation.objects.filter(settled_at=None, superseded_at=None, exempt_reason="").select_related("event")
    for ob in running.order_by("due_at")[:MOST]:
        over = now >= ob.due_at
        left = f"已超时 {duration(now - ob.due_at)}" if over else f"还剩 {duration(ob.due_at - now)}"
        about = f"{ob.event.title}：" if ob.event else ""
        text = f"{about}{ob.duty} {ob.rule['name']}，{moment(ob.due_at)} 截止，{left}"
        items.append(_item("计时中", text, f"/events/{ob.event_id}/" if ob.event else "/"))
    waiting = Alert.objects.filter(acked_at=None, stood_down_at=None).exclude(kind__in=FINAL_KINDS)
    seen = set()
    for alert in waiting.exclude(cause__startswith="contact_test:").order_by("-raised_at")[: MOST * 2]:
        if alert.cause not in seen:
            seen.add(alert.cause)
            url = f"/events/{alert.event_id}/" if alert.event_id else "/"
            items.append(_item("待确认告警", f"{alert.title}（{moment(alert.raised_at)}）", url))
    provisional = Event.objects.filter(provisional=True, grade__in=TOP_GRADES, closed_at=None, merged_into=None)
    for event in provisional.order_by("-last_post_at")[:MOST]:
        items.append(_item("等级暂按", f"【{event.grade}】{event.title}", f"/events/{event.pk}/"))
    words = {"draft": "待审核", "reviewed": "待发布"}
    for release in Release.objects.exclude(state=Release.State.PUBLISHED).order_by("drafted_at")[:MOST]:
        items.append(_item("在办发布", f"{release.title}（{words.get(release.state, release.state)}）", f"/releases/{release.pk}/"))
    deaf = Q(state=Source.State.FAILING) | Q(code__in=quiet_sources.TOLD_CODES)
    for source in Source.objects.filter(deaf, enabled=True).order_by("name")[:MOST]:
        items.append(_item("信源中断", f"{source.name}：{health.told(source.code, source.detail)}", f"/sources/{source.pk}/"))
    return items


def _item(what: str, text: str, url: str) -> dict[str, Any]:
    return {"what": what, "text": text[:300], "url": url}


def find(ladder: Ladder, role: str, shift_at: datetime, now: datetime) -> Change:
    """The change of crew of `role` at `shift_at`. Raises Unmet when the rota has none there."""
    for change in changes(ladder, now):
        if (change.role, change.shift_at) == (role, shift_at):
            return change
    raise Unmet("值班表中没有这次交接，可能已改班", "shift_at")


def hand_over(change: Change, user: User, summary: str, now: datetime) -> HandOver:
    """Who leaves writes and signs. Raises Unmet."""
    if not summary.strip():
        raise Unmet("请写交班情况；没有特别情况也请写明", "summary")
    if user.pk not in change.outgoing:
        raise Unmet("只有交班人员本人可以签交班", "summary")
    try:
        with transaction.atomic():
            record = HandOver.objects.create(
                role=change.role, shift_at=change.shift_at, items=open_matters(now), summary=summary.strip(),
                outgoing=user, handed_at=now,
            )  # fmt: skip
            audit.record(user.get_username(), "handover.signed", f"handover:{record.pk}", now, items=len(record.items))
    except IntegrityError:
        raise Unmet("此班已有人签过交班", "summary") from None
    return record


def take_over(record_id: int, incoming: Sequence[int], user: User, remark: str, now: datetime) -> HandOver:
    """Who comes signs what was handed over, with a remark where something differs. Raises Unmet."""
    if user.pk not in incoming:
        raise Unmet("只有接班人员本人可以签接班", "remark")
    with transaction.atomic():
        record = HandOver.objects.select_for_update().get(pk=record_id)
        if record.outgoing_id == user.pk:
            raise Unmet("交班人和接班人须是两个人", "remark")
        if record.taken_at:
            raise Unmet("此班已签过接班", "remark")
        record.incoming, record.taken_at, record.remark = user, now, remark.strip()[:300]
        record.save(update_fields=["incoming", "taken_at", "remark"])
        audit.record(user.get_username(), "handover.taken", f"handover:{record.pk}", now)
    return record
