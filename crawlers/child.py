"""The crawler child seen from outside: started when needed, fed ids, replaced when gone, ended by its id."""

from __future__ import annotations

import contextlib
import json
import logging
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.conf import settings
from django.db import connection

from archive.models import Source
from config import clock
from crawlers import hosts, processes, schedule

log = logging.getLogger(__name__)
Report = dict[str, Any]
CRASHES_FORGIVEN = 1  # a source under way at a second crash is taken for its cause


class Child:
    """One crawler child at a time. `crawl` returns at once; `heard` is called with each report, from a thread."""

    def __init__(
        self, heard: Callable[[Report], object] = lambda report: None, env: Mapping[str, str] | None = None
    ) -> None:
        """`env`: the environment of every child that is started; None = this process's own."""
        self._heard, self._env = heard, env
        self._process: subprocess.Popen[str] | None = None
        self._under_way: set[int] = set()
        self._crashes: Counter[int] = Counter()
        self._stopping = False
        self._changed = threading.Condition(threading.RLock())

    @property
    def pid(self) -> int | None:
        process = self._process
        return process.pid if process else None

    def start(self) -> None:
        """Have a child running before the first source is due (it needs a second or two)."""
        with self._changed:
            self._stopping = False
            if self._process is None:
                self._spawn()

    def crawl(self, ids: Iterable[int]) -> None:
        """Have these sources read; ones that are being read already are not asked for twice."""
        with self._changed:
            fresh = [i for i in dict.fromkeys(ids) if i not in self._under_way]
            if not fresh:
                return
            self._under_way.update(fresh)
            self.start()
            self._send(fresh)

    def wait(self, timeout: float | None = None) -> bool:
        """Until nothing is under way; False when `timeout` seconds passed first."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._under_way, timeout)

    def stop(self, timeout: float = 5.0) -> None:
        """End the child: no more work, then TERM, then KILL, always by its id."""
        with self._changed:
            self._stopping, process = True, self._process
        if process is not None:
            processes.end(process, timeout)

    def _spawn(self) -> None:
        self._process = process = subprocess.Popen(
            [sys.executable, str(settings.BASE_DIR / "manage.py"), "crawl_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            bufsize=1,
            env=self._env,
        )
        threading.Thread(target=self._listen, args=(process,), name="crawler-child", daemon=True).start()

    def _send(self, ids: list[int]) -> None:
        assert self._process and self._process.stdin
        with contextlib.suppress(OSError, ValueError):  # it has just ended: _gone sends them to the next one
            self._process.stdin.write(json.dumps({"sources": ids}) + "\n")

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        try:
            for line in process.stdout:
                self._tell(json.loads(line))
        finally:
            self._gone(process, process.wait())

    def _tell(self, report: Report) -> None:
        try:
            self._heard(report)
        finally:
            with self._changed:
                self._under_way.discard(report["id"])
                self._changed.notify_all()

    def _gone(self, process: subprocess.Popen[str], code: int) -> None:
        """Retired (0) or crashed: a new child takes what is still under way, but not what crashed it twice."""
        if code != 0:
            _give_back(process.pid)
        with self._changed:
            if self._process is process:
                self._process = None
            left = sorted(self._under_way)
            if self._stopping or not left:
                self._under_way.clear()
                self._changed.notify_all()
                return
            guilty = []
            if code != 0:
                log.warning("crawler child ended with %s", code)
                self._crashes.update(left)
                guilty = [i for i in left if self._crashes[i] > CRASHES_FORGIVEN]
            again = [i for i in left if i not in guilty]
            if again:
                self._spawn()
                self._send(again)
        for source_id in guilty:
            del self._crashes[source_id]
            self._tell(_crashed(source_id, code))


def _give_back(pid: int) -> None:
    """The sites it was asking are free again at once, not when its turns run out."""
    try:
        hosts.abandon(pid, clock.real_now())
    except Exception:  # whatever it is, the parent's own bookkeeping goes on
        log.warning("turns of the crawler child %s run out by themselves", pid, exc_info=True)
    finally:
        connection.close()


def _crashed(source_id: int, code: int) -> Report:
    said = f"读取进程异常退出（{code}）"
    try:
        now = clock.now()
        run = schedule.Run(started_at=now, state="failing", said=said)
        state = schedule.settle(source_id, run, now)
        name = Source.objects.values_list("name", flat=True).get(pk=source_id)
    finally:
        connection.close()
    return {"id": source_id, "name": name, "state": state, "fetched": 0, "new": 0, "error": said}
