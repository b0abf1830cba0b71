"""Rows that alert and delivery tests start from."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction

from alerts import outbox
from alerts.escalation import Ladder, Plan, first_steps, next_step, rule_for
from alerts.messages import Message
from alerts.models import Alert, Delivery, Shift
from alerts.roster import on_duty
from analysis.models import Event
from sla.models import Milestone, Obligation
from tests.alerts.ladders import at

WORDS = Message("【重大·暂按】某厂房火灾", "等级：重大。")


def event() -> Event:
    return Event.objects.create(
        title="某厂房火灾",
        type="T04",
        grade="重大",
        jurisdiction="ours",
        t_detected=at("09:00"),
        last_post_at=at("09:00"),
    )


def obligation(of: Event, duty: str = "K1") -> Obligation:
    return Obligation.objects.create(
        event=of, duty=duty, rule={"name": "发布权威信息"}, starts_at=at("09:00"), start_basis="t_detected",
        due_at=at("14:00"), original_due_at=at("14:00"), created_at=at("09:00"),
    )  # fmt: skip


def milestone(of: Obligation, code: str = "near-1", clock: str = "12:00") -> Milestone:
    return Milestone.objects.create(obligation=of, code=code, at=at(clock))


def shift(name: str, role: str, starts: datetime, hours: float = 12) -> User:
    user, _ = User.objects.get_or_create(username=name)
    Shift.objects.create(user=user, role=role, starts_at=starts, ends_at=starts + timedelta(hours=hours))
    return user


def tell(
    ladder: Ladder,
    clock: str = "10:00",
    *,
    cause: str = "event:0:opened:1",
    kind: str = "opened",
    grade: str | None = "重大",
    replay: bool = False,
    **about: int,
) -> list[Alert]:
    """Write the first steps of a cause; the alerts that tell of it, lowest level first."""
    moment = at(clock)
    plans = first_steps(
        cause, kind, WORDS, grade=grade, at=moment, ladder=ladder, on_duty=on_duty(moment), **about
    )
    write(plans, clock, replay=replay)
    return list(Alert.objects.filter(cause=cause).order_by("level"))


def escalate(alert: Alert, ladder: Ladder, clock: str) -> Alert:
    moment = at(clock)
    rule = rule_for(alert.kind, alert.grade, ladder)
    write(next_step(outbox.step_of(alert), rule, ladder, on_duty(moment), moment), clock)
    return Alert.objects.filter(cause=alert.cause).latest("id")


def write(plans: list[Plan], clock: str = "10:00", *, replay: bool = False) -> tuple[int, int]:
    with transaction.atomic():
        return outbox.write(plans, at(clock), replay=replay)


def network(alert: Alert) -> Delivery:
    """The alert's one delivery that is not the console's."""
    return alert.deliveries.exclude(channel="console").get()
