"""What people do about an alert: acknowledge, refuse, hand on, put off, close. Each is one transaction, audited.

Every act may carry the `version` of the cause its button was made for (Escalation.version): if the cause has changed
since, the act has no effect and raises paging.Stale with what happened. Without a version (a command) it means the
cause as it now is. None of them touches a clock.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from alerts import acks, outbox, paging
from alerts.escalation import OTHER_GRADES, Plan
from alerts.ladder import rule_for, rule_json
from alerts.messages import moment
from alerts.models import Alert, Escalation, Handling
from alerts.roster import on_duty
from flow import audit, telling
from flow.models import AuditEntry
from flow.policy import Policy
from flow.retry import retried
from sla.engine import Unmet
from sla.models import Milestone, Release

Kind = Handling.Kind
LEADER_FROM = 2  # the lowest level whose people may close a matter
REFUSALS_KEPT = 60  # audit entries a minute for links and callbacks that were refused: a flood fills no table


@retried
def acknowledge(
    key: str, user: User, now: datetime, *, version: int | None = None, via: str = "console"
) -> Alert:
    """Stop the paging of this alert's cause. Never stops a clock (design.md §6). Twice is the same as once."""
    alert = _alert(key)
    with transaction.atomic():
        paging.acknowledge(alert, user, now, version=version)
        if via == "console":
            acks.read_in_console(alert, user)
        audit.record(user.username, "alert.acknowledged", f"alert:{alert.key}", now, via=via)
    return alert


@retried
def acknowledge_by_link(token: str, user: User | None, now: datetime) -> Alert:
    """The same by the one-time link of a message, with or without a log-in. Raises acks.LinkRefused."""
    with transaction.atomic():
        alert = acks.use(token, now, user)
        actor = user.username if user else "link"
        audit.record(actor, "alert.acknowledged", f"alert:{alert.key}", now, via="link")
    return alert


@retried
def refuse(
    key: str, user: User, reason: str, policy: Policy, now: datetime, *,
    version: int | None = None, held: bool = False, via: str = "console",
) -> Alert:  # fmt: skip
    """Not mine to do, and why: the next level is told at once. The newest step of the cause."""
    _need_reason(reason)
    with transaction.atomic():
        step, escalation = _running(key, policy, version)
        if step.assigned_to_id not in (None, user.pk):
            raise Unmet(f"此告警已转交 {step.assigned_to}，由其接受或拒接", "by")
        rule = paging.rule(escalation)
        if step.level >= rule.top and step.assigned_to_id is None:
            raise Unmet("已是最高一级，不能再拒接；可转交他人，或说明理由关闭", "level")
        roles = [v.role for v in rule.levels[step.level - 1 :]]
        if step.assigned_to_id is None and not user.groups.filter(name__in=roles).exists():
            raise Unmet(f"此告警已到第 {step.level} 级（{rule.level(step.level).name}），由该级处置", "by")
        why = f"{_who(user)} {moment(now)} 拒接：{reason.strip()}"
        _record(step, Kind.REFUSED, user, now, via, reason=reason)
        _follow(step, telling.next_level(step, escalation, policy, now, on_duty(now), why=why), escalation, now, held)
    return paging.head(step.cause)


@retried
def reassign(
    key: str, user: User, to: User, reason: str, policy: Policy, now: datetime, *,
    version: int | None = None, held: bool = False, via: str = "console",
) -> Alert:  # fmt: skip
    """Hand the cause to a named person, who takes it by acknowledging or refuses; in silence the next level is told."""
    _need_reason(reason)
    if not to.is_active or to.pk == user.pk:
        raise Unmet("请转交给另一位在用账号的人员", "to")
    with transaction.atomic():
        step, escalation = _running(key, policy, version, acked=True)
        if not to.groups.filter(name__in=[v.role for v in policy.ladder.levels]).exists():
            raise Unmet(f"{to.get_username()} 没有处置告警的角色", "to")
        why = f"{_who(user)} {moment(now)} 转交：{reason.strip()}"
        _record(step, Kind.REASSIGNED, user, now, via, reason=reason, to=to)
        paging.unacknowledge(step.cause)
        plans = telling.handed_to(step, escalation, to, policy, now, why=why)
        _follow(step, plans, escalation, now, held)
    return paging.head(step.cause)


@retried
def snooze(
    key: str, user: User, minutes: int, policy: Policy, now: datetime, *,
    version: int | None = None, via: str = "console",
) -> Alert:  # fmt: skip
    """Put the cause off: the same level is told again then. Capped by the rule; not past a warning, not for 重大+."""
    with transaction.atomic():
        step, escalation = _running(key, policy, version)
        until = now + timedelta(minutes=minutes)
        if refused := snooze_refused(step, escalation, until, now):
            raise Unmet(refused, "minutes")
        Alert.objects.filter(id=step.id).update(escalates_at=until)
        paging.cancel_unsent([step.id], f"已暂缓至 {moment(until)}", now)
        _record(step, Kind.SNOOZED, user, now, via, until=until)
        paging.changed(escalation, snoozed_until=until)
    step.refresh_from_db()
    return step


