"""Merging, splitting and moving by a person, each with its undoing; and what the machine must not do again after it.

Decided on values first, then written in one transaction with the clocks (flow.owing) and the audit entry. All raise
sla.engine.Unmet(error, field) when they are refused; nothing is written then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from analysis import facts as figures
from analysis.models import Event, Grading, Reading
from analysis.reading import Verdict
from archive.models import Change
from flow import audit, owing, warmth
from flow.affair import ENGINE_FIELDS, Affair
from flow.models import MergeProposal, Regroup
from flow.policy import Policy
from sla.engine import Unmet

CHUNK = 400  # ids in one statement


@dataclass(frozen=True, kw_only=True)
class Act:
    """Who asks, why, and when; `held` keeps messages from the network channels in a replay."""

    user: User | None  # None: the engine's own repair
    reason: str
    policy: Policy
    now: datetime
    held: bool = False


def merge(into_id: int, gone_id: int, act: Act) -> Regroup:
    """Make one event of two: the posts of `gone` join `into`, which keeps its number."""
    into, gone = _standing(into_id, "into"), _standing(gone_id, "gone")
    if into.pk == gone.pk:
        raise Unmet("一个事件不能与自己合并", "gone")
    _reasoned(act)
    theirs = _readings(gone)
    row = _row(Regroup.Kind.MERGE, gone, into, theirs, act)
    counted = recount(into, [*_readings(into), *theirs], act)
    if gone.opened_by_id and not into.opened_by_id:
        into.t_event, into.t_event_quote = gone.t_event, gone.t_event_quote
    gone.merged_into = into
    with transaction.atomic():
        _locked([into, gone])
        _give(theirs, into)
        _save(into, counted)
        gone.save(update_fields=["merged_into"])
        row.save()
        _settle_proposals(into, gone, act, MergeProposal.State.ACCEPTED)
        owing.on_merge(into, gone, act.policy, act.now, act.held)
        _record(row, act, "event.merged")
    return row


def split(event_id: int, post_ids: Iterable[int], act: Act, title: str = "") -> Regroup:
    """Take posts (with the copies of each) out of an event and open another with them."""
    old = _standing(event_id, "event")
    _reasoned(act)
    chosen, rest = _chosen(old, post_ids)
    first = chosen[0]
    new = Event(
        title=title.strip()[:200] or old.title, type=first.type or old.type, jurisdiction=first.jurisdiction,
        t_detected=min(max(r.post.published_at, min(r.post.received_at, act.now)) for r in chosen),
        last_post_at=first.post.published_at, named_by=act.user if title.strip() else None,
        reasons=[f"人工拆分：自事件 {old.pk}，{act.reason}"],
    )  # fmt: skip
    row = _row(Regroup.Kind.SPLIT, old, old, chosen, act)
    counted_old, counted_new = recount(old, rest, act), recount(new, chosen, act)
    with transaction.atomic():
        _locked([old])
        new.save()
        _give(chosen, new)
        _save(old, counted_old)
        _save(new, counted_new)
        row.into = new
        row.save()
        owing.on_split(old, new, act.policy, act.now, act.held)
        _record(row, act, "event.split")
    return row


def move(event_id: int, post_ids: Iterable[int], into_id: int, act: Act) -> Regroup:
    """Give posts (with the copies of each) of one event to another."""
    old, into = _standing(event_id, "event"), _standing(into_id, "into")
    if old.pk == into.pk:
        raise Unmet("信息已经在这个事件里", "into")
    _reasoned(act)
    chosen, rest = _chosen(old, post_ids)
    row = _row(Regroup.Kind.MOVE, old, into, chosen, act)
    _shift(old, into, chosen, rest, [*_readings(into), *chosen], row, act, "event.posts_moved")
    return row


def undo(regroup_id: int, act: Act) -> Regroup:
    """Take a merge, split or move back. Later ones of the same events must be taken back first."""
    row = Regroup.objects.select_related("into", "out_of").filter(pk=regroup_id).first()
    if row is None:
        raise Unmet(f"没有编号为 {regroup_id} 的归并调整", "regroup")
    if row.undone_at:
        raise Unmet("这一步已经撤销", "regroup")
    pair = [row.into_id, row.out_of_id]
    later = Regroup.objects.filter(Q(into__in=pair) | Q(out_of__in=pair), pk__gt=row.pk, undone_at=None).first()
    if later is not None:
        raise Unmet(f"其后还有一步 {later.pk} 涉及同一事件，请先撤销它", "regroup")
    _reasoned(act)
    row.undone_at, row.undone_by = act.now, act.user
    {"merge": _unmerge, "split": _unsplit, "move": _unmove}[row.kind](row, act)
    return row


def _unmerge(row: Regroup, act: Act) -> None:
    into, gone = row.into, row.out_of
    ids = set(row.posts)
    back = [r for r in _readings(into) if r.post_id in ids]
    rest = [r for r in _readings(into) if r.post_id not in ids]
    gone.merged_into = None
    _grade_back(into, row.before.get("into", {}))
    counted_into = recount(into, rest, act, keep_grade=True)
    counted_gone = recount(gone, back, act, keep_grade=True)
    with transaction.atomic():
        _locked([into, gone])
        _give(back, gone)
        _save(into, counted_into)
        _save(gone, counted_gone)
        gone.save(update_fields=["merged_into"])
        row.save()
        owing.on_unmerge(into, gone, act.policy, act.now, act.held)
        _settle_proposals(into, gone, act, MergeProposal.State.DECLINED)
        _record(row, act, "event.merge_undone")


def _unsplit(row: Regroup, act: Act) -> None:
    """Whatever has joined the new event since goes back with it."""
    new, old = row.into, row.out_of
    theirs = _readings(new)
    counted = recount(old, [*_readings(old), *theirs], act)
    new.merged_into = old
    with transaction.atomic():
        _locked([old, new])
        _give(theirs, old)
        _save(old, counted)
        new.save(update_fields=["merged_into"])
        row.save()
        owing.on_merge(old, new, act.policy, act.now, act.held)
        _record(row, act, "event.split_undone")


def _unmove(row: Regroup, act: Act) -> None:
    into, old, ids = row.into, row.out_of, set(row.posts)
    back = [r for r in _readings(into) if r.post_id in ids]
    rest = [r for r in _readings(into) if r.post_id not in ids]
    _shift(into, old, back, rest, [*_readings(old), *back], row, act, "event.move_undone")


def _shift(
    old: Event, into: Event, chosen: Sequence[Reading], rest: Sequence[Reading], joined: Sequence[Reading],
    row: Regroup, act: Act, action: str,
) -> None:  # fmt: skip
    counted_old, counted_into = recount(old, rest, act), recount(into, joined, act)
    with transaction.atomic():
        _locked([old, into])
        _give(chosen, into)
        _save(old, counted_old)
        _save(into, counted_into)
        row.save()
        owing.on_split(old, into, act.policy, act.now, act.held)
        _record(row, act, action)


def recount(event: Event, readings: Sequence[Reading], act: Act, *, keep_grade: bool = False) -> Affair:
    """Let these readings, and no others, speak for the event: counts, facts, times, place, title, heat, grade.

    The grade is only ever raised here: lowering it is for two people (design.md §6), and the page says what the
    remaining posts would give.
    """
    event.posts = event.folds = 0
    event.facts, event.heat_parts, event.entities = {}, {}, []
    if event.opened_by_id is None:
        event.t_event, event.t_event_quote = None, ""
    ordered = sorted(readings, key=lambda r: (r.post.published_at, r.post_id))
    if ordered:
        event.t_first_post, event.last_post_at = ordered[0].post.published_at, ordered[-1].post.published_at
    affair = Affair(event, before=(event.grade, event.provisional))
    for reading in ordered:
        affair.add(reading.post, verdict_of(reading), reading.fold_id or 0, act.policy.edition, act.now)
        event.entities = sorted({*event.entities, *reading.places, *reading.units})[:30]
    if keep_grade:
        event.grade, event.provisional = affair.before or (None, True)
        affair.changed_grade = None
    return affair


def verdict_of(reading: Reading) -> Verdict:
    """What was read of a post, as its row keeps it."""
    return Verdict(
        tier=reading.tier, score=reading.score, reasons=tuple(reading.reasons), jurisdiction=reading.jurisdiction,
        jurisdiction_reasons=tuple(reading.jurisdiction_reasons), type=reading.type, stance=reading.stance or "report",
        happened=reading.grade is not None, facts=figures.from_json(reading.facts), places=tuple(reading.places),
        units=tuple(reading.units), text_hash=reading.text_hash, version=reading.version,
    )  # fmt: skip


def decline(proposal_id: int, user: User, now: datetime) -> MergeProposal:
    """These two are not one affair: not proposed again."""
    proposal = MergeProposal.objects.filter(pk=proposal_id).first()
    if proposal is None or proposal.state != MergeProposal.State.OPEN:
        raise Unmet("没有这条待定的合并建议", "proposal")
    proposal.state, proposal.decided_at, proposal.decided_by = MergeProposal.State.DECLINED, now, user
    with transaction.atomic():
        proposal.save()
        pair = {"into": proposal.into_id, "gone": proposal.gone_id}
        audit.record(user.username, "merge.declined", f"proposal:{proposal.pk}", now, **pair)
    return proposal


def _standing(event_id: int, field: str) -> Event:
    event = Event.objects.filter(pk=event_id).first()
    if event is None:
        raise Unmet(f"没有编号为 {event_id} 的事件", field)
    if event.merged_into_id:
        raise Unmet(f"事件 {event_id} 已并入事件 {event.merged_into_id}", field)
    if event.closed_at:
        raise Unmet(f"事件 {event_id} 已结案，须先恢复", field)
    return event


def _reasoned(act: Act) -> None:
    if not act.reason.strip():
        raise Unmet("请写明理由", "reason")


def _readings(event: Event) -> list[Reading]:
    return list(Reading.objects.filter(event=event).select_related("post").order_by("post__published_at", "post_id"))


def _chosen(old: Event, post_ids: Iterable[int]) -> tuple[list[Reading], list[Reading]]:
    """The event's readings in two: those of the posts named and their copies, and the rest."""
    wanted, readings = set(post_ids), _readings(old)
    missing = wanted - {r.post_id for r in readings}
    if not wanted or missing:
        raise Unmet(f"信息 {min(missing)} 不在事件 {old.pk} 中" if missing else "请选择要移出的信息", "posts")
    folds = {r.fold_id for r in readings if r.post_id in wanted}
    chosen = [r for r in readings if r.post_id in wanted or (r.fold_id is not None and r.fold_id in folds)]
    taken = {r.post_id for r in chosen}
    rest = [r for r in readings if r.post_id not in taken]
    if not rest:
        raise Unmet("不能移出全部信息；两件事其实是一件时请用合并", "posts")
    return chosen, rest


