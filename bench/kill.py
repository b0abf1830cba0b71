"""`make bench-kill`: engine and sender processes killed with SIGKILL; every message must arrive, hardly any twice.

Part 1 kills at random moments while an engine finds due milestones and several senders send; part 2 ends senders at
each numbered point between claiming and settling. On SQLite, and on a PostgreSQL server of its own. One JSON
document; ends with 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.databases import BOTH, apart, report

if TYPE_CHECKING:
    from bench.receiver import Running
    from flow.policy import Policy
    from flow.readers import Readers

LEASE_S, SPARE_S = 4.0, 1.0  # the product's is 20 s; shortened so that hundreds of kills fit into minutes
DELAY_MS = 6.0  # of the receiver, half before it accepts and half after: a gateway in the same network
SENDERS = 3
SEED = 20261124
# At these a message has been accepted and this is not yet written: the one window in which a kill may cost a copy.
WINDOW = ("accepted", "settling")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=BOTH, action="append", help="default: both")
    parser.add_argument("--kills", type=int, default=500, help="at random moments, on each database (default 500)")
    parser.add_argument("--deliveries", type=int, default=32_000, help="during them, on each database (default 32000)")
    parser.add_argument("--at-point", type=int, default=50, help="kills at each point, on each database (default 50)")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)  # this process measures one database
    return parser.parse_args()


def main() -> int:
    options = arguments()
    if options.here:
        sys.stdout.write(json.dumps(measure(options)) + "\n")
        return 0
    given = [a for a in sys.argv[1:] if a not in ("--database", *BOTH)]
    results = {name: apart("bench.kill", name, given) for name in options.database or BOTH}
    workload = {
        "kills_at_random": options.kills, "deliveries": options.deliveries, "kills_at_each_point": options.at_point,
        "senders": SENDERS + 1, "lease_s": LEASE_S, "receiver_ms": DELAY_MS, "seed": SEED,
    }  # fmt: skip
    goals = (
        ("lost", "<=", 0, "deliveries"),
        ("doubled_share", "<=", 0.01, "of deliveries"),
        ("doubled_with_key", "<=", 0, "deliveries"),
        ("doubled_outside_window", "<=", 0, "deliveries"),
        ("doubled_per_kill_in_window", "<=", 1, "deliveries"),
        ("changed", "<=", 0, "bodies"),
        ("recovery_p99_s", "<=", LEASE_S + 2, "s"),
    )
    return report(workload, results, goals)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection

    from alerts.channels import base
    from alerts.channels.webhook import Webhook
    from alerts.escalation import ChannelSettings
    from archive.models import Source
    from bench.receiver import receiver
    from bench.service import say
    from config.management.prepare import prepare
    from config.management.serving import readers
    from flow.policy import load_policy

    prepare()
    Source.objects.all().delete()
    policy = load_policy(settings.POLICY)
    Webhook.lease_s, base.SPARE = LEASE_S, SPARE_S
    with receiver(Path(settings.DATA), DELAY_MS) as gateway:
        out = ChannelSettings(
            name="webhook", addresses=("127.0.0.1",), per_minute=1_000_000, reserved=0,
            options={"url": gateway.url, "secret": "bench"},
        )  # fmt: skip
        policy = replace(policy, ladder=replace(policy.ladder, channels={"webhook": out}))
        reading = readers(policy)
        say(f"{connection.vendor}: lease {LEASE_S:g} s, {SENDERS} senders and an engine, {options.kills} kills at random")
        random_kills = part_one(policy, reading, gateway, options)
        points = part_two(policy, gateway, options.at_point)
    return verdict(random_kills, points)


def part_one(policy: Policy, reading: Readers, gateway: Running, options: argparse.Namespace) -> dict[str, Any]:
    """Milestones become due over the time of the kills; an engine tells them, all send, one after another is killed."""
    from bench.clocks import open_clocks
    from bench.forked import engine_process, fork, kill, sender_process
    from bench.service import say
    from config import clock

    dice = random.Random(SEED)
    now = clock.real_now()
    count = options.deliveries  # two levels are told at once, and both by one message of the channel
    span = timedelta(seconds=options.deliveries / 150)
    instants = [now + timedelta(seconds=5) + span * dice.random() for _ in range(count)]
    warnings = open_clocks(policy, instants, grade="重大", now=now, mark="random")
    works = [engine_process(policy, reading)] + [sender_process(policy)] * SENDERS
    children = [fork(work) for work in works]
    began, kills = time.monotonic(), 0
    time.sleep(5)  # until the first milestone is due
    while kills < options.kills:
        # Spread over the deliveries, not over time, so that a slow machine is killed no more often for each of them.
        received(gateway, count * 0.97 * kills / options.kills, within=3)
        time.sleep(dice.expovariate(1 / 0.05))
        victim = dice.randrange(len(works))
        kill(children[victim])
        children[victim] = fork(works[victim])
        kills += 1
        if kills % 50 == 0:
            say(f"{kills} kills, {gateway.count()} messages received")
    settled(within=300 + options.deliveries / 5)
    took = time.monotonic() - began
    for child in children:
        kill(child)
    return {"kills": kills, "seconds": round(took, 1), **counted(gateway, warnings)}


def received(gateway: Running, wanted: float, within: float) -> None:
    """Wait for so many messages, but no longer than `within` seconds: a standstill must be killed too."""
    deadline = time.monotonic() + within
    while gateway.count() < wanted and time.monotonic() < deadline:
        time.sleep(0.01)


def settled(within: float) -> None:
    """Wait until nothing is due or under way."""
    from django.db import connections

    from alerts.models import Delivery
    from bench.service import until
    from flow import instants, watch

    def done() -> bool:
        """every delivery is settled"""
        try:
            # The senders' parent: no connection may be open when it forks.
            return not watch.unfired(instants.real_now()).exists() and not Delivery.objects.filter(settled_at=None).exists()
        finally:
            connections.close_all()

    until(done, within=within, every=0.5)


def counted(gateway: Running, warnings: list[int]) -> dict[str, Any]:
    """What became of the messages about these milestones, by the receiver's own record."""
    from alerts.models import Alert, Attempt, Delivery
    from bench.receiver import honours
    from sla.models import Milestone

    copies: dict[str, list[str]] = defaultdict(list)
    accepted: Counter[str] = Counter()
    for line in gateway.lines():
        copies[line.key].append(line.digest)
        accepted[line.key] += line.accepted
    keys: list[str] = []
    for i in range(0, len(warnings), 500):
        part = warnings[i : i + 500]
        told = Alert.objects.filter(milestone_id__in=part)
        rows = Delivery.objects.filter(alert__in=told, channel="webhook", carried_by=None)
        keys += list(rows.values_list("key", flat=True))
        unfired = Milestone.objects.filter(id__in=part, fired_at=None).count()
        silent = len(set(part) - set(told.values_list("milestone_id", flat=True)))
        if unfired or silent:
            keys += [f"never-told:{n}" for n in range(max(unfired, silent))]
    recovered = []
    for i in range(0, len(keys), 500):
        dead = Attempt.objects.filter(delivery__key__in=keys[i : i + 500], ended_at=None)
        for attempt in dead.select_related("delivery"):
            following = attempt.delivery.tries.filter(n=attempt.n + 1).first()
            if following:  # itself cut short: its own recovery is counted from its start
                recovered.append(((following.ended_at or following.started_at) - attempt.started_at).total_seconds())
    plain = [k for k in keys if not honours(k)]
    return {
        "deliveries": len(keys),
        "lost": sum(accepted[k] == 0 for k in keys),
        "plain": len(plain),
        "doubled": sum(accepted[k] - 1 for k in plain if accepted[k] > 1),
        "doubled_with_key": sum(accepted[k] > 1 for k in keys if honours(k)),
        "sent_again": sum(len(copies[k]) - 1 for k in keys if copies[k]),
        "most_copies": max((len(copies[k]) for k in keys), default=0),
        "changed": sum(len(set(copies[k])) > 1 for k in keys),
        "claims_cut_short": len(recovered),
        "recovery_s": sorted(round(s, 2) for s in recovered),
    }


