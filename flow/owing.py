"""From what an event is to the obligations it carries: compared with what stands, then changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from alerts import outbox
from analysis.models import Event
from flow import audit, settling, telling
from flow.changes import Changes
from flow.policy import Policy
from sla import engine, revisions
from sla.authority import gate
from sla.engine import GRADES
from sla.models import Milestone, Obligation, Release
from sla.policy import Duties
from sla.revisions import Clock

CLOCK_FIELDS = [f.name for f in fields(Clock)]


def facts_of(event: Event) -> engine.EventFacts:
    return engine.EventFacts(
        grade=event.grade,
        jurisdiction=event.jurisdiction,
        answer_owed=event.answer_owed,
        answer_reason=event.owes_reason if event.owes_reason.endswith("应予回应") else "",
        t_event=event.t_event,
        t_first_post=event.t_first_post,
        t_detected=event.t_detected,
        ruling=event.answer_ruling,
        ruling_reason=event.answer_ruling_reason,
    )


def authorities_of(event: Event, duties: Duties) -> list[dict[str, str]]:
    """Who must release what is said of this event, or agree first; asked before K1 is owed (domain.md §2.2)."""
    texts = [event.title, event.knowledge, *event.terms, *event.entities]
    return [asdict(h) for h in gate(event.type, event.facts.get("flags") or (), texts, duties.authorities)]


def current(event: Event) -> list[Obligation]:
    """The event's obligations of the newest revision: what it owes, has met, or is exempt from.

    Inside a transaction they are locked: nobody settles one that is being revised.
    """
    rows = Obligation.objects.filter(event=event, superseded_at__isnull=True).order_by("duty")
    return list(rows.select_for_update() if transaction.get_connection().in_atomic_block else rows)


def clock_of(ob: Obligation) -> Clock:
    return Clock(**{name: getattr(ob, name) for name in CLOCK_FIELDS})


def reconcile(
    event: Event, standing: Iterable[Obligation], duties: Duties, now: datetime, *, late: bool = False
) -> Changes:
    """What to open and what to supersede so that `event` owes exactly what its facts say.

    `standing` are the event's obligations of the newest revision (not superseded). A settled or exempt one stays
    as it is; an earlier start found later makes a new revision that keeps `original_due_at` (design.md §6).
    `late`: the event was known before, so releases already published are offered first, and whatever is then
    behind a new clock is told by the caller's one notice (`Changes.urgent`), not by a flood of milestones.
    """
    event.release_authority = authorities_of(event, duties)
    held = {ob.duty: ob for ob in standing}
    wanted, reason = engine.owed(facts_of(event), duties.duties, duties.max_event_age)
    changes = Changes(reason=reason)
    for owed in wanted:
        old = held.pop(owed.duty.code, None)
        clock = Clock(
            rule=owed.duty.rule(), starts_at=owed.starts_at, start_basis=owed.start_basis, due_at=owed.due_at,
            original_due_at=owed.due_at,
        )  # fmt: skip
        if old is None:
            revise(changes, event, owed.duty.code, clock, now, late=late)
        elif not old.closed and old.start_basis != "manual" and owed.starts_at < old.starts_at:
            changes.superseded.append(old)
            revise(changes, event, owed.duty.code, clock, now, late=late, made_by="start")
    changes.superseded += [ob for ob in held.values() if not ob.closed and not _goes_on(event, ob)]
    return changes


def _goes_on(event: Event, ob: Obligation) -> bool:
    """Continuing release is owed because something was released, whatever the grade became since."""
    return ob.rule["met_by"] == "continuing" and event.jurisdiction != "elsewhere"


def continue_from(release: Release, policy: Policy, now: datetime) -> None:
    """K4: from this release on the next one is owed, until the event is closed. It settles the reminder before it."""
    event = release.event
    duty = next((d for d in policy.duties.duties if d.met_by == "continuing"), None)
    if duty is None or (event.grade or "") not in duty.grades or event.jurisdiction == "elsewhere" or event.closed_at:
        return
    at = release.published_at
    assert at
    before = next((ob for ob in current(event) if ob.duty == duty.code), None)
    if before and at <= before.starts_at:
        return
    changes = Changes()
    if before:
        settling.settle([before], release, now)
        before.superseded_for = "renewed"
        changes.superseded.append(before)
    due_at = at + timedelta(hours=duty.hours)
    clock = Clock(rule=duty.rule(), starts_at=at, start_basis="manual", due_at=due_at, original_due_at=due_at)
    revise(changes, event, duty.code, clock, now, late=False, made_by="renewed")
    write([changes], now)


def revise(
    changes: Changes, event: Event, duty: str, clock: Clock, now: datetime, *, late: bool = True, made_by: str = ""
) -> Obligation:
    """Add the next revision of `event`'s obligation `duty` to `changes`; the first deadline ever given is kept."""
    last = _last(event, duty)
    undone = made_by.startswith("unmerge:") or bool(last and last.superseded_for.startswith("unmerge:"))
    if last and not made_by and not undone:
        clock = _taken_up(clock, last)
    ob = Obligation(
        event=event, duty=duty, rev=last.rev + 1 if last else 1, created_at=now, made_by=made_by,
        **{name: getattr(clock, name) for name in CLOCK_FIELDS},
    )  # fmt: skip
    if last and made_by != "renewed" and not undone:
        ob.original_due_at = last.original_due_at
    rule = engine.duty_of(ob.rule)
    if late and not ob.closed and rule.met_by != "continuing":
        release = settling.offered(rule, settling.published_for(event.pk), now)
        if release:
            ob.settled_at, ob.release = release.published_at, release
    changes.new.append(ob)
    told: set[str] = set()
    if last and made_by != "renewed":
        told.update(last.milestones.filter(fired_at__isnull=False).values_list("code", flat=True))
    for code, at, heard in engine.schedule(rule, ob.due_at, now, told, all_told=late and not ob.closed):
        row = Milestone(obligation=ob, code=code, at=at, fired_at=now if heard else None)
        if ob.closed and not heard:
            row.superseded_at = now
        elif late and heard and code not in told:
            changes.extend(Changes(urgent=engine.kind_of(code)))
        changes.milestones.append(row)
    return ob


