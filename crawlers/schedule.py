"""When a source is read, and how it is: due sources, the record of each run, health in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

from django.db import transaction
from django.db.models import Q

from archive.models import Source
from crawlers.adapters import ADAPTERS, STREAMED
from crawlers.models import Rejection, SourceRun

SILENT_GAPS = 5.0  # k: no new item in five usual gaps is a silence, even when HTTP says 200 (sources.md §5)
SILENT_LEAST = timedelta(hours=1)
GAPS_KEPT, GAPS_NEEDED = 30, 5
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
    source = Source.objects.get(pk=source_id)
    health = health_after(source, run, ended_at)
    record = SourceRun(
        source=source,
        started_at=run.started_at,
        ended_at=ended_at,
        state=health["state"],
        http=run.http,
        fetched=run.fetched,
        new=run.new,
        error=run.error[:500],
    )
    with transaction.atomic():
        record.save()
        Rejection.objects.bulk_create(
            Rejection(run=record, row=row, field=name[:80], reason=reason[:300]) for row, name, reason in run.refused
        )
        Source.objects.filter(pk=source_id).update(**health)
    return str(health["state"])


def health_after(source: Source, run: Run, now: datetime) -> dict[str, Any]:
    """The source's columns after a run: state, detail, failures, last and next instants."""
    interval = timedelta(seconds=source.interval_s)
    if run.state == "alive":
        state, detail = heard(source, run, now)
        health: dict[str, Any] = {"failures": 0, "last_ok_at": now, "silent_told_at": source.silent_told_at}
        if state == "alive":
            health["silent_told_at"] = None
        wait = timedelta() if run.more else interval
    elif run.state == "off":  # nothing to read with yet: nobody failed
        state, detail, health, wait = run.state, run.said, {}, interval
    else:
        failures = source.failures + 1
        state, detail = run.state, run.said if run.state == "capped" else f"连续失败 {failures} 次：{run.said}"
        health = {"failures": failures}
        # A dead site is asked ever more rarely, a first failure costs nothing.
        wait = max(interval, min(interval * 2 ** min(failures - 1, 10), INTERVAL_MOST))
    next_run = max(now + wait, run.retry_at) if run.retry_at else now + wait
    return {**health, "state": state, "detail": detail[:500], "last_run_at": run.started_at, "next_run_at": next_run}


def heard(source: Source, run: Run, now: datetime) -> tuple[str, str]:
    """("quiet", why) when the source answers but has said nothing for far longer than usual, else ("alive", what)."""
    detail = run.said + (f"；{run.damage}" if run.damage else "")
    gaps = source.cursor.get("gaps", [])
    if source.last_item_at is None or len(gaps) < GAPS_NEEDED:
        return "alive", detail
    usual, silence = timedelta(seconds=median(gaps)), now - source.last_item_at
    if silence <= max(usual * SILENT_GAPS, SILENT_LEAST):
        return "alive", detail
    return "quiet", f"已 {_span(silence)}没有新信息，通常间隔 {_span(usual)}；{detail}"


def gaps_after(known: Sequence[float], last: datetime | None, fresh: Sequence[datetime]) -> list[float]:
    """The last GAPS_KEPT seconds between items, with those of newly arrived items appended."""
    instants = sorted({t for t in fresh if last is None or t > last} | ({last} if last else set()))
    return [*known, *((b - a).total_seconds() for a, b in pairwise(instants))][-GAPS_KEPT:]


def postpone(source_id: int, until: datetime) -> None:
    """A host whose next free moment lies far ahead: nothing was asked, so nothing is said about health."""
    Source.objects.filter(pk=source_id).update(next_run_at=until)


def _span(length: timedelta) -> str:
    minutes = round(length.total_seconds() / 60)
    if minutes < 90:
        return f"{max(minutes, 1)} 分钟"
    return f"{round(minutes / 60)} 小时" if minutes < 48 * 60 else f"{round(minutes / 1440)} 天"
