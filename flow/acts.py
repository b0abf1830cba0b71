"""What people do: grade, open, release. Each is one transaction with its audit entry.

All raise sla.engine.Unmet(error, field) when they are refused; nothing is written then.
"""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from alerts import outbox
from analysis.models import Event, Grading, Reading
from archive.models import Change
from flow import audit, owing, telling
from flow.changes import Changes
from flow.owing import rank
from flow.policy import Policy
from sla.engine import GRADES, Unmet
from sla.models import Obligation

TYPES = tuple(f"T{n:02}" for n in range(1, 16))


def grade_event(
    event_id: int,
    grade: str,
    user: User,
    reason: str,
    second: User | None,
    policy: Policy,
    now: datetime,
    held: bool = False,
) -> Event:
    """Confirm or override the grade. A downgrade needs a second person; every decision needs a reason."""
    event = event_or_unmet(event_id)
    if event.merged_into_id:
        raise Unmet(f"事件已并入 #{event.merged_into_id}，请在那里定级", "event")
    if event.closed_at:
        raise Unmet("事件已结，请先重新打开", "event")
    if grade not in GRADES:
        raise Unmet("等级须为 " + "、".join(GRADES) + " 之一", "grade")
    if not reason.strip():
        raise Unmet("请写明理由", "reason")
    if rank(grade) < rank(event.grade):
        if second is None:
            raise Unmet(f"由{event.grade}降为{grade}须第二人确认", "second")
        if second.pk == user.pk:
            raise Unmet("第二人须是另一个人", "second")
    raised = rank(grade) > rank(event.grade)
    kind = "confirmed" if grade == event.grade else "overridden"
    with transaction.atomic():
        event = Event.objects.select_for_update().get(pk=event_id)
        before = event.grade
        event.grade, event.provisional, event.t_graded = grade, False, now
        event.reasons = [f"定级：{_who(user)}{'确认' if kind == 'confirmed' else '定为'}{grade}：{reason}"] + [
            r for r in event.reasons if not (r.startswith("定级：") and kind == "overridden")
        ]
        Grading.objects.create(
            event=event, at=now, grade=grade, kind=kind, clause="人工认定", edition=policy.edition.name,
            reason=reason[:500], by=user, second=second,
        )  # fmt: skip
        changes = _owe(event, policy, now)
        if not Obligation.objects.filter(event=event, superseded_at=None, settled_at=None).exists():
            outbox.stand_down_event(event.id, now)
        if raised:
            telling.replace_earlier(event.id, now)
            outbox.write(telling.regraded(event, before, changes, policy, now), now, replay=held)
        _index_again(event)
        people = {"second": second.username} if second else {}
        audit.record(user.username, f"grade.{kind}", f"event:{event.id}", now, grade=grade, **people)
    return event


def open_event(
    *,
    title: str,
    at: datetime,
    type_: str,
    grade: str | None,
    user: User,
    knowledge: str,
    policy: Policy,
    now: datetime,
    held: bool = False,
) -> Event:
    """Open an event by hand (110, a unit, a leader): its clocks start as for any other."""
    if not title.strip():
        raise Unmet("请写标题", "title")
    if type_ not in TYPES:
        raise Unmet("类型须为 T01 至 T15", "type")
    if grade is not None and grade not in GRADES:
        raise Unmet("等级须为 " + "、".join(GRADES) + " 之一", "grade")
    if at > now:
        raise Unmet("发生时间晚于当前时间", "at")
    if not knowledge.strip():
        raise Unmet("请写明从何得知", "knowledge")
    with transaction.atomic():
        event = Event.objects.create(
            title=title.strip()[:200], type=type_, grade=grade, provisional=False, jurisdiction="ours",
            t_event=at, t_event_quote="人工录入", t_detected=now, t_graded=now if grade else None, last_post_at=now,
            reasons=[f"人工开立：{_who(user)}，{knowledge}"], opened_by=user, knowledge=knowledge[:500],
        )  # fmt: skip
        if grade:
            Grading.objects.create(
                event=event, at=now, grade=grade, kind="confirmed", clause="人工认定",
                edition=policy.edition.name, reason=knowledge[:500], by=user,
            )  # fmt: skip
        changes = _owe(event, policy, now, late=False)
        outbox.write(telling.opened(event, changes, policy, now), now, replay=held)
        audit.record(user.username, "event.opened", f"event:{event.id}", now, grade=grade)
    return event


def event_or_unmet(event_id: int) -> Event:
    event = Event.objects.filter(pk=event_id).first()
    if event is None:
        raise Unmet(f"没有编号为 {event_id} 的事件", "event")
    return event


def _owe(event: Event, policy: Policy, now: datetime, *, late: bool = True) -> Changes:
    """Bring the event's obligations in line with what it now is; writes the event too."""
    changes = owing.reconcile(event, owing.current(event), policy.duties, now, late=late)
    event.owes_reason = changes.reason[:300]
    event.save()
    owing.write([changes], now)
    return changes


def _index_again(event: Event) -> None:
    posts = Reading.objects.filter(event=event).values_list("post_id", flat=True)
    Change.objects.bulk_create(Change(post_id=i) for i in posts)


def _who(user: User) -> str:
    return user.get_full_name() or user.username
