"""Errands sent: a row, a process of its own that does what it asks, and a watch that ends both in time.

The console sends them; nothing here waits in a web thread. The work itself is crawlers.errand_process.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from archive.models import Source
from config.clock import real_now
from crawlers import hosts
from crawlers.models import Errand

log = logging.getLogger(__name__)
State = Errand.State
UNDER_WAY = (State.WAITING, State.RUNNING)
MOST = 3  # at once, of one kind: each is a process
LIMITS = {Errand.Kind.PROBE: 180.0, Errand.Kind.BACKFILL: 6 * 3600.0}  # seconds
SILENT = timedelta(seconds=90)  # without a sign of life it is taken for lost
KEPT = timedelta(days=1)  # pages fetched for a trial


class TooMany(Exception):
    """No further errand now; the message says why."""


def send(kind: Errand.Kind, ask: Mapping[str, Any], by: str, now: datetime, source: Source | None = None) -> Errand:
    """Have it done by a process of its own; returns at once. Raises TooMany. A person's earlier probe ends with it."""
    forget(real_now())
    if kind == Errand.Kind.PROBE:
        for earlier in Errand.objects.filter(kind=kind, by=by, state__in=UNDER_WAY):
            stop(earlier)
    under_way = Errand.objects.filter(kind=kind, state__in=UNDER_WAY)
    if kind == Errand.Kind.BACKFILL and under_way.filter(source=source).exists():
        assert source
        raise TooMany(f"{source.name}的补采正在进行")
    if under_way.count() >= MOST:
        raise TooMany(f"同时进行的{Errand.Kind(kind).label}已有 {MOST} 个，请稍候再试")
    errand = Errand.objects.create(
        kind=kind, ask=dict(ask), by=by, at=now, source=source, said="正在启动读取进程", beat_at=real_now()
    )
    threading.Thread(target=_watch, args=(_started(errand), errand.pk, LIMITS[kind]), daemon=True, name="errand").start()
    return errand


def stop(errand: Errand) -> None:
    """Ask it to end; its process sees this before its next download. Pressing twice is the same as once."""
    _end(errand.pk, State.STOPPED, "已取消")


def forget(now: datetime) -> None:
    """Errands without a sign of life are over; pages of old ones go."""
    for pk in Errand.objects.filter(state__in=UNDER_WAY, beat_at__lt=now - SILENT).values_list("pk", flat=True):
        _end(pk, State.FAILED, "读取进程没有回应，请重试")
    Errand.objects.filter(ended_at__lt=now - KEPT).exclude(pages={}).update(pages={})


def _started(errand: Errand) -> subprocess.Popen[bytes]:
    argv = [sys.executable, str(settings.BASE_DIR / "manage.py"), "errand", str(errand.pk)]
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def _watch(process: subprocess.Popen[bytes], pk: int, limit: float) -> None:
    """Until it has ended, or its time is up: then it is ended, by its id."""
    try:
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
        _end(pk, State.FAILED, f"读取进程意外结束（{process.returncode}）")
        hosts.abandon(process.pid, real_now())
    except Exception:
        log.exception("watching errand %s", pk)
    finally:
        connection.close()


def _end(pk: int, state: State, said: str) -> None:
    Errand.objects.filter(pk=pk, state__in=UNDER_WAY).update(state=state, said=said, ended_at=real_now())
