"""Who the messages of a bench go to: an HTTP server in a process of its own that writes down what it accepted, and when.

Half of the keys are taken by a receiver that honours the idempotency key and accepts no copy; the other half by one
that takes whatever comes. `python -m bench.receiver LOG DELAY_MS` prints its port.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TextIO
from urllib.parse import unquote


def honours(key: str) -> bool:
    """Which of the two receivers a key belongs to."""
    return hashlib.sha256(key.encode()).digest()[0] % 2 == 0


@dataclass(frozen=True)
class Line:
    """One request that came in whole."""

    key: str
    at: float
    digest: str  # of its body
    accepted: bool  # False: a copy that was recognised


class Receiver(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, log: TextIO, delay: float) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.log, self.delay = log, delay
        self.known: set[str] = set()
        self.taking = threading.Lock()

    def take(self, key: str, body: bytes) -> None:
        digest = hashlib.sha256(body).hexdigest()[:16]
        with self.taking:
            accepted = not (key in self.known and honours(key))
            self.known.add(key)
            self.log.write(json.dumps([key, time.time(), digest, accepted]) + "\n")
            self.log.flush()


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if len(body) < length:  # its sender was killed between head and end: nothing was received
            return
        time.sleep(self.server.delay / 2)
        self.server.take(unquote(self.headers["X-Huiying-Delivery"]), body)
        time.sleep(self.server.delay / 2)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def handle(self) -> None:
        with suppress(OSError):  # the sender was killed
            super().handle()

    def log_message(self, *args: object) -> None:
        pass


@dataclass
class Running:
    url: str
    path: Path
    _read: int = 0  # bytes of the log counted so far
    _lines: int = 0

    def count(self) -> int:
        """How many requests came in; reads only what is new."""
        with self.path.open("rb") as f:
            f.seek(self._read)
            self._lines += f.read().count(b"\n")
            self._read = f.tell()
        return self._lines

    def lines(self) -> list[Line]:
        return [Line(*json.loads(line)) for line in self.path.read_text().splitlines()]


@contextmanager
def receiver(folder: Path, delay_ms: float) -> Iterator[Running]:
    """A receiver until the block ends."""
    path = folder / f"received-{time.monotonic_ns()}.jsonl"
    argv = [sys.executable, "-m", "bench.receiver", str(path), str(delay_ms)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        yield Running(f"http://127.0.0.1:{int(process.stdout.readline())}/", path)
    finally:
        process.kill()
        process.wait()


def main() -> None:
    with Path(sys.argv[1]).open("w") as log:
        server = Receiver(log, float(sys.argv[2]) / 1000)
        sys.stdout.write(f"{server.server_port}\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main()
