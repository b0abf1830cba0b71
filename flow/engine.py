"""The engine process: one per data folder. Its threads each do one thing, on a beat; none waits for another."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from django.db import OperationalError, close_old_connections

from archive import indexing, search
from config import clock
from flow import audit, delivery, documents, intake, locks, watch
from flow.lived import lived
from flow.models import Lease
from flow.placing import Placer
from flow.policy import Policy
from flow.readers import Readers

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """Work on a schedule that may be late or skipped: crawls, digests, retention. Never a deadline."""

    name: str
    every_s: float
    run: Callable[[], object]


class Beat(threading.Thread):
    """Calls `work` until told to stop: at once again while it says there is more, else after `pause` seconds.

    An error is logged and the next beat comes: a thread that died would be a silent loss.
    """

    def __init__(self, name: str, work: Callable[[], bool], pause: float, stop: threading.Event) -> None:
        super().__init__(name=name, daemon=True)
        self._work, self._pause, self._stop_asked = work, pause, stop

    def run(self) -> None:
        while not self._stop_asked.is_set():
            more = False
            try:
                more = self._work()
            except OperationalError as e:
                log.warning("%s: database not available, tried again: %s", self.name, e)
            except Exception:
                log.exception("%s failed, goes on", self.name)
            finally:
                close_old_connections()
            if not more:
                self._stop_asked.wait(self._pause)


def run(policy: Policy, readers: Readers, jobs: Sequence[Job], stop: threading.Event) -> None:
    """Be the engine until `stop` is set. Raises locks.Taken when another engine holds this folder."""
    with locks.engine_role() as holder:
        placer = Placer(policy.edition, readers.here)
        index_wake = threading.Event()

        def tick() -> bool:
            if not locks.renew(holder, clock.real_now()):
                log.error("another engine has taken over this folder; stopping")
                stop.set()
                return False
            now = clock.now()
            counts = watch.run(policy, now, held=False)
            lived(now, counts)
            audit.seal()
            Lease.objects.filter(name=locks.ENGINE, holder=holder).update(ticked_at=clock.real_now())
            return False

        def take_in() -> bool:
            counts = intake.run(placer, readers, policy, clock.now(), replay=False, held=False)
            if counts["read"]:
                log.info("intake %s", dict(counts))
                index_wake.set()
            return False

        def index() -> bool:
            index_wake.wait(1.0)
            index_wake.clear()
            return indexing.drain(documents.documents, keep_open=True) > 0

        threads = [Beat("watch", tick, 1.0, stop), Beat("intake", take_in, 0.25, stop), Beat("index", index, 0.2, stop)]
        for name in policy.ladder.channels:
            threads.append(Beat(f"send-{name}", _sender(policy, name), 0.2, stop))
        threads.append(Beat("take-back", _take_back, 2.0, stop))
        if readers.here.model_note:
            log.warning("%s", readers.here.model_note)
        delivery.hold_switched_off(policy.ladder.channels)
        for thread in threads:
            thread.start()
        scheduler = _scheduled(jobs)
        stop.wait()
        # Stop claiming; what is leased lapses and is taken back by the next engine (alerting.md §2.5-12).
        scheduler.shutdown(wait=False)
        for thread in threads:
            thread.join(timeout=2)
        readers.close()
        search.engine().close()


def _sender(policy: Policy, channel: str) -> Callable[[], bool]:
    return lambda: delivery.send_one(policy.ladder, channel, clock.now())


def _take_back() -> bool:
    delivery.take_back_expired(clock.real_now())
    return False


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


