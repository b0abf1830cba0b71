"""What people do to clocks: correct, exempt, pause, rule on the answer, close, reopen. Each one transaction, audited.

All raise sla.engine.Unmet(error, field) when they are refused; nothing is written then. `preview` says what an act
would do to clocks and alerts without doing it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from alerts import outbox
from alerts.messages import moment
from alerts.models import Alert
from analysis.models import Event
from flow import audit, owing, settling, telling
from flow.changes import Changes
from flow.policy import Policy
from flow.status import STANDING_WORDS, standing_of
from sla import engine, revisions
from sla.engine import Unmet
from sla.models import Milestone, Obligation

Act = Callable[[], Event]
LEADERS = ("centre_head", "bureau_leader")


def preview(act: Act, event_id: int, now: datetime) -> list[str]:
    """What `act` would do, in sentences. It is carried out and taken back: nothing remains of it."""
    with transaction.atomic():
        effects = perform(act, event_id, now)
        transaction.set_rollback(True)
    return effects


def perform(act: Act, event_id: int, now: datetime) -> list[str]:
    """Carry `act` out, and say what it did to the event's clocks and alerts."""
    before, told = _clocks(event_id, now), _alerts(event_id)
    act()
    after, then = _clocks(event_id, now), _alerts(event_id)
    effects = [
        f"{duty}：{before.get(duty, '无')} → {after.get(duty, '不再应办')}"
        for duty in sorted(before.keys() | after.keys())
        if before.get(duty) != after.get(duty)
    ]
    if down := len([k for k, open_ in told.items() if open_ and not then.get(k)]):
        effects.append(f"撤下 {down} 条待确认告警")
    if new := len(then.keys() - told.keys()):
        effects.append(f"发出 {new} 条新告警")
    return effects or ["时钟与告警都不变"]


def correct_start(
    event_id: int, starts_at: datetime, user: User, reason: str, policy: Policy, now: datetime, held: bool = False
) -> Event:
    """The event's clocks start when this person says they do: a new revision of each, the first deadline kept."""
    _reason(reason)
    if starts_at > now:
        raise Unmet("起算时间晚于当前时间", "starts_at")
    with transaction.atomic():
        event, changes = _locked(event_id), Changes()
        for ob in owing.current(event):
            rule = engine.duty_of(ob.rule)
            if rule.met_by == "continuing" or ob.starts_at == starts_at:
                continue
            clock = revisions.correct(owing.clock_of(ob), rule, starts_at, policy.duties.calendar)
            changes.superseded.append(ob)
            owing.revise(changes, event, ob.duty, clock, now, made_by="start")
        if not changes:
            raise Unmet("没有计时可更正，或起算时间未变", "starts_at")
        owing.write([changes], now)
        _tell(event, f"起算更正为{moment(starts_at)}", changes, policy, now, held)
        _recorded(user, "clock.start_corrected", event, now, reason, starts_at=starts_at.isoformat())
    return event


def exempt(
    event_id: int, duty: str, user: User, reason: str, basis: str, policy: Policy, now: datetime, held: bool = False
) -> Event:
    """Not owed after all, on a legal ground: reported as exempt, never as met. For roles of `exempt_roles` alone."""
    _reason(reason)
    if not basis.strip():
        raise Unmet("请写明法律依据", "basis")
    if not _holds(user, policy.duties.exempt_roles):
        raise Unmet("您的角色不能批准免予履行", "by")
    with transaction.atomic():
        event = _locked(event_id)
        ob = _running(event, duty)
        ob.exempt_reason, ob.exempt_basis = reason.strip()[:500], basis.strip()[:300]
        ob.exempt_at, ob.exempt_by, ob.paused_at = now, user, None
        ob.save(update_fields=["exempt_reason", "exempt_basis", "exempt_at", "exempt_by", "paused_at"])
        _silence([ob], now)
        _tell(event, f"{duty}免予履行", Changes(), policy, now, held)
        _recorded(user, "clock.exempted", event, now, reason, duty=duty, basis=basis[:200])
    return event