def _taken_up(clock: Clock, last: Obligation) -> Clock:
    """Owed again (a grade lowered and raised): from the start it had, when that was earlier or a person's word."""
    if last.start_basis != "manual" and last.starts_at >= clock.starts_at:
        return clock
    due_at = last.starts_at + timedelta(hours=clock.rule["hours"])
    return replace(clock, starts_at=last.starts_at, start_basis=last.start_basis, due_at=due_at)


def _last(event: Event, duty: str) -> Obligation | None:
    """The newest revision there ever was; an event that is only being opened has none."""
    return Obligation.objects.filter(event_id=event.pk, duty=duty).order_by("-rev").first()


def write(changes: list[Changes], now: datetime) -> None:
    """Write the changes of one batch inside the caller's transaction; new obligations get their ids here."""
    assert transaction.get_connection().in_atomic_block
    new = [ob for c in changes for ob in c.new]
    instead = {(ob.event_id, ob.duty): ob.made_by for ob in new}
    gone = [ob for c in changes for ob in c.superseded]
    for ob in gone:
        ob.superseded_at, ob.superseded_for = now, ob.superseded_for or instead.get((ob.event_id, ob.duty), "")
    if gone:
        ids = [ob.id for ob in gone]
        _check_untouched(gone)
        Obligation.objects.bulk_update(gone, ["superseded_at", "superseded_for"])
        Milestone.objects.filter(obligation_id__in=ids, fired_at__isnull=True).update(superseded_at=now)
        outbox.stand_down_obligations(ids, now)
    if new:
        Obligation.objects.bulk_create(new)
        milestones = [m for c in changes for m in c.milestones]
        for m in milestones:
            m.obligation_id = m.obligation.id
        Milestone.objects.bulk_create(milestones)
        for ob in new:
            if ob.release_id:
                audit.record(
                    "engine", "clock.offered", f"event:{ob.event_id}", now, duty=ob.duty, release=ob.release_id
                )  # fmt: skip


def _check_untouched(gone: list[Obligation]) -> None:
    """A release may have settled one of them since it was read: then what was decided is decided again."""
    known = {ob.id: (ob.settled_at, ob.exempt_reason) for ob in gone}
    rows = Obligation.objects.select_for_update().filter(id__in=known)
    for id_, superseded_at, *held in rows.values_list("id", "superseded_at", "settled_at", "exempt_reason"):
        if superseded_at or tuple(held) != known[id_]:
            raise IntegrityError(f"obligation {id_} was changed meanwhile")


