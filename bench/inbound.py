"""A vendor's push at 500 posts a second while the receiving web process is killed with SIGKILL: nothing lost, nothing doubled.

`python -m bench.inbound` measures on data folders of its own; bench.crawl calls `measure` for its targets `lost` and
`doubled`. What receives is the product's web process, what makes the posts its importer; the sender does what a vendor
has to: whatever got no answer is signed anew and sent again.
"""

from __future__ import annotations

import json
import os
import queue
import random
import signal
import subprocess
import sys
import threading
import time
from typing import Any

RATE, KILLS, SECONDS, PER_REQUEST = 500, 20, 60, 50
SENDERS = 4
SEED = 20261124
PATIENCE_S = 180.0
KEY = "bench-key"


class Web:
    """The product's web process on a port of its own, killed and started again."""

    def __init__(self) -> None:
        from flow import up

        self.port = up.free_port()
        self._argv = up.role_commands(f"127.0.0.1:{self.port}")["web"]
        self._env = dict(os.environ) | {"HUIYING_INBOUND_BENCH": KEY}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._argv, env=self._env, start_new_session=True)

    def kill(self) -> None:
        assert self._process
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)

    def answers(self) -> bool:
        import httpx

        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/healthz", timeout=2).status_code > 0
        except httpx.HTTPError:
            return False


class Senders(threading.Thread):
    """Sends requests from a queue until each was accepted."""

    def __init__(self, url: str, waiting: queue.Queue[list[int]], done: threading.Event) -> None:
        super().__init__(daemon=True)
        self._url, self._waiting, self._done = url, waiting, done
        self.accepted = self.again = 0

    def run(self) -> None:
        import httpx

        from alerts.channels.webhook import signature

        with httpx.Client(timeout=10) as client:
            while not self._done.is_set():
                try:
                    numbers = self._waiting.get(timeout=0.2)
                except queue.Empty:
                    continue
                body = json.dumps([_row(n) for n in numbers], ensure_ascii=False).encode()
                while not self._done.is_set():
                    # A new instant each time: the same one would be a replay of what may have been kept.
                    stamp = str(int(time.time()))
                    headers = {"X-Huiying-Timestamp": stamp, "X-Huiying-Signature": "sha256=" + signature(KEY, stamp, body)}
                    try:
                        status = client.post(self._url, content=body, headers=headers).status_code
                    except httpx.HTTPError:
                        status = 0
                    if status in (202, 409):
                        self.accepted += len(numbers)
                        break
                    self.again += 1
                    time.sleep(0.3)
                self._waiting.task_done()


def _row(n: int) -> dict[str, Any]:
    return {
        "news_uuid": f"bench-{n:09d}", "news_title": f"压测第{n}条", "news_content": f"第{n}条推送的内容，路口追尾，交警已到场。",
        "news_url": f"https://weibo.com/9/{n}", "news_posttime": "2026-11-20 20:58:15", "platform_name": "微博", "news_author": f"路人{n % 977}",
    }  # fmt: skip


def measure(rate: int = RATE, kills: int = KILLS, seconds: float = SECONDS, per_request: int = PER_REQUEST) -> dict[str, Any]:
    """Push rate*seconds posts and kill the receiver so often, at random moments; what the posts table then holds.

    Needs the data folder of settings, its tables made ready. Leaves posts and one source in it.
    """
    from archive.approval import vouched
    from archive.models import Post, Source
    from config import clock
    from crawlers.importer import Importer

    count = int(rate * seconds)
    source = Source(
        name="推送压测 webhook", kind=Source.Kind.WEBHOOK, outlet="individual", purpose="压测", legal_basis="本机", options={"slug": "bench"}
    )
    vouched(source, "压测", clock.real_now()).save()
    web, importer, done = Web(), Importer(), threading.Event()
    waiting: queue.Queue[list[int]] = queue.Queue()
    senders = [Senders(f"http://127.0.0.1:{web.port}/inbound/bench/", waiting, done) for _ in range(SENDERS)]
    web.start()
    try:
        _until(web.answers, 60)
        for sender in senders:
            sender.start()
        began = time.monotonic()
        killed = _under_fire(web, importer, waiting, count, rate, kills, seconds, per_request)
        _until(lambda: sum(s.accepted for s in senders) >= count, PATIENCE_S)
        accepted_s = time.monotonic() - began
        stored = Post.objects.filter(source=source)

        def taken() -> bool:
            importer.look()
            return stored.count() >= count

        _until(taken, PATIENCE_S)
        time.sleep(2.0)  # for what would come twice
        stored_s = time.monotonic() - began - 2.0
        numbers = list(stored.values_list("external_id", flat=True))
    finally:
        done.set()
        web.kill()
        importer.stop()
        Source.objects.filter(pk=source.pk).update(enabled=False)
    return {
        "records": count, "rate_per_s": rate, "per_request": per_request, "kills": killed, "sent_again": sum(s.again for s in senders),
        "lost": count - len(set(numbers)), "doubled": len(numbers) - len(set(numbers)),
        "accepted_per_s": round(count / accepted_s, 1), "stored_per_s": round(count / stored_s, 1), "caught_up_s": round(stored_s - seconds, 1),
    }  # fmt: skip


def _under_fire(
    web: Web, importer: Any, waiting: queue.Queue[list[int]], count: int, rate: int, kills: int, seconds: float, per_request: int
) -> int:
    """Hand out requests at the rate and kill the web process in between; how often it was killed."""
    dice = random.Random(SEED)
    began = time.monotonic()
    moments = sorted(began + dice.uniform(0.0, seconds) for _ in range(kills))
    given = killed = 0
    while given < count or killed < kills:
        now = time.monotonic()
        while given < min(count, int((now - began) * rate)):
            waiting.put(list(range(given, min(given + per_request, count))))
            given = min(given + per_request, count)
        if killed < kills and now >= moments[killed] and web.answers():  # a process that has not begun is no receiver
            web.kill()
            web.start()
            killed += 1
        importer.look()
        time.sleep(0.05)
    return killed


def _until(what: Any, seconds: float) -> None:
    limit = time.monotonic() + seconds
    while not what():
        if time.monotonic() > limit:
            return  # what is missing then is counted as lost
        time.sleep(0.1)


def main() -> int:
    seconds = float(sys.argv[sys.argv.index("--seconds") + 1]) if "--seconds" in sys.argv else SECONDS
    if "--here" in sys.argv:
        import django

        django.setup()
        from config.management.prepare import prepare

        prepare()
        sys.stdout.write(json.dumps(measure(seconds=seconds)) + "\n")
        return 0
    from bench.databases import BOTH, apart, report

    chosen = [name for name in BOTH if name in sys.argv] or list(BOTH)
    results = {name: apart("bench.inbound", name, ["--seconds", str(seconds)]) for name in chosen}
    goals = (("lost", "<=", 0, "posts"), ("doubled", "<=", 0, "posts"))
    return report({"rate": RATE, "kills": KILLS, "seconds": seconds, "per_request": PER_REQUEST, "seed": SEED}, results, goals)


if __name__ == "__main__":
    sys.exit(main())
