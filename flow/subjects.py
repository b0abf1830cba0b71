"""Obligations of what is no event: a letter, a unit's quarter. Opened and settled by name, watched like any other.

A subject is a text of its kind and key: "letter:12", "unit:办公室:2026Q4". All raise sla.engine.Unmet when refused.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from alerts import outbox
from flow import audit
from flow.policy import Policy
from sla import calendar, engine
from sla.calendar import UnknownYear, day_of
from sla.engine import Duty, Unmet
from sla.models import Appearance, Milestone, Obligation, Release

LONGEST_SUBJECT = 80


def open_obligation(
    subject: str, title: str, code: str, starts_at: datetime, policy: Policy, now: datetime, by: str = "engine"
) -> Obligation:
    """The duty `code` is owed by `subject` from `starts_at` on. The same again is the one that stands."""
    duty = _duty(code, policy)
    if duty.subject == "event":
        raise Unmet(f"{code} 是事件的职责，随事件等级产生", "duty")
    if not subject.startswith(f"{duty.subject}:") or len(subject) > LONGEST_SUBJECT:
        raise Unmet(f"{code} 的对象须写成 {duty.subject}:编号，不超过 {LONGEST_SUBJECT} 字", "subject")
    if starts_at > now:
        raise Unmet("起算时间晚于当前时间", "starts_at")
    known = Obligation.objects.filter(subject=subject, duty=code, superseded_at=None).first()
    if known:
        return known
    try:
        due_at = engine.due_of(duty, starts_at, policy.duties.calendar)
    except UnknownYear as e:
        raise Unmet(str(e), "starts_at") from e
    return _write(duty, subject, title, starts_at, due_at, now, by)


def settle(subject: str, code: str, note: str, at: datetime, user: User, now: datetime) -> Obligation:
    """Done at `at`, as `note` says (a reply's number, a report's file): a person answers for it."""
    if not note.strip():
        raise Unmet("请写明凭据（文号、报告、记录）", "note")
    if at > now:
        raise Unmet("办结时间晚于当前时间", "at")
    with transaction.atomic():
        ob = _locked(subject, code)
        if at < ob.starts_at:
            raise Unmet("办结时间早于起算时间", "at")
        _settle(ob, note, at, now)
        audit.record(user.username, "duty.settled", f"obligation:{ob.id}", now, duty=code, of=subject)
    return ob


def extend(subject: str, code: str, days: int, user: User, reason: str, now: datetime) -> Obligation:
    """A complex matter gets up to 30 more days, once, by approval (信访工作条例): a new revision, the first deadline kept."""
    if not reason.strip():
        raise Unmet("请写明延长理由", "reason")
    if not 1 <= days <= 30:
        raise Unmet("延长不超过 30 日", "days")
    with transaction.atomic():
        ob = _locked(subject, code)
        duty = engine.duty_of(ob.rule)
        if duty.subject != "letter" or not duty.days:
            raise Unmet(f"{code} 不能延长", "duty")
        if ob.made_by == "extended":
            raise Unmet("已延长过一次", "days")
        _supersede(ob, "extended", now)
        made = _write(
            duty, subject, ob.subject_title, ob.starts_at, ob.due_at + timedelta(days=days), now, user.username,
            rev=ob.rev + 1, original=ob.original_due_at, made_by="extended",
        )  # fmt: skip
        audit.record(user.username, "duty.extended", f"obligation:{made.id}", now, days=days, reason=reason[:200])
    return made


def open_periods(policy: Policy, now: datetime) -> int:
    """The quarter's, half-year's or year's duty of every unit that owes one; how many are new."""
    wanted: dict[tuple[str, str], tuple[Duty, str, date, date]] = {}
    for duty in policy.duties.duties:
        if duty.every and duty.units:
            name, first, last = calendar.period_of(day_of(now), duty.every)
            for unit in duty.units:
                subject = f"unit:{unit}:{name}"
                wanted[duty.code, subject] = (duty, f"{unit} {name}", first, last)
    if not wanted:
        return 0
    subjects = {subject for _, subject in wanted}
    known = set(Obligation.objects.filter(subject__in=subjects).values_list("duty", "subject"))
    new = 0
    for key in wanted.keys() - known:
        duty, title, first, last = wanted[key]
        due_at = _period_due(duty, last, policy)
        try:
            _write(duty, key[1], title, calendar.start_of(first), due_at, now, "engine")
            new += 1
        except IntegrityError:
            continue  # another process was first
    return new


