"""When a source is read, and how it is: due sources, the record of each run, health in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from archive import approval, spells
from archive.coverage import BY_HAND, OVERDUE
from archive.models import Source
from config.clock import SHANGHAI
from crawlers import habits, robots
from crawlers.adapters import ADAPTERS, STREAMED
from crawlers.models import Rejection, SourceDay, SourceRun

INTERVAL_MOST = timedelta(hours=6)


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one reading of one source came to. Instants are the service's."""

    started_at: datetime
    state: str  # alive | failing | capped | off
    said: str = ""  # what happened, in Chinese; an error when the state is not alive
    code: str = ""  # the finer reason of the state: rate_limited, blocked_by_robots, auth_required …
    http: int | None = None
    fetched: int = 0
    new: int = 0
    damage: str = ""  # a reading that succeeded in part
    retry_at: datetime | None = None  # the host asked for it
    more: bool = False  # there is work left: next time is now
    refused: tuple[tuple[int, str, str], ...] = ()  # (position, field, reason)

    @property
    def error(self) -> str:
        return self.damage if self.state == "alive" else self.said


def due(now: datetime) -> list[int]:
    """Ids of the enabled sources we ask by ourselves whose time has come, longest waiting first."""
    waiting = Source.objects.filter(enabled=True, kind__in=ADAPTERS.keys() - STREAMED)
    waiting = waiting.filter(Q(next_run_at=None) | Q(next_run_at__lte=now))
    return list(waiting.order_by("next_run_at", "pk").values_list("pk", flat=True))


def settle(source_id: int, run: Run, ended_at: datetime) -> str:
    """Write the run, its refusals, the source's health and next time, in one transaction. Returns the state."""
    with transaction.atomic():
        source = Source.objects.select_for_update().get(pk=source_id)
        if source.enabled:
            _note_absence(source, run)
        health = health_after(source, run, ended_at)
        record = SourceRun.objects.create(
            source=source,
            started_at=run.started_at,
            ended_at=ended_at,
            state=health["state"],
            http=run.http,
            fetched=run.fetched,
            new=run.new,
            error=run.error[:500],
        )
        Rejection.objects.bulk_create(
            Rejection(run=record, row=row, field=name[:80], reason=reason[:300]) for row, name, reason in run.refused
        )
        _count(source, run)
        if not source.enabled:  # paused while it was being read: that stands
            return str(Source.State.OFF)
        spells.turn(source, at=ended_at, **health)
        # The first snapshot is that of a reading which was allowed.
        known = source.url and (source.robots_for or run.state == Source.State.ALIVE)
        if known and (seen := robots.snapshot(source.url)) and not approval.seen_robots(source, seen, ended_at):
            return str(source.state)
    return str(health["state"])


def health_after(source: Source, run: Run, now: datetime) -> dict[str, Any]:
    """The source's columns after a run: state, code, detail, failures, last and next instants."""
    interval = timedelta(seconds=source.interval_s)
    if run.state == Source.State.ALIVE:
        # Whatever its date, a new item is a sign of life.
        found = habits.Verdict(state="alive") if run.new else habits.verdict(source, now)
        state, code = found.state, found.code or run.code
        detail = "；".join(part for part in (found.why, run.said, run.damage) if part)
        health: dict[str, Any] = {"failures": 0, "last_ok_at": now}
        wait = timedelta() if run.more else interval
    elif run.state == Source.State.OFF:  # nothing to read with yet: nobody failed
        state, code, detail, health, wait = run.state, run.code, run.said, {}, interval
    else:
        failures = source.failures + 1
        state, code = run.state, run.code
        detail = run.said if state == Source.State.CAPPED else f"连续失败 {failures} 次：{run.said}"
        health = {"failures": failures}
        # A dead site is asked ever more rarely, a first failure costs nothing.
        wait = max(interval, min(interval * 2 ** min(failures - 1, 10), INTERVAL_MOST))
    next_run = max(now + wait, run.retry_at) if run.retry_at else now + wait
    return {
        **health, "state": state, "code": code, "detail": detail, "last_run_at": run.started_at, "next_run_at": next_run,
    }  # fmt: skip


def _note_absence(source: Source, run: Run) -> None:
    """A reading long after it was due: nobody looked in between, and what we missed is not the source's silence."""
    asked = source.kind in ADAPTERS.keys() - STREAMED  # what is brought to us may come when it likes
    late = OVERDUE + timedelta(seconds=source.interval_s)
    if asked and source.next_run_at and run.started_at - source.next_run_at > late:
        spells.unread(source, source.next_run_at, run.started_at)


def _count(source: Source, run: Run) -> None:
    """Add the run to its day."""
    day, _ = SourceDay.objects.get_or_create(source=source, day=run.started_at.astimezone(SHANGHAI).date())
    bad = int(run.state in (Source.State.FAILING, Source.State.CAPPED))  # PostgreSQL adds no truth to a number
    SourceDay.objects.filter(pk=day.pk).update(
        runs=F("runs") + 1, bad=F("bad") + bad, fetched=F("fetched") + run.fetched, new=F("new") + run.new
    )


def go_on(run_id: int, fetched: int, new: int, at: datetime) -> None:
    """A run that is still going: pushes within a minute are one."""
    with transaction.atomic():
        SourceRun.objects.filter(pk=run_id).update(fetched=F("fetched") + fetched, new=F("new") + new, ended_at=at)
        source_id = SourceRun.objects.values_list("source_id", flat=True).get(pk=run_id)
        day, _ = SourceDay.objects.get_or_create(source_id=source_id, day=at.astimezone(SHANGHAI).date())
        SourceDay.objects.filter(pk=day.pk).update(fetched=F("fetched") + fetched, new=F("new") + new)


def judge_delivered(now: datetime) -> int:
    """Sources that are brought to us are never asked, so nobody settles them: look at their silence here. How many turned."""
    turned = 0
    brought = Source.objects.filter(enabled=True, state__in=(Source.State.ALIVE, Source.State.QUIET))
    for source in brought.exclude(kind__in=(*ADAPTERS, *BY_HAND)):
        found = habits.verdict(source, now)
        if (found.state, found.code) != (source.state, source.code):
            with transaction.atomic():
                spells.turn(source, found.state, found.code, found.why, now)
            turned += 1
    return turned


def postpone(source_id: int, until: datetime) -> None:
    """A host whose next free moment lies far ahead: nothing was asked, so nothing is said about health."""
    Source.objects.filter(pk=source_id).update(next_run_at=until)
