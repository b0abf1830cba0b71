from __future__ import annotations

import signal
import threading
from typing import Any

from config.management.base import Command as Base
from config.management.base import policy
from flow import auditor


class Command(Base):
    help = "The auditor process alone (`up` starts it): checks the engine's work, repairs, pages, sends the heartbeat."

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        stop = threading.Event()
        for sig in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sig, lambda number, frame: stop.set())
        auditor.run(policy(), stop)
        return {"stopped": True}

    def tell(self, answer: dict[str, Any]) -> None:
        pass