def pause(event_id: int, duty: str, user: User, reason: str, now: datetime) -> Event:
    """Stop a clock that no law sets, with a reason; its deadline moves by the pause when it is resumed."""
    _reason(reason)
    with transaction.atomic():
        event = _locked(event_id)
        ob = _running(event, duty)
        if engine.duty_of(ob.rule).statutory:
            raise Unmet(f"{duty} 是法定时限，不能暂停", "duty")
        if ob.paused_at:
            raise Unmet(f"{duty} 已经暂停", "duty")
        ob.paused_at, ob.pause_reason = now, reason.strip()[:500]
        ob.save(update_fields=["paused_at", "pause_reason"])
        outbox.stand_down_obligations([ob.id], now)
        _recorded(user, "clock.paused", event, now, reason, duty=duty)
    return event


def resume(event_id: int, duty: str, user: User, policy: Policy, now: datetime, held: bool = False) -> Event:
    """Go on with a paused clock: a new revision, its deadline later by the pause."""
    with transaction.atomic():
        event = _locked(event_id)
        ob = _running(event, duty)
        if not ob.paused_at:
            raise Unmet(f"{duty} 没有暂停", "duty")
        rule, changes = engine.duty_of(ob.rule), Changes(superseded=[ob])
        clock = revisions.resume(owing.clock_of(ob), rule, now, policy.duties.calendar)
        owing.revise(changes, event, duty, clock, now, made_by="resumed")
        owing.write([changes], now)
        _tell(event, f"{duty}恢复计时", changes, policy, now, held)
        _recorded(user, "clock.resumed", event, now, ob.pause_reason, duty=duty)
    return event


def rule_on_answer(
    event_id: int, owed: bool, user: User, reason: str, policy: Policy, now: datetime, held: bool = False
) -> Event:
    """Open or drop K3 by an officer's judgement, with a reason; it stands whatever is posted later (design.md §6)."""
    _reason(reason)
    with transaction.atomic():
        event = _locked(event_id)
        event.answer_ruling, event.answer_ruling_reason = "open" if owed else "drop", reason.strip()[:250]
        changes = owing.reconcile(event, owing.current(event), policy.duties, now, late=True)
        event.owes_reason = changes.reason[:300]
        event.save()
        if owed and not changes and not any(ob.rule["met_by"] == "answer" for ob in owing.current(event)):
            raise Unmet(f"按现有等级和属地不适用回应时限：{changes.reason}", "event")
        for ob in changes.superseded:
            ob.superseded_for = "dropped"
        owing.write([changes], now)
        _tell(event, "应予回应" if owed else "不需回应", changes, policy, now, held)
        _recorded(user, "answer.ruled", event, now, reason, owed=owed)
    return event


def close(event_id: int, user: User, reason: str, policy: Policy, now: datetime) -> Event:
    """End the event. A statutory clock that can still be met is never stopped by it; a missed one only by a leader.

    What was missed stays missed in every report; clocks of our own (K4) end here.
    """
    _reason(reason)
    with transaction.atomic():
        event = _locked(event_id)
        running = [ob for ob in owing.current(event) if not ob.closed]
        statutory = [ob for ob in running if engine.duty_of(ob.rule).statutory]
        if could := [ob.duty for ob in statutory if standing_of(ob, now) != engine.MISSED]:
            raise Unmet(f"{'、'.join(could)} 尚在时限内，须先发布或批准免予履行", "event")
        if statutory and not _holds(user, LEADERS):
            raise Unmet(f"{'、'.join(ob.duty for ob in statutory)} 已超时未履行，须由新闻中心主任或局领导结案", "by")
        own = [ob for ob in running if ob not in statutory]
        for ob in own:
            ob.superseded_for = "closed"
        owing.write([Changes(superseded=own)], now)
        _silence(statutory, now)
        event.closed_at, event.closed_by, event.close_reason = now, user, reason.strip()[:500]
        event.save()
        outbox.stand_down_event(event.pk, now)
        _recorded(user, "event.closed", event, now, reason, unmet=[ob.duty for ob in statutory])
    return event


