"""The receivers of push streams seen from outside: one process for each enabled source, started anew when gone.

A stream is open all day, which a crawler child that is replaced every ten minutes is not made for; and what goes wrong
in one (memory, a hanging line) stays there. The engine calls `tend` on a beat.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

from archive.models import Source

log = logging.getLogger(__name__)
AGAIN_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)  # before a fallen receiver is started again
STEADY_S = 120.0  # one that lived so long is forgiven its falls


@dataclass
class _Running:
    process: subprocess.Popen[bytes]
    since: float


class Receivers:
    """`env`: the environment of every receiver; None = this process's own."""

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        self._env = env
        self._running: dict[int, _Running] = {}
        self._falls: dict[int, int] = {}
        self._not_before: dict[int, float] = {}

    def tend(self) -> None:
        """Start what is wanted and not there, end what is there and not wanted. Does not wait."""
        wanted = set(Source.objects.filter(kind=Source.Kind.WEIBO_PUSH, enabled=True).values_list("pk", flat=True))
        now = time.monotonic()
        for source_id, running in list(self._running.items()):
            if (code := running.process.poll()) is not None:
                self._fallen(source_id, running, code, now)
            elif source_id not in wanted:
                running.process.terminate()
        for source_id in wanted - self._running.keys():
            if now >= self._not_before.get(source_id, 0.0):
                self._running[source_id] = _Running(self._start(source_id), now)

    def pids(self) -> dict[int, int]:
        """Source id -> process id."""
        return {source_id: running.process.pid for source_id, running in self._running.items()}

    def stop(self, timeout: float = 4.0) -> None:
        """End all of them by their ids: TERM, then KILL."""
        for running in self._running.values():
            running.process.terminate()
        until = time.monotonic() + timeout
        for running in self._running.values():
            try:
                running.process.wait(max(until - time.monotonic(), 0.05))
            except subprocess.TimeoutExpired:
                running.process.kill()
                running.process.wait(timeout)
        self._running.clear()

    def _fallen(self, source_id: int, running: _Running, code: int, now: float) -> None:
        del self._running[source_id]
        if running.process.stdin:
            running.process.stdin.close()
        if code:
            log.warning("receiver of source %s ended with %s", source_id, code)
        falls = 0 if now - running.since > STEADY_S else self._falls.get(source_id, 0)
        self._falls[source_id] = falls + 1
        self._not_before[source_id] = now + AGAIN_S[min(falls, len(AGAIN_S) - 1)]

    def _start(self, source_id: int) -> subprocess.Popen[bytes]:
        # Its standard input is our sign of life: it ends by itself when we are gone.
        argv = [sys.executable, str(settings.BASE_DIR / "manage.py"), "push_receiver", str(source_id)]
        return subprocess.Popen(argv, stdin=subprocess.PIPE, env=self._env)
