from __future__ import annotations

import signal
import threading
from typing import Any

from config.cli import Refused
from config.management.base import Command as Base
from config.management.base import policy
from config.management.serving import jobs, readers
from flow import engine, locks


class Command(Base):
    help = "The engine process alone (`up` starts it)."

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        stop = threading.Event()
        for sig in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sig, lambda number, frame: stop.set())
        files = policy()
        try:
            with jobs(stop, files) as work:
                engine.run(files, readers(files, processes=1), work, stop)
        except locks.Taken as e:
            raise Refused(str(e)) from e
        return {"stopped": True}

    def tell(self, answer: dict[str, Any]) -> None:
        pass
