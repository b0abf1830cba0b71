"""The push stream at 500 posts a second while its receiver is killed with SIGKILL: nothing lost, nothing doubled.

`python -m bench.push` measures on a data folder of its own; bench.crawl calls `measure` for its targets `lost` and
`doubled`. The stream comes from another process (bench/weibo.py); the receiver is the product's.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from typing import Any

RATE, KILLS, SECONDS = 500, 20, 60
SEED = 20261124
PATIENCE_S = 120.0  # for what is left when the stream has said everything


def measure(rate: int = RATE, kills: int = KILLS, seconds: float = SECONDS) -> dict[str, Any]:
    """Push rate*seconds records and kill the receiver so often, at random moments; what the posts table then holds.

    Needs the data folder of settings, its tables made ready. Leaves posts and one source in it.
    """
    from archive.approval import vouched
    from archive.models import Post, Source
    from config import clock
    from crawlers.receivers import Receivers

    count = int(rate * seconds)
    argv = [sys.executable, "-m", "bench.weibo", str(rate), str(count)]
    weibo = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert weibo.stdout and weibo.stdin
    url = weibo.stdout.readline().strip()
    source = Source(
        name=f"推送压测 {url[-5:]}", kind=Source.Kind.WEIBO_PUSH, outlet="individual", purpose="压测", legal_basis="本机",
        options={"subid": "1"},
    )  # fmt: skip
    vouched(source, "压测", clock.real_now()).save()
    receivers = Receivers(dict(os.environ) | {
        "HUIYING_WEIBO_BUSINESS_API": url, "HUIYING_WEIBO_APP_KEY": "1", "HUIYING_ALLOW_PRIVATE_SOURCES": "1",
    })  # fmt: skip
    stored = Post.objects.filter(source=source)
    try:
        killed, first, last = _under_fire(receivers, source.pk, kills, seconds, count)
        numbers = list(stored.values_list("external_id", flat=True))
        behind = _behind(source.pk)
    finally:
        receivers.stop()
        Source.objects.filter(pk=source.pk).update(enabled=False)
        weibo.stdin.close()
        weibo.terminate()
        weibo.wait(10)
    return {
        "records": count, "rate_per_s": rate, "kills": killed, "lost": count - len(set(numbers)),
        "doubled": len(numbers) - len(set(numbers)), "stored_per_s": round(count / max(last - first, 0.001), 1),
        "caught_up_s": round(max(last - first - seconds, 0.0), 1), "cursor_behind": count - behind,
    }  # fmt: skip


def _under_fire(receivers: Any, source_id: int, kills: int, seconds: float, count: int) -> tuple[int, float, float]:
    """Tend the receiver as the engine does, but at once, and kill it; (kills, first post stored, last post stored)."""
    from archive.models import Post

    dice = random.Random(SEED)
    stored = Post.objects.filter(source_id=source_id)
    receivers.tend()
    limit = time.monotonic() + PATIENCE_S
    while not stored.exists():
        if time.monotonic() > limit:
            raise TimeoutError("the receiver stored nothing")
        time.sleep(0.05)
    first = time.monotonic()
    moments = sorted(first + dice.uniform(0.0, seconds) for _ in range(kills))
    killed, have = 0, 0
    limit = first + seconds + PATIENCE_S
    while have < count and time.monotonic() < limit:
        receivers._not_before.clear()  # the pause after a fall is not what is measured
        receivers.tend()
        if killed < kills and time.monotonic() >= moments[killed] and (pid := receivers.pids().get(source_id)):
            os.kill(pid, signal.SIGKILL)
            killed += 1
        time.sleep(0.05)
        if killed == kills or time.monotonic() > first + seconds:
            have = stored.count()
    return killed, first, time.monotonic()


def _behind(source_id: int) -> int:
    from archive.models import Source

    return int(Source.objects.get(pk=source_id).cursor.get("since", 0))


def main() -> int:
    if "--here" in sys.argv:
        import django

        django.setup()
        from config.management.prepare import prepare

        prepare()
        sys.stdout.write(json.dumps(measure()) + "\n")
        return 0
    from bench.databases import BOTH, apart, report

    chosen = [name for name in BOTH if name in sys.argv] or list(BOTH)
    results = {name: apart("bench.push", name, []) for name in chosen}
    goals = (("lost", "<=", 0, "posts"), ("doubled", "<=", 0, "posts"))
    return report({"rate": RATE, "kills": KILLS, "seconds": SECONDS, "seed": SEED}, results, goals)


if __name__ == "__main__":
    sys.exit(main())