def _period_due(duty: Duty, last: date, policy: Policy) -> datetime:
    """24:00 of the period's last day, or so many (working) days after it."""
    end = calendar.end_of(last) - timedelta(microseconds=1)
    if not (duty.days or duty.working_days):
        return end + timedelta(microseconds=1)
    return engine.due_of(duty, end, policy.duties.calendar.weekdays_only(day_of(end + timedelta(days=370))))


def appear(
    unit: str, name: str, post: str, form: str, at: datetime, policy: Policy, user: User, now: datetime,
    note: str = "", release: Release | None = None,
) -> Appearance:  # fmt: skip
    """Record that a head or deputy stood before the press; it settles the unit's duty of that period."""
    if not unit.strip() or not name.strip():
        raise Unmet("请写明单位和姓名", "unit" if not unit.strip() else "name")
    if post not in Appearance.Post.values:
        raise Unmet("职务须为 head（主要负责同志）或 deputy（相关负责人）", "post")
    if form not in Appearance.Form.values:
        raise Unmet("形式须为 conference（新闻发布会）或 interview（接受采访）", "form")
    if at > now:
        raise Unmet("时间晚于当前时间", "at")
    with transaction.atomic():
        made, fresh = Appearance.objects.get_or_create(
            unit=unit.strip()[:60], name=name.strip()[:100], form=form, at=at,
            defaults={"post": post, "note": note[:300], "release": release, "recorded_by": user, "recorded_at": now},
        )  # fmt: skip
        if fresh:
            audit.record(user.username, "appearance.recorded", f"appearance:{made.pk}", now, post=post, form=form)
        _count(made, policy, now)
    return made


def appeared_at(release: Release, unit: str, post: str, policy: Policy, user: User, now: datetime) -> None:
    """A conference counts for its speaker, where the unit and the post were given."""
    if unit or post:
        assert release.published_at
        appear(unit, release.speaker, post, "conference", release.published_at, policy, user, now, release=release)


def _count(appearance: Appearance, policy: Policy, now: datetime) -> None:
    for duty in policy.duties.duties:
        if duty.post == appearance.post and duty.every:
            name, _, _ = calendar.period_of(day_of(appearance.at), duty.every)
            owed = Obligation.objects.select_for_update().filter(
                subject=f"unit:{appearance.unit}:{name}", duty=duty.code, superseded_at=None, settled_at=None
            )
            for ob in owed:
                form = Appearance.Form(appearance.form).label
                _settle(ob, f"{appearance.name} {form}（记录 {appearance.pk}）", appearance.at, now)


def _duty(code: str, policy: Policy) -> Duty:
    duty = policy.duties.by_code(code)
    if duty is None:
        raise Unmet(f"没有职责 {code}（见 duties.toml）", "duty")
    return duty


def _locked(subject: str, code: str) -> Obligation:
    ob = (
        Obligation.objects.select_for_update()
        .filter(subject=subject, duty=code, superseded_at=None, settled_at=None, exempt_reason="")
        .exclude(subject="")
        .first()
    )
    if ob is None:
        raise Unmet(f"{subject} 没有未办结的 {code}", "subject")
    return ob


def _settle(ob: Obligation, note: str, at: datetime, now: datetime) -> None:
    ob.settled_at, ob.settled_note, ob.paused_at = at, note[:500], None
    ob.save(update_fields=["settled_at", "settled_note", "paused_at"])
    Milestone.objects.filter(obligation=ob, fired_at__isnull=True).update(superseded_at=now)
    outbox.stand_down_obligations([ob.id], now)


def _supersede(ob: Obligation, why: str, now: datetime) -> None:
    ob.superseded_at, ob.superseded_for = now, why
    ob.save(update_fields=["superseded_at", "superseded_for"])
    Milestone.objects.filter(obligation=ob, fired_at__isnull=True).update(superseded_at=now)
    outbox.stand_down_obligations([ob.id], now)


def _write(
    duty: Duty, subject: str, title: str, starts_at: datetime, due_at: datetime, now: datetime, by: str, *,
    rev: int = 1, original: datetime | None = None, made_by: str = "",
) -> Obligation:  # fmt: skip
    with transaction.atomic():
        ob = Obligation.objects.create(
            subject=subject, subject_title=title[:200], duty=duty.code, rev=rev, rule=duty.rule(), starts_at=starts_at,
            start_basis="manual", due_at=due_at, original_due_at=original or due_at, created_at=now, made_by=made_by,
        )  # fmt: skip
        rows = engine.schedule(duty, due_at, now)
        Milestone.objects.bulk_create(Milestone(obligation=ob, code=code, at=at) for code, at, _ in rows)
        audit.record(by, "duty.opened", f"obligation:{ob.id}", now, duty=duty.code, of=subject)
    return ob
