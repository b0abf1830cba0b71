"""`make bench-deadlines`: are deadlines told on time, at what cost when nothing is due, and does the gravest overtake.

The real engine and auditor run as processes of their own; a receiver in another one writes down what it accepts. On
SQLite, and on a PostgreSQL server of its own. One JSON document; ends with 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.databases import BOTH, apart, report

if TYPE_CHECKING:
    from bench.receiver import Running
    from flow.policy import Policy

JITTER_S, IDLE_SHARE, TRIGGER_S = 1.5, 0.03, 3.0
IDLE_FOR_S = 20.0
WITHIN_S = 10.0
PAUSE_S = 2.1  # between two grave alerts: within the share of a channel that is kept for them


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=BOTH, action="append", help="default: both")
    parser.add_argument("--clocks", type=int, default=20_000, help="open clocks (default 20000)")
    parser.add_argument("--due", type=int, default=2_000, help=f"of them due within {WITHIN_S:g} s (default 2000)")
    parser.add_argument("--waiting", type=int, default=5_000, help="lower messages that wait (default 5000)")
    parser.add_argument("--grave", type=int, default=40, help="grave alerts meanwhile (default 40)")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)  # this process measures one database
    return parser.parse_args()


def main() -> int:
    options = arguments()
    if options.here:
        sys.stdout.write(json.dumps(measure(options)) + "\n")
        return 0
    given = [a for a in sys.argv[1:] if a not in ("--database", *BOTH)]
    results = {name: apart("bench.deadlines", name, given) for name in options.database or BOTH}
    workload = {
        "open_clocks": options.clocks, "due": options.due, "within_s": WITHIN_S, "lower_waiting": options.waiting,
        "grave_alerts": options.grave, "idle_measured_s": IDLE_FOR_S,
    }  # fmt: skip
    goals = (
        ("jitter_p99_s", "<=", JITTER_S, "s"),
        ("idle_cpu_share", "<=", IDLE_SHARE, "of one core"),
        ("trigger_to_send_p99_s", "<=", TRIGGER_S, "s"),
    )
    return report(workload, results, goals)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection

    from archive.models import Source
    from bench.clocks import open_clocks
    from bench.receiver import receiver
    from bench.service import running, say, until
    from config import clock
    from config.management.prepare import prepare
    from flow.policy import load_policy

    prepare()
    Source.objects.all().delete()
    with receiver(Path(settings.DATA), 6) as gateway:
        os.environ |= {"HUIYING_WEBHOOK_URL": gateway.url, "HUIYING_WEBHOOK_SECRET": "bench"}
        policy = load_policy(settings.POLICY)
        now = clock.real_now()
        far = [now + timedelta(days=10, seconds=n) for n in range(options.clocks)]
        warnings = open_clocks(policy, far, grade="较大", now=now, mark="open")
        say(f"{connection.vendor}: {len(warnings)} open clocks")
        with running("engine") as engine, running("auditor") as auditor:
            until(_ticking, within=60)
            time.sleep(10)
            idle = idle_share([engine.pid, auditor.pid])
            say(f"idle {idle['idle_cpu_share']:.2%} of one core")
            late = jitter(warnings[: options.due])
            say(f"lateness p50 {median(late):.2f} s, max {late[-1]:.2f} s")
            waiting = fill(warnings[options.due :], options.waiting)
            took = triggers(policy, gateway, options.grave)
            say(f"{waiting} lower ones waiting: grave alert to accepted message p50 {median(took):.2f} s, max {took[-1]:.2f} s")
    return {
        **idle,
        "jitter_p50_s": round(median(late), 3), "jitter_p99_s": p99(late), "jitter_max_s": round(late[-1], 3),
        "lower_waiting": waiting, "trigger_to_send_p50_s": round(median(took), 3), "trigger_to_send_p99_s": p99(took),
    }  # fmt: skip


def p99(ordered: Sequence[float]) -> float:
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 3)


def _ticking() -> bool:
    """the engine ticks"""
    from flow import locks

    return locks.last_tick() is not None


def idle_share(roots: Sequence[int]) -> dict[str, float]:
    """CPU time of these processes and their children over real time, while nothing is due."""
    from bench.machine import family

    def spent() -> float:
        return sum(_cpu_s(pid) for root in roots for pid in family(root))

    before, began = [spent(), *(_cpu_s(root) for root in roots)], time.monotonic()
    time.sleep(IDLE_FOR_S)
    after, took = [spent(), *(_cpu_s(root) for root in roots)], time.monotonic() - began
    whole, engine, auditor = (round((b - a) / took, 4) for a, b in zip(before, after, strict=True))
    return {"idle_cpu_share": whole, "idle_engine": engine, "idle_auditor": auditor}


def _cpu_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def jitter(ids: Sequence[int]) -> list[float]:
    """Seconds from each of these milestones' instants until it is told, as another process sees it; in order."""
    from config import clock
    from sla.models import Milestone

    first = clock.real_now() + timedelta(seconds=4)
    rows = Milestone.objects.in_bulk(ids)
    due: dict[int, datetime] = {}
    for n, milestone_id in enumerate(ids):
        due[milestone_id] = rows[milestone_id].at = first + timedelta(seconds=WITHIN_S * n / len(ids))
    Milestone.objects.bulk_update(rows.values(), ["at"], batch_size=500)
    if clock.real_now() > first:
        raise RuntimeError("this machine is too slow to set up the milestones in time")
    low, high = min(ids), max(ids)
    late: dict[int, float] = {}
    deadline = time.monotonic() + 120
    while len(late) < len(due) and time.monotonic() < deadline:
        told = Milestone.objects.filter(id__range=(low, high), fired_at__isnull=False).values_list("id", flat=True)
        fired, seen = set(told), clock.real_now()
        for milestone_id in fired & due.keys() - late.keys():
            late[milestone_id] = (seen - due[milestone_id]).total_seconds()
        time.sleep(0.05)
    if len(late) < len(due):
        raise TimeoutError(f"{len(due) - len(late)} milestones were never told")
    return sorted(late.values())


