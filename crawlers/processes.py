"""A child process and its parent: how the one is ended, how the other is missed."""

from __future__ import annotations

import os
import subprocess
import threading
from typing import Any


def end(process: subprocess.Popen[Any], timeout: float) -> None:
    """Close its input, then TERM, then KILL, always by its id; half of `timeout` (seconds) for each of the first two."""
    if process.stdin:
        process.stdin.close()
    for harder in (process.terminate, process.kill):
        try:
            process.wait(timeout / 2)
            return
        except subprocess.TimeoutExpired:
            harder()
    process.wait()


def tell_when_alone(stop: threading.Event) -> None:
    """Set `stop` when standard input ends, that is, when the parent is gone. Returns at once."""

    def listen() -> None:
        while os.read(0, 4096):
            pass
        stop.set()

    threading.Thread(target=listen, name="parent", daemon=True).start()
