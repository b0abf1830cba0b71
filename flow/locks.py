"""Who may run rounds on this data folder: one at a time, by an OS file lock and a lease row.

On PostgreSQL, where a second host shares no file, also by an advisory lock held on a connection of its own (that
must not go through a pooler in transaction mode). Nothing depends on it for being right: two engines at once would
find the same due rows, and unique keys and leases keep them from telling anything twice.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, Error, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q

from flow import instants
from flow.instants import Reading
from flow.models import Lease

ENGINE = "engine"
LEASE = timedelta(seconds=15)
ADVISORY_KEY = 0x68757969  # "huyi"


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


class Advisory:
    """PostgreSQL's session lock, on a connection that does nothing else. Elsewhere it is always held."""

    def __init__(self) -> None:
        self._session: BaseDatabaseWrapper | None = None
        self._backend = 0  # which of the server's processes holds the lock for us

    def hold(self) -> bool:
        """Whether this process holds the lock, after taking it if it can. A lost session (server restarted) is renewed."""
        if connection.vendor != "postgresql":
            return True
        if self._session is not None and self._alive():
            return True
        self.release()
        self._session = connections.create_connection(DEFAULT_DB_ALIAS)
        self._session.inc_thread_sharing()  # taken by the main thread, asked after by the watch
        with self._session.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s), pg_backend_pid()", [ADVISORY_KEY])
            held, self._backend = cursor.fetchone()
        if not held:
            self.release()
        return bool(held)

    def _alive(self) -> bool:
        assert self._session is not None
        try:
            # Django connects anew where a connection was lost, and the lock does not come along.
            with self._session.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                return cursor.fetchone()[0] == self._backend
        except Error:
            return False

    def release(self) -> None:
        if self._session is not None:
            with suppress(Error):
                self._session.close()
            self._session = None


class Role:
    """Being the engine: `keep` once a tick."""

    def __init__(self, holder: str, advisory: Advisory) -> None:
        self.holder, self._advisory = holder, advisory

    def keep(self, reading: Reading) -> bool:
        """Renew the lease and write the tick; False when another engine has taken over."""
        tick = {"ticked_at": reading.wall, "ticked_monotonic": reading.monotonic, "boot_id": reading.boot_id}
        return self._advisory.hold() and renew(self.holder, reading.wall, **tick)


@contextmanager
def engine_role() -> Iterator[Role]:
    """Be the engine of this folder, and of this database. Raises Taken."""
    path = settings.DATA / "engine.lock"
    advisory = Advisory()
    try:
        with file_lock(path, wait=False):
            holder = f"{socket.gethostname()}:{os.getpid()}"
            if not advisory.hold() or not renew(holder, instants.real_now()):
                raise Taken(_pid())
            try:
                yield Role(holder, advisory)
            finally:
                with suppress(Error):  # else it runs out by itself
                    Lease.objects.filter(name=ENGINE, holder=holder).update(until=instants.real_now())
    except BlockingIOError:
        raise Taken(_pid()) from None
    finally:
        advisory.release()


def _pid() -> int:
    row = Lease.objects.filter(name=ENGINE).first()
    return row.pid if row else 0


def renew(holder: str, now: datetime, **tick: object) -> bool:
    """Take or keep the lease by real time, in one statement; False when somebody else's has not run out."""
    values = {"holder": holder, "pid": os.getpid(), "until": now + LEASE, **tick}
    free = Lease.objects.filter(Q(holder=holder) | Q(until__lte=now), name=ENGINE)
    if free.update(**values):
        return True
    row, made = Lease.objects.get_or_create(name=ENGINE, defaults=values)
    if made:
        return True
    # Whoever found the dead holder first has it.
    return _died_here(row) and Lease.objects.filter(name=ENGINE, holder=row.holder, until=row.until).update(**values) == 1


def last_tick() -> Reading | None:
    """Both clocks at the last finished tick, of whichever engine."""
    row = Lease.objects.filter(name=ENGINE).first()
    if row is None or row.ticked_at is None or row.ticked_monotonic is None:
        return None
    return Reading(row.ticked_at, row.ticked_monotonic, row.boot_id)


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
    row = Lease.objects.filter(name=ENGINE, until__gt=instants.real_now()).first()
    return row.pid if row and not _died_here(row) else None