def part_two(policy: Policy, gateway: Running, kills: int) -> dict[str, dict[str, Any]]:
    """Senders that end at one point each, then one that lives."""
    from bench.clocks import open_clocks
    from bench.forked import dying_sender, fork, kill, sender_process
    from bench.service import say
    from config import clock
    from flow import delivery, instants, watch

    found = {}
    for point in delivery.POINTS if kills else ():
        now = clock.real_now()
        warnings = open_clocks(policy, [now] * (kills + 10), grade="重大", now=now, mark=point)
        while watch.glance(policy, instants.real_now())["milestones"]:
            pass
        ended = 0
        for _ in range(kills):
            pid = fork(dying_sender(policy, point))
            ended += os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -9
        living = fork(sender_process(policy))
        settled(within=180 + 2 * LEASE_S)
        kill(living)
        found[point] = {"kills": ended, **counted(gateway, warnings)}
        if ended < kills:
            raise RuntimeError(f"only {ended} of {kills} senders died at {point}")
        say(f"{point}: {ended} kills, {found[point]['lost']} lost, {found[point]['sent_again']} sent again")
    return found


def verdict(first: dict[str, Any], points: dict[str, dict[str, Any]]) -> dict[str, Any]:
    parts = [first, *points.values()]
    # In part 2 nobody takes leases back until the kills are over.
    recovery = first.pop("recovery_s")
    for part in points.values():
        part.pop("recovery_s")
    worst = recovery[min(len(recovery) - 1, int(len(recovery) * 0.99))] if recovery else 0.0
    outside = [p for name, p in points.items() if name not in WINDOW]
    inside = [p for name, p in points.items() if name in WINDOW]
    return {
        "lost": sum(p["lost"] for p in parts),
        "doubled_share": round(first["doubled"] / max(first["plain"], 1), 5),
        "doubled_with_key": sum(p["doubled_with_key"] for p in parts),
        "doubled_outside_window": sum(p["sent_again"] for p in outside),
        "doubled_per_kill_in_window": max((round(p["sent_again"] / p["kills"], 3) for p in inside), default=0),
        "changed": sum(p["changed"] for p in parts),
        "recovery_p99_s": worst,
        "random": first,
        "points": points,
    }


if __name__ == "__main__":
    sys.exit(main())
