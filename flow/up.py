"""The parent of `huiying up`: starts the roles as processes, watches them, stops them by id. Holds no database."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

ROLES = ("web", "engine", "auditor")
GRACE = 4.0  # seconds between the wish to stop and the order: Ctrl-C ends every process within 5
AGAIN = (0.5, 1, 2, 5)  # seconds before a fallen role is started again


@dataclass
class Role:
    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    falls: int = 0
    start_at: float = 0.0
    started: float = field(default=0.0)

    def start(self) -> None:
        # A session of its own: Ctrl-C reaches the parent only, which stops its children in order.
        self.process = subprocess.Popen(self.argv, env=dict(self.env), start_new_session=True)
        self.started = time.monotonic()

    def look(self) -> str | None:
        """Restart a fallen process after its wait; says so once."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is None:
            if self.falls and now - self.started > 60:
                self.falls = 0
            return None
        if self.process is not None:
            code, self.process = self.process.returncode, None
            wait = AGAIN[min(self.falls, len(AGAIN) - 1)]
            self.falls, self.start_at = self.falls + 1, now + wait
            return f"{self.name} ended with {code}; starts again in {wait} s"
        if now >= self.start_at:
            self.start()
        return None


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def role_commands(bind: str) -> dict[str, list[str]]:
    """How each role is started, in this same environment."""
    python = sys.executable
    web = [
        python, "-m", "gunicorn", "config.wsgi:application", "--bind", bind, "--workers", "1", "--threads", "8",
        "--no-control-socket", "--timeout", "60", "--graceful-timeout", "3", "--keep-alive", "5", "--log-level", "warning",
        "--worker-tmp-dir", "/dev/shm" if os.path.isdir("/dev/shm") else "/tmp",
    ]  # fmt: skip
    return {"web": web} | {name: [python, "-m", "config.cli", name] for name in ("engine", "auditor")}


def run(roles: Sequence[str], bind: str, env: Mapping[str, str], *, seconds: float | None = None) -> int:
    """Run the roles until a signal (or `seconds` have passed); the exit code. Each process is stopped by its id."""
    stopping: list[int] = []
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, lambda number, frame: stopping.append(number))
    commands = role_commands(bind)
    running = [Role(name, commands[name], env) for name in roles]
    began = time.monotonic()
    for role in running:
        role.start()
    try:
        while not stopping and (seconds is None or time.monotonic() - began < seconds):
            for role in running:
                if message := role.look():
                    sys.stderr.write(f"huiying: {message}\n")
            time.sleep(0.2)
    finally:
        stop(running)
    return 0


def stop(running: Sequence[Role]) -> None:
    """Ask every process group to end, then end what is left."""
    alive = [r.process for r in running if r.process is not None and r.process.poll() is None]
    for process in alive:
        _signal(process, signal.SIGTERM)
    deadline = time.monotonic() + GRACE
    for process in alive:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline - time.monotonic()))
    for process in alive:
        _signal(process, signal.SIGKILL)


def _signal(process: subprocess.Popen[bytes], sig: signal.Signals) -> None:
    """To the whole group: readers and the crawler child belong to the engine's."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, sig)
