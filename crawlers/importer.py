"""The importer: a child of the engine that makes posts of pushes, of watched folders and of files that were handed in.

Started when there is something to do and gone when there is nothing: an engine that reads a million rows would be late
for its deadlines.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping

from django.conf import settings
from django.db import Error, close_old_connections

from config import clock
from crawlers import batches, folders, inbound, processes
from crawlers.models import Inbound

log = logging.getLogger(__name__)
IDLE_S = 60.0  # without work before it ends
PAUSE_S = 0.3
FOLDERS_EVERY_S = 2.0


class Importer:
    """At most one child; `look` is called each second and starts it when something waits."""

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        self._env, self._process = env, None

    _process: subprocess.Popen[bytes] | None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.poll() is None else None

    def look(self) -> None:
        if self.pid is None and something_to_do():
            self._process = subprocess.Popen(
                [sys.executable, str(settings.BASE_DIR / "manage.py"), "import_child"], stdin=subprocess.PIPE, env=self._env
            )

    def stop(self, timeout: float = 5.0) -> None:
        """End the child between two portions; what it was at stays running, for the next one."""
        if self._process is not None:
            processes.end(self._process, timeout)


def something_to_do() -> bool:
    return (
        Inbound.objects.filter(taken_at=None).exists() or batches.to_do() is not None or folders.something_to_do(clock.now())
    )


def run() -> None:
    """Until stdin ends (the engine is gone) or nothing has come for IDLE_S. Only one runs on a data folder."""
    stopped = threading.Event()
    processes.tell_when_alone(stopped)
    os.nice(5)
    with (settings.DATA / "importer.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return  # another engine's is at it
        _loop(stopped)


def _loop(stopped: threading.Event) -> None:
    worked = time.monotonic()
    while not stopped.is_set() and time.monotonic() - worked < IDLE_S:
        try:
            did = step(stopped)
        except Error as e:  # locked, full, restarting: what was under way is found again
            log.warning("importer: database not available, tried again: %s", e)
            close_old_connections()
            did = False
            stopped.wait(1.0)
        if did:
            worked = time.monotonic()
        else:
            stopped.wait(PAUSE_S)
    with contextlib.suppress(Error):
        inbound.forget_old()


_looked = 0.0


def step(stopped: threading.Event) -> bool:
    """One portion of work, pushes first; whether there was any."""
    global _looked
    now = clock.now()
    if inbound.take_some(now):
        return True
    if time.monotonic() - _looked > FOLDERS_EVERY_S:
        _looked = time.monotonic()
        if folders.collect(now):
            return True
    batch = batches.to_do()
    if batch is None:
        return False
    # A file of an hour must not keep pushes waiting.
    batches.work(batch, now, stopped.is_set, lambda: inbound.take_some(clock.now()))
    return True