def reopen(event_id: int, user: User, reason: str, policy: Policy, now: datetime, held: bool = False) -> Event:
    """Take a closing back: what was never met runs on from its own start, the next release is owed again."""
    _reason(reason)
    with transaction.atomic():
        event = _locked(event_id, closed=True)
        event.closed_at, event.closed_by, event.close_reason, event.reopened_at = None, None, "", now
        event.save()
        changes = Changes()
        for ob in owing.current(event):
            if not ob.closed:
                changes.superseded.append(ob)
                owing.revise(changes, event, ob.duty, owing.clock_of(ob), now, made_by="reopen")
        owing.write([changes], now)
        rest = owing.reconcile(event, owing.current(event), policy.duties, now, late=True)
        owing.write([rest], now)
        changes.extend(rest)
        releases = settling.published_for(event.pk)
        if releases:
            owing.continue_from(releases[-1], policy, now)
        event.save()
        _tell(event, "事件重新打开", changes, policy, now, held)
        _recorded(user, "event.reopened", event, now, reason)
    return event


def _locked(event_id: int, *, closed: bool = False) -> Event:
    """The event as one writer sees it, open (or closed) as the act needs it."""
    event = Event.objects.select_for_update().filter(pk=event_id).first()
    if event is None:
        raise Unmet(f"没有编号为 {event_id} 的事件", "event")
    if event.merged_into_id:
        raise Unmet(f"事件已并入 #{event.merged_into_id}，请在那里办理", "event")
    if closed and not event.closed_at:
        raise Unmet("事件未结，无需重新打开", "event")
    if event.closed_at and not closed:
        raise Unmet("事件已结，请先重新打开", "event")
    return event


def _running(event: Event, duty: str) -> Obligation:
    found = next((ob for ob in owing.current(event) if ob.duty == duty), None)
    if found is None:
        raise Unmet(f"本事件没有应办事项 {duty}", "duty")
    if found.closed:
        raise Unmet(f"{duty} 已办结或免予履行", "duty")
    return found


def _reason(reason: str) -> None:
    if not reason.strip():
        raise Unmet("请写明理由", "reason")


def _holds(user: User, roles: tuple[str, ...]) -> bool:
    return user.groups.filter(name__in=roles).exists()


def _silence(obligations: list[Obligation], now: datetime) -> None:
    ids = [ob.id for ob in obligations]
    Milestone.objects.filter(obligation_id__in=ids, fired_at__isnull=True).update(superseded_at=now)
    outbox.stand_down_obligations(ids, now)


def _tell(event: Event, why: str, changes: Changes, policy: Policy, now: datetime, held: bool) -> None:
    """One notice of what now runs, in place of the earlier ones."""
    telling.replace_earlier(event.pk, now)
    plans = telling.regrouped(event, why, owing.current(event), changes, policy, now)
    outbox.write(plans, now, replay=held)


def _recorded(user: User, action: str, event: Event, now: datetime, reason: str, **data: object) -> None:
    audit.record(user.username, action, f"event:{event.pk}", now, reason=reason[:200], **data)


def _clocks(event_id: int, now: datetime) -> dict[str, str]:
    rows = Obligation.objects.filter(event_id=event_id, superseded_at__isnull=True)
    return {
        ob.duty: f"{STANDING_WORDS[standing_of(ob, now)]}，{moment(ob.starts_at)} 起，{moment(ob.due_at)} 截止" for ob in rows
    }


def _alerts(event_id: int) -> dict[str, bool]:
    """Key -> still waiting for somebody."""
    rows = Alert.objects.filter(event_id=event_id).values_list("key", "acked_at", "stood_down_at")
    return {key: acked is None and down is None for key, acked, down in rows}
