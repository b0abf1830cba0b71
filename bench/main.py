"""`make bench`: one JSON document; ends with 1 when a target is missed.

Runs in a folder of its own that is removed afterwards, on SQLite, with the policy files of HUIYING_CONFIG or config/.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from typing import Any

POSTS = 24_000


def main() -> int:
    folder = tempfile.mkdtemp(prefix="huiying-bench-")
    for name in [n for n in os.environ if n.startswith("HUIYING_") and n not in ("HUIYING_CONFIG", "HUIYING_LOG")]:
        del os.environ[name]
    os.environ.pop("DATABASE_URL", None)
    # Our own feed is on loopback, and it is polled far more often than any real host would be.
    os.environ |= {"HUIYING_DATA": folder, "HUIYING_ALLOW_PRIVATE_SOURCES": "1", "HUIYING_CRAWL_DELAY": "0.1"}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        answer = measure()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.write(json.dumps(answer, ensure_ascii=False, indent=1) + "\n")
    return 0 if all(target["met"] for target in answer["targets"]) else 1


def measure() -> dict[str, Any]:
    import django

    django.setup()
    from archive.models import Source
    from bench import first_page, latency, posts
    from bench.machine import machine
    from bench.texts import mixed
    from config import clock
    from config.management.prepare import prepare
    from drill.standin import StandIn

    prepare()
    Source.objects.all().delete()
    what, texts = mixed(POSTS)
    stand_in = StandIn(clock.real_now)
    os.environ |= {k: v for k, v in stand_in.env.items() if k.startswith("HUIYING_WEBHOOK")}
    alert = latency.measure(stand_in)
    page = first_page.measure()
    # Last: its alerts would keep the channel busy.
    through = posts.measure(texts)
    return {
        "workload": {"texts": what, "posts": len(texts), "database": "sqlite"},
        "machine": machine(),
        "results": {"posts": through, "alert": alert, "page": page},
        "targets": [
            target("posts_per_s", ">=", 800, through["posts_per_s"], "posts/s"),
            target("item_to_alert_p95_s", "<=", 5, alert["item_to_alert_p95_s"], "s"),
            target("first_page_s", "<=", 5, page["first_page_s"], "s"),
        ],
    }


def target(name: str, sense: str, goal: float, got: float, unit: str) -> dict[str, Any]:
    met = got >= goal if sense == ">=" else got <= goal
    return {"name": name, "sense": sense, "goal": goal, "got": got, "unit": unit, "met": met}


if __name__ == "__main__":
    sys.exit(main())