def on_merge(into: Event, gone: Event, policy: Policy, now: datetime, held: bool = False) -> Changes:
    """The clocks of `gone` join those of `into`: earliest start, strictest deadline, first fulfilment (alerting.md §8).

    Inside the caller's transaction, after both rows were saved with what they now are (facts, times, the graver
    grade; if the caller did not raise it, it is raised here). Releases follow their affair, drafts too; the clocks
    and open alerts of `gone` stand down; one notice tells those who watch what now runs. Undone by `on_unmerge`.
    """
    mark = f"merge:{gone.pk}"
    _move_releases(gone, into)
    _graver(into, gone)
    ours, changes = {ob.duty: ob for ob in current(into)}, Changes()
    for theirs in current(gone):
        mine = ours.get(theirs.duty)
        clock = revisions.merge(clock_of(mine), clock_of(theirs)) if mine else clock_of(theirs)
        theirs.superseded_for = mark
        changes.superseded.append(theirs)
        if mine is None or clock != clock_of(mine):
            if mine:
                mine.superseded_for = mark
                changes.superseded.append(mine)
            revise(changes, into, theirs.duty, clock, now, made_by=mark)
    write([changes], now)
    outbox.stand_down_event(gone.pk, now)
    return _settle_down(into, changes, f"并入《{gone.title}》", policy, now, held)


def on_unmerge(into: Event, gone: Event, policy: Policy, now: datetime, held: bool = False) -> Changes:
    """Take a merge back: both events get the clocks they had, with what has been published since offered to each.

    Inside the caller's transaction, after both rows were saved as separate events again. A clock of `into` that a
    person changed after the merge is kept as it is.
    """
    mark, undone = f"merge:{gone.pk}", f"unmerge:{gone.pk}"
    _return_releases(gone, into)
    for event, title in ((gone, into.title), (into, gone.title)):
        changes = Changes()
        now_held = {ob.duty: ob for ob in current(event)}
        before = Obligation.objects.filter(event=event, superseded_for=mark).order_by("duty", "-rev")
        known: set[str] = set()
        for ob in now_held.values():
            if ob.made_by == mark:
                ob.superseded_for = undone
                changes.superseded.append(ob)
        kept = {duty for duty, ob in now_held.items() if ob.made_by != mark}
        for old in before:
            if old.duty not in known | kept:
                known.add(old.duty)
                revise(changes, event, old.duty, clock_of(old), now, made_by=undone)
        write([changes], now)
        done = _settle_down(event, changes, f"与《{title}》拆开", policy, now, held)
    return done


def on_split(old: Event, new: Event, policy: Policy, now: datetime, held: bool = False) -> Changes:
    """`new` was taken out of `old`: it owes by its own facts, from its own start; `old` keeps its clocks.

    Inside the caller's transaction, after both rows were saved with their own posts, facts and times (`t_detected`
    of `new` is when the first of its posts was read, not the moment of the split). `old` loses only what its
    remaining facts no longer owe.
    """
    _settle_down(old, Changes(), f"拆出《{new.title}》", policy, now, held)
    return _settle_down(new, Changes(), f"自《{old.title}》拆出", policy, now, held)


def _settle_down(event: Event, changes: Changes, why: str, policy: Policy, now: datetime, held: bool) -> Changes:
    """What the event's facts owe beyond `changes` (already written), one notice of it all, one audit entry."""
    rest = reconcile(event, current(event), policy.duties, now, late=True)
    write([rest], now)
    changes.extend(rest)
    event.owes_reason = rest.reason[:300]
    event.save(update_fields=["owes_reason", "release_authority"])
    if changes:
        telling.replace_earlier(event.pk, now)
        outbox.write(telling.regrouped(event, why, current(event), changes, policy, now), now, replay=held)
    audit.record(
        "engine", "clocks.regrouped", f"event:{event.pk}", now, why=sorted({ob.made_by for ob in changes.new}),
        opened=[f"{ob.duty}.{ob.rev}" for ob in changes.new],
        superseded=[f"{ob.event_id}:{ob.duty}.{ob.rev}" for ob in changes.superseded],
    )  # fmt: skip
    return changes


def _move_releases(gone: Event, into: Event) -> None:
    Release.objects.filter(event=gone, made_for__isnull=True).update(made_for=gone)
    Release.objects.filter(event=gone).update(event=into)


def _return_releases(gone: Event, into: Event) -> None:
    """Its own, and those of events that had been merged into it before."""
    earlier = Event.objects.filter(merged_into=gone).values_list("pk", flat=True)
    Release.objects.filter(event=into, made_for_id__in=[gone.pk, *earlier]).update(event=gone)
    Release.objects.filter(event=gone, made_for=gone).update(made_for=None)


def _graver(into: Event, gone: Event) -> None:
    if rank(gone.grade) > rank(into.grade):
        into.grade, into.provisional = gone.grade, gone.provisional
        into.save(update_fields=["grade", "provisional"])


def rank(grade: str | None) -> int:
    """4 for 特别重大 down to 1 for 一般, 0 for none."""
    return len(GRADES) - GRADES.index(grade) if grade else 0


