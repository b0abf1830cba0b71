"""The engine process: one per data folder. Its threads each do one thing, on a beat; none waits for another."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from django.db import (
    DEFAULT_DB_ALIAS,
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
    connections,
    transaction,
)

from alerts import replacing
from alerts.escalation import Ladder
from archive import indexing, search
from config import clock
from flow import audit, delivery, documents, erasing, hearing, instants, intake, locks, subjects, watch
from flow.lived import lived
from flow.placing import Placer
from flow.policy import Policy
from flow.readers import Readers

log = logging.getLogger(__name__)
TICK_S, BUSY_TICK_S = 1.0, 0.2  # between two looks at the deadlines; after one that found something
STOP_S = 2.5  # for what is under way when the engine is to end
POLL_S = 0.5  # between two looks of an idle sender, or of the intake: other processes write too
UNHURRIED_S = 5.0
STATEMENT_S = 60


@dataclass(frozen=True)
class Job:
    """Work on a schedule that may be late or skipped: crawls, digests, retention. Never a deadline."""

    name: str
    every_s: float
    run: Callable[[], object]


class Beat(threading.Thread):
    """Calls `work` until told to stop: again after `busy` seconds while it says there is more, else after `pause`.

    `wake` ends the pause early. It only saves time: whatever it tells of is found by query anyway. An error is
    logged and the next beat comes: a thread that died would be a silent loss.
    """

    def __init__(
        self, name: str, work: Callable[[], bool], pause: float, stop: threading.Event, *, busy: float = 0.0
    ) -> None:
        super().__init__(name=name, daemon=True)
        self._work, self._pause, self._busy, self._stop_asked = work, pause, busy, stop
        self.wake = threading.Event()

    def run(self) -> None:
        while not self._stop_asked.is_set():
            more, failed = False, True
            try:
                more, failed = self._work(), False
            except (OperationalError, InterfaceError) as e:
                log.warning("%s: database not available, tried again: %s", self.name, e)
            except Exception:
                log.exception("%s failed, goes on", self.name)
            # A SQLite connection stays open between beats: opening it costs more than an idle beat's queries.
            if failed or connection.vendor != "sqlite":
                close_old_connections()
            if (wait := self._busy if more else self._pause) > 0:
                self.wake.wait(wait)
                self.wake.clear()


class Watch:
    """One tick: is the role still ours, was the clock set, whose lease ran out, what is due; then the heartbeat."""

    def __init__(self, policy: Policy, role: locks.Role, told: Callable[[], None], lost: Callable[[], None]) -> None:
        self._policy, self._role, self._told, self._lost = policy, role, told, lost
        # Both clocks at the last finished tick; of the engine before this one until this one has finished its first.
        self._last: instants.Reading | None = None

    def __call__(self) -> bool:
        reading = instants.read(instants.real_now())
        before = self._last or locks.last_tick()
        by = instants.jump(before, reading) if before else None
        if before and by:
            instants.after_jump(before, reading, by)
        delivery.take_back_expired(reading.wall)
        note = instants.note(by) if by and by.total_seconds() > 0 else ""
        now = clock.service_time(reading.wall)
        counts = watch.glance(self._policy, now, note=note)
        if counts["deliveries"]:
            self._told()
        audit.seal()
        with transaction.atomic():
            lived(now, counts)
            last = instants.read(instants.real_now())
            kept = self._role.keep(last)
        self._last = last
        if not kept:
            log.error("another engine has taken over; stopping")
            self._lost()
        return counts["alerts"] > 0


def senders(ladder: Ladder, stop: threading.Event) -> list[Beat]:
    """One thread for each channel: a slow one delays no other. More processes may send beside them."""

    def work(channel: str) -> Callable[[], bool]:
        return lambda: delivery.send_one(ladder, channel, clock.now())

    return [Beat(f"send-{name}", work(name), POLL_S, stop) for name in ladder.channels]


def bound_statements() -> None:
    """No statement of this process may hold up its thread for long (PostgreSQL; connections made from now on)."""
    if connection.vendor == "postgresql":
        options = connections.databases[DEFAULT_DB_ALIAS]["OPTIONS"]
        options["options"] += f" -c statement_timeout={STATEMENT_S}s"


def run(policy: Policy, readers: Readers, jobs: Sequence[Job], stop: threading.Event) -> None:
    """Be the engine until `stop` is set. Raises locks.Taken when another engine holds this folder."""
    bound_statements()
    with locks.engine_role() as role:
        placer = Placer(policy.edition, readers.here)
        sending = senders(policy.ladder, stop)

        def told() -> None:
            for beat in sending:
                beat.wake.set()

        def take_in() -> bool:
            counts = intake.run(placer, readers, policy, clock.service_time(instants.real_now()), replay=False, held=False)
            if counts["read"]:
                log.info("intake %s", dict(counts))
                indexer.wake.set()
            if counts["deliveries"]:
                told()
            return False

        def unhurried() -> bool:
            now = clock.service_time(instants.real_now())
            subjects.open_periods(policy, now)
            if watch.unhurried(policy, now, held=False)["deliveries"]:
                told()
            return False

        def index() -> bool:
            erasing.withdraw(clock.service_time(instants.real_now()))
            return indexing.drain(documents.documents, keep_open=True) > 0

        indexer = Beat("index", index, 1.0, stop)
        threads = [
            Beat("watch", Watch(policy, role, told, stop.set), TICK_S, stop, busy=BUSY_TICK_S),
            Beat("intake", take_in, POLL_S, stop),
            Beat("unhurried", unhurried, UNHURRIED_S, stop),
            indexer,
            *sending,
            *(Beat(name, work, pause, stop) for name, work, pause in hearing.works(policy.ladder, stop.set)),
        ]
        for note in filter(None, (readers.here.model_note, placer.judge_note)):
            log.warning("%s", note)
        if delivery.hold_switched_off(policy.ladder.channels):
            replacing.switched_off(policy.ladder, clock.now())
        for thread in threads:
            thread.start()
        scheduler = _scheduled(jobs)
        stop.wait()
        # Stop claiming; what is leased lapses and is taken back by the next engine (alerting.md §2.5-12).
        scheduler.shutdown(wait=False)
        for thread in threads:
            thread.wake.set()
        deadline = time.monotonic() + STOP_S
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        readers.close()
        search.engine().close()


def _scheduled(jobs: Sequence[Job]) -> BackgroundScheduler:
    # In memory, no misfire limit, one instance each (alerting.md §7): a late crawl is better than a lost one.
    scheduler = BackgroundScheduler(
        timezone="UTC",
        executors={"default": ThreadPoolExecutor(4)},
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
    )
    for job in jobs:
        scheduler.add_job(_guarded, "interval", seconds=job.every_s, args=[job], id=job.name, next_run_time=clock.real_now())
    scheduler.start()
    return scheduler


def _guarded(job: Job) -> None:
    try:
        job.run()
    except Exception:
        log.exception("job %s failed, comes again", job.name)
    finally:
        close_old_connections()