def _row(kind: str, out_of: Event, into: Event, readings: Sequence[Reading], act: Act) -> Regroup:
    before = {
        name: {"grade": event.grade, "provisional": event.provisional, "title": event.title}
        for name, event in (("out_of", out_of), ("into", into))
    }
    return Regroup(
        kind=kind, at=act.now, by=act.user, reason=act.reason.strip()[:500], out_of=out_of, into=into,
        posts=[r.post_id for r in readings], before=before,
    )  # fmt: skip


def _grade_back(event: Event, before: dict[str, str | None]) -> None:
    """The grade that `event` had before the merge, unless a person has graded it since."""
    if before and event.provisional:
        event.grade, event.provisional = before["grade"], bool(before["provisional"])


def _locked(events: Sequence[Event]) -> None:
    """Hold the rows; refuse when one was merged or closed meanwhile."""
    rows = Event.objects.select_for_update().filter(pk__in=[e.pk for e in events]).order_by("pk")
    for row in rows:
        if row.closed_at:
            raise Unmet(f"事件 {row.pk} 刚刚被结案", "event")


def _give(readings: Sequence[Reading], event: Event) -> None:
    ids = [r.post_id for r in readings]
    for start in range(0, len(ids), CHUNK):
        some = ids[start : start + CHUNK]
        Reading.objects.filter(post_id__in=some).update(event=event)
        Change.objects.bulk_create(Change(post_id=i) for i in some)


def _save(event: Event, counted: Affair) -> None:
    event.save(update_fields=ENGINE_FIELDS)
    warmth.recounted(event.pk)
    if counted.changed_grade is not None:
        grading: Grading = counted.changed_grade
        grading.event = event
        grading.save()


def _settle_proposals(into: Event, gone: Event, act: Act, state: str) -> None:
    pair = Q(into=into, gone=gone) | Q(into=gone, gone=into)
    decided = {"decided_at": act.now, "decided_by": act.user}
    MergeProposal.objects.filter(pair).update(state=state, **decided)
    if state == MergeProposal.State.ACCEPTED:
        others = MergeProposal.objects.filter(Q(into=gone) | Q(gone=gone), state=MergeProposal.State.OPEN)
        others.update(state=MergeProposal.State.LAPSED, **decided)


def _record(row: Regroup, act: Act, action: str) -> None:
    actor = act.user.username if act.user else "engine"
    data = {"out_of": row.out_of_id, "into": row.into_id, "posts": len(row.posts)}
    audit.record(actor, action, f"event:{row.into_id}", act.now, regroup=row.pk, **data)
