"""Who may run rounds on this data folder: one at a time, by an OS file lock and a lease row."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction

from config import clock
from flow.models import Lease

ENGINE = "engine"
LEASE = timedelta(seconds=15)


class Taken(Exception):
    """Another process holds the role; `pid` says which."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"an engine is running on this data folder (pid {pid}); stop it first")
        self.pid = pid


@contextmanager
def file_lock(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold an exclusive lock on `path` (made when missing). Raises BlockingIOError when it is held and not `wait`."""
    with path.open("a") as f:
        fcntl.flock(f, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield


@contextmanager
def engine_role() -> Iterator[str]:
    """Be the engine of this folder; yields the holder's name for `renew`. Raises Taken."""
    path = settings.DATA / "engine.lock"
    try:
        with file_lock(path, wait=False):
            holder = f"{socket.gethostname()}:{os.getpid()}"
            if not renew(holder, clock.real_now()):
                raise Taken(Lease.objects.get(name=ENGINE).pid)
            try:
                yield holder
            finally:
                Lease.objects.filter(name=ENGINE, holder=holder).update(until=clock.real_now())
    except BlockingIOError:
        row = Lease.objects.filter(name=ENGINE).first()
        raise Taken(row.pid if row else 0) from None


def renew(holder: str, now: datetime) -> bool:
    """Take or keep the lease by real time; False when somebody else's has not run out."""
    with transaction.atomic():
        Lease.objects.get_or_create(name=ENGINE, defaults={"holder": "", "pid": 0, "until": now})
        row = Lease.objects.select_for_update().get(name=ENGINE)
        if row.holder != holder and row.until > now and not _died_here(row):
            return False
        row.holder, row.pid, row.until = holder, os.getpid(), now + LEASE
        row.save(update_fields=["holder", "pid", "until"])
    return True


def _died_here(row: Lease) -> bool:
    """The holder was a process of this machine that is no more: its lease need not be waited for."""
    if row.holder.rpartition(":")[0] != socket.gethostname():
        return False
    try:
        os.kill(row.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def running_pid() -> int | None:
    """The pid of the engine that holds a live lease, or None."""
    row = Lease.objects.filter(name=ENGINE, until__gt=clock.real_now()).first()
    return row.pid if row and not _died_here(row) else None