def snooze_refused(step: Alert, escalation: Escalation, until: datetime, now: datetime) -> str:
    """Why this cause may not be put off until then; "" when it may."""
    rule = paging.rule(escalation)
    if not rule.snooze:
        return f"{rule.grade or OTHER_GRADES}的此类告警按策略不得暂缓"
    warned = Milestone.objects.filter(
        obligation__event=step.event, obligation__settled_at=None, obligation__superseded_at=None,
        obligation__exempt_reason="", superseded_at=None,
    )  # fmt: skip
    if step.event_id and warned.filter(fired_at__isnull=False).exists():
        return "该事件的时限已进入预警，不得暂缓"
    following = warned.order_by("at").first() if step.event_id else None
    if following and until >= following.at:
        return f"最晚可暂缓至下一次预警 {moment(following.at)} 之前"
    if not now < until <= now + rule.snooze:
        return f"一次最长暂缓 {int(rule.snooze.total_seconds() // 60)} 分钟"
    if Handling.objects.filter(alert__cause=step.cause, kind=Kind.SNOOZED).count() >= rule.snoozes:
        return f"同一件事最多暂缓 {rule.snoozes} 次"
    return ""


@retried
def close(
    key: str, user: User, reason: str, policy: Policy, now: datetime, *,
    version: int | None = None, via: str = "console",
) -> Alert:  # fmt: skip
    """A leader ends the paging of this cause for good, with a reason. Its clock, if any, runs on and is told of."""
    _need_reason(reason)
    leaders = [v.role for v in policy.ladder.levels if v.n >= LEADER_FROM]
    if not user.groups.filter(name__in=leaders).exists():
        raise Unmet("关闭告警须由带班领导以上办理", "by")
    with transaction.atomic():
        step, escalation = _running(key, policy, version, acked=True)
        _record(step, Kind.CLOSED, user, now, via, reason=reason)
        paging.changed(escalation, closed_at=now)
        outbox.close_cause(step.cause, now)
    step.refresh_from_db()
    return step


@retried
def reapply(
    key: str, user: User, policy: Policy, now: datetime, *, version: int | None = None, via: str = "console"
) -> Alert:
    """Let the later steps of this cause follow the policy file as it now is; until then they follow their copy."""
    with transaction.atomic():
        step, escalation = _running(key, policy, version, acked=True)
        rule = rule_for(step.kind, step.grade, policy.ladder)
        if rule.top < step.level:
            raise Unmet(f"现行策略只到第 {rule.top} 级，此告警已到第 {step.level} 级", "policy")
        before = paging.rule(escalation).edition
        delay = rule.delay_after(step.level)
        if step.acked_at is None and escalation.snoozed_until is None and delay:
            Alert.objects.filter(id=step.id).update(escalates_at=step.raised_at + delay)
        _record(step, Kind.REAPPLIED, user, now, via, reason=f"{before} → {rule.edition}")
        paging.changed(escalation, rule=rule_json(rule))
    step.refresh_from_db()
    return step


def done_since(step: Alert, since: datetime, until: datetime) -> bool:
    """Whether anybody did anything for the affair in this time: its release, grade, clocks … as the audit trail has it."""
    subjects = [":".join(step.cause.split(":")[:2])]
    if step.event_id:
        releases = Release.objects.filter(event_id=step.event_id).values_list("id", flat=True)
        subjects = [f"event:{step.event_id}", *(f"release:{i}" for i in releases)]
    acts = AuditEntry.objects.filter(subject__in=subjects, at__gte=since, at__lte=until)
    return acts.exclude(Q(actor="engine") | Q(action__startswith="alert.")).exists()


def refused_from_outside(code: str, what: str, now: datetime, alert: Alert | None = None) -> None:
    """Audit a link or callback that was refused (forged, replayed, expired, foreign …); the token only as a hash."""
    recent = AuditEntry.objects.filter(action="alert.answer_refused", at__gt=now - timedelta(minutes=1))
    if recent.count() >= REFUSALS_KEPT:
        return
    subject = f"alert:{alert.key}" if alert else "alert:-"
    digest = hashlib.sha256(what.encode()).hexdigest()[:16]
    audit.record("outside", "alert.answer_refused", subject[:120], now, code=code, token=digest)


def _alert(key: str) -> Alert:
    alert = Alert.objects.filter(key=key).first()
    if alert is None:
        raise Unmet(f"没有编号为 {key} 的告警", "key")
    return alert


def _running(key: str, policy: Policy, version: int | None, *, acked: bool = False) -> tuple[Alert, Escalation]:
    """The newest step of the cause and its escalation, locked; Unmet when nothing is left to handle."""
    alert = _alert(key)
    escalation = paging.opened(alert, policy.ladder)
    paging.refuse_stale(escalation, alert, version)
    step = paging.head(alert.cause)
    if step.stood_down_at or escalation.closed_at:
        raise Unmet("此事项已办结或关闭，无需再处置", "key")
    if not paging.rule(escalation).escalates:
        raise Unmet("这是通知，无需处置", "key")
    if step.acked_at and not acked:
        raise Unmet(f"此前已由 {step.acked_by or '消息链接'} 确认", "key")
    return step, escalation


def _follow(step: Alert, plans: list[Plan], escalation: Escalation, now: datetime, held: bool) -> None:
    """`step` ends here; what follows it is written, and earlier buttons are stale."""
    paging.replaced(step, now)
    paging.cancel_unsent([step.id], "已另行告知", now)
    Escalation.objects.filter(id=escalation.id).update(ack_ends_at=None, snoozed_until=None)
    outbox.write(plans, now, replay=held)


def _record(
    step: Alert, kind: Kind, user: User, now: datetime, via: str, *,
    reason: str = "", to: User | None = None, until: datetime | None = None,
) -> None:  # fmt: skip
    Handling.objects.create(alert=step, kind=kind, at=now, by=user, to=to, reason=reason.strip()[:300], until=until)
    people = {"to": to.get_username()} if to else {}
    audit.record(user.username, f"alert.{kind}", f"alert:{step.key}", now, via=via, **people)


def _need_reason(reason: str) -> None:
    if not reason.strip():
        raise Unmet("请写明理由", "reason")


def _who(user: User) -> str:
    return user.get_full_name() or user.get_username()
