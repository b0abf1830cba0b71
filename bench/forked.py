"""Engine and sender processes that cost a few milliseconds each: forked from one parent that has loaded everything.

What runs in them is the product's own code (flow.engine); the parent only makes and kills them.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress

from django.db import connections

from flow import delivery, engine, instants
from flow.engine import Beat
from flow.locks import Taken
from flow.policy import Policy
from flow.readers import Readers


def fork(work: Callable[[], object]) -> int:
    """The id of a child that does `work` and ends. The parent must hold no connection and no thread."""
    connections.close_all()
    pid = os.fork()
    if pid:
        return pid
    code = 0
    try:
        for sig in (signal.SIGINT, signal.SIGTERM):
            signal.signal(sig, signal.SIG_DFL)
        work()
    except BaseException:
        traceback.print_exc(file=sys.stderr)
        code = 70
    finally:
        os._exit(code)


def kill(pid: int) -> None:
    """SIGKILL, and wait until it is gone: a zombie would still count as the holder of the engine's lease."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def engine_process(policy: Policy, readers: Readers) -> Callable[[], None]:
    """The whole engine without its scheduled jobs; tried again while the one before it is going."""

    def work() -> None:
        stop = threading.Event()
        while True:
            try:
                engine.run(policy, readers, [], stop)
            except Taken:
                stop.wait(0.1)

    return work


def sender_process(policy: Policy) -> Callable[[], None]:
    """The engine's senders alone, with what takes back expired leases: as many of these as one likes."""

    def work() -> None:
        stop = threading.Event()
        beats = [*engine.senders(policy.ladder, stop), Beat("take-back", take_back, 1.0, stop)]
        for beat in beats:
            beat.start()
        stop.wait()

    return work


def take_back() -> bool:
    delivery.take_back_expired(instants.real_now())
    return False


def dying_sender(policy: Policy, point: str) -> Callable[[], None]:
    """A sender that ends itself as SIGKILL would at `point` of its first delivery."""

    def ending(passed: str) -> None:
        if passed == point:
            os.kill(os.getpid(), signal.SIGKILL)

    def work() -> None:
        delivery.at_point = ending  # type: ignore[assignment]
        for name in policy.ladder.channels:
            delivery.send_one(policy.ladder, name, instants.real_now())

    return work