def fill(ids: Sequence[int], wanted: int) -> int:
    """Let further milestones fall due until so many messages wait for a channel; how many do."""
    from alerts.models import Delivery
    from bench.service import until
    from config import clock
    from sla.models import Milestone

    def waiting() -> int:
        return Delivery.objects.filter(channel="webhook", settled_at=None).count()

    more = list(ids[: max(0, wanted - waiting() + 300)])
    for i in range(0, len(more), 500):
        Milestone.objects.filter(id__in=more[i : i + 500]).update(at=clock.real_now())
    until(lambda: not Milestone.objects.filter(id__in=more[-500:], fired_at=None).exists(), within=600, every=0.5)
    until(lambda: waiting() >= wanted, within=60, every=0.5)
    return waiting()


def triggers(policy: Policy, gateway: Running, times: int) -> list[float]:
    """Seconds from a person opening a 重大 event until its first message was accepted; in order."""
    from django.contrib.auth.models import User

    from config import clock
    from flow import acts

    user = User.objects.get_or_create(username="bench")[0]
    began: dict[int, float] = {}
    for n in range(times):
        now = clock.real_now()
        at = time.time()
        event = acts.open_event(
            title=f"基准测试重大事件 {n}", at=now, type_="T13", grade="重大", user=user, knowledge="基准测试", policy=policy, now=now,
        )  # fmt: skip
        began[event.id] = at
        time.sleep(PAUSE_S)
    deadline = time.monotonic() + 60
    accepted: dict[int, float] = {}
    while len(accepted) < times and time.monotonic() < deadline:
        for line in gateway.lines():
            kind, _, rest = line.key.partition(":")
            event_id = int(rest.partition(":")[0]) if kind == "event" else 0
            if event_id in began:
                accepted[event_id] = min(line.at, accepted.get(event_id, line.at))
        time.sleep(0.5)
    if len(accepted) < times:
        raise TimeoutError(f"{times - len(accepted)} grave alerts were never sent")
    return sorted(accepted[e] - began[e] for e in began)


if __name__ == "__main__":
    sys.exit(main())
