"""The real service as a process of its own, on the bench's folder."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def running(*argv: str) -> Iterator[subprocess.Popen[bytes]]:
    """`huiying ARGV…` until the block ends; stopped by its id as Ctrl-C would."""
    process = subprocess.Popen([sys.executable, "-m", "config.cli", *argv], stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def until(look: Callable[[], object], *, within: float, every: float = 0.05) -> float:
    """Seconds until `look` says yes. Raises TimeoutError."""
    began = time.perf_counter()
    while not look():
        if time.perf_counter() - began > within:
            raise TimeoutError(f"not within {within:g} s: {look.__doc__ or look}")
        time.sleep(every)
    return time.perf_counter() - began


def say(line: str) -> None:
    sys.stderr.write(f"bench: {line}\n")
