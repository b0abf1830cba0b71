"""`make bench-silence`: does a source's silence ring when it should, and only then; one JSON document.

Sources are made from the rhythms of real streams (times only) and from timetables as offices keep them. Each is
watched for months as the service would: learned anew every day from the eight weeks before, polled every ten minutes.
Any alarm while it lives is false. Then it is cut off at random moments, and the delay until the alarm is measured
from its last item: in items that were expected meanwhile ("expected intervals"), in hours, and as a multiple of the
longest lull of the eight weeks before (for what speaks at random or in bursts nothing shorter is a sign).
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np

from bench.machine import machine
from config.clock import SHANGHAI
from crawlers import rhythm
from crawlers.rhythm import DAY, HOUR, Rhythm, Span

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"  # where real streams may lie; without them the timetables alone are run
POLL = 600.0  # or five times an interval, for what speaks more often
SITE_LAG = 120.0  # between the time an item bears and the moment it can be read
LEARNING_D, WATCHED_D = 60, 150
CUTS = 40
REGULAR = "regular"


@dataclass
class Stream:
    """One source: instants of its items (sorted seconds), and when nobody looked."""

    kind: str
    name: str
    items: list[float]
    blind: list[Span] = field(default_factory=list)
    poll: float = POLL


def off_day(day: date) -> bool:
    return calendar_off(day) if calendar_off else day.weekday() >= 5


def holidays() -> Any:
    from sla.calendar import UnknownYear
    from sla.policy import load_calendar

    calendar = load_calendar(ROOT / "config")

    def off(day: date) -> bool:
        try:
            return not calendar.is_working_day(day)
        except UnknownYear:
            return day.weekday() >= 5

    return off


calendar_off: Any = None


def timetables(rng: random.Random) -> Iterator[Stream]:
    """As offices publish: every hour, in office hours, once and twice a day; jitter (sigma) of 7 % of the interval, 20 min of a day."""
    start = datetime(2026, 1, 5, tzinfo=SHANGHAI).timestamp()
    days = LEARNING_D + WATCHED_D
    hourly = [start + h * HOUR + rng.gauss(0, 240) for h in range(days * 24)]
    yield Stream(REGULAR, "每小时一条", sorted(hourly))
    quarter = [start + q * 900 + rng.gauss(0, 60) for q in range(days * 96)]
    yield Stream(REGULAR, "每刻钟一条", sorted(quarter), poll=180.0)
    midnights = [start + d * DAY for d in range(days)]
    working = [m for m in midnights if not off_day(datetime.fromtimestamp(m, SHANGHAI).date())]
    office = [m + 9 * HOUR + n * 1800 + rng.gauss(0, 120) for m in working for n in range(18)]
    yield Stream(REGULAR, "工作日九点到十八点每半小时", sorted(office), poll=360.0)
    yield Stream(REGULAR, "每天八点", sorted(m + 8 * HOUR + rng.gauss(0, 1200) for m in midnights))
    twice = [m + h * HOUR + rng.gauss(0, 1200) for m in midnights for h in (9, 17)]
    yield Stream(REGULAR, "每天九点和十七点", sorted(twice))
    yield Stream(REGULAR, "工作日十点", sorted(m + 10 * HOUR + rng.gauss(0, 1200) for m in working))


def hot_search(rng: random.Random, data: Path) -> Iterator[Stream]:
    """First sight of each topic, by Weibo's category, and thinned to the pace of smaller outlets. Times only."""
    by_category: dict[str, list[float]] = {}
    with gzip.open(data / "weibo_hotsearch_2024_2026.jsonl.gz", "rt", encoding="utf-8") as rows:
        for line in rows:
            row = json.loads(line)
            at = datetime.fromisoformat(row["first_seen"]).timestamp()
            # Hourly snapshots: the item came at some moment of the hour before.
            by_category.setdefault(row.get("category") or "其他", []).append(at - rng.uniform(0, HOUR))
    everything = sorted(t for times in by_category.values() for t in times)
    gaps = np.diff(everything)
    blind = [(everything[i], everything[i + 1]) for i in np.flatnonzero(gaps > 4 * HOUR)]
    begin = datetime(2025, 3, 1, tzinfo=SHANGHAI).timestamp()
    end = begin + (LEARNING_D + WATCHED_D) * DAY
    for name, times in sorted(by_category.items(), key=lambda c: -len(c[1])):
        kept = sorted(t for t in times if begin <= t < end)
        if len(kept) >= 2 * (LEARNING_D + WATCHED_D):
            yield Stream("category", f"热搜·{name}", kept, blind)
    society = [t for t in everything if begin <= t < end]
    for per_day in (2, 6, 24, 72):
        share = per_day * (LEARNING_D + WATCHED_D) / len(society)
        yield Stream("thinned", f"热搜稀疏到每天 {per_day} 条", [t for t in society if rng.random() < share], blind)


def comments(data: Path) -> Iterator[Stream]:
    """Comments under posts, threads dealt out to ten sources: bursts and lulls."""
    dealt: dict[int, list[float]] = {}
    with gzip.open(data / "weibo_background_stream.jsonl.gz", "rt", encoding="utf-8") as rows:
        for line in rows:
            row = json.loads(line)
            dealt.setdefault(hash_of(str(row["orig"])) % 10, []).append(datetime.fromisoformat(row["time"]).timestamp())
    for n, times in sorted(dealt.items()):
        times.sort()
        begin = max(range(0, len(times), 200), key=lambda i: bisect_left(times, times[i] + (LEARNING_D + WATCHED_D) * DAY) - i)
        kept = times[begin : bisect_left(times, times[begin] + (LEARNING_D + WATCHED_D) * DAY)]
        yield Stream("bursts", f"评论流 {n}", kept)


def hash_of(text: str) -> int:
    from zlib import crc32

    return crc32(text.encode())


def watch(stream: Stream, rng: random.Random) -> dict[str, Any]:
    """False alarms and delays of one source."""
    items = stream.items
    begin = items[0] + LEARNING_D * DAY
    end = min(items[-1], begin + WATCHED_D * DAY)
    learned: Rhythm | None = None
    daily: list[tuple[float, Rhythm | None]] = []
    day = items[0] + 10 * DAY
    while day < end:
        known = items[: bisect_right(items, day)]
        recent = known[bisect_left(known, day - rhythm.WINDOW.total_seconds()) :]
        blind = [(a, b) for a, b in stream.blind if b > day - rhythm.WINDOW.total_seconds() and a < day]
        learned = rhythm.learn(recent, day, off_day, blind=blind, lag_s=SITE_LAG, before=learned) or learned
        if day >= begin:
            daily.append((day, learned))
        day += DAY
    false, low_false, is_low = 0, 0, False
    learned_days = [(at, known) for at, known in daily if known]
    for day, habit in learned_days:
        for i in range(bisect_left(items, day), bisect_left(items, min(day + DAY, end))):
            # From the last item until the poll that brings this one.
            seen = ((items[i] + SITE_LAG) // stream.poll + 1) * stream.poll
            last = rhythm.silence(habit, items[i - 1], seen - stream.poll, off_day, stream.blind)
            false += last.improbable
        for n in range(4):
            at = day + n * 6 * HOUR
            came = bisect_right(items, at) - bisect_left(items, at - DAY)
            low = rhythm.too_low(habit, came, at, off_day, stream.blind, is_low=is_low)
            low_false += low and not is_low
            is_low = low
    watched = [(at, h) for at, h in learned_days if not any(a < at + DAY and b > at for a, b in stream.blind)]
    delays = [_delay(stream, h, at, rng) for at, h in rng.sample(watched, min(CUTS, len(watched)))]
    low_after = [_low_delay(stream, h, at, rng) for at, h in rng.sample(watched, min(CUTS, len(watched)))]
    months = (end - begin) / DAY / 30
    expected = [d for d, _, _ in delays]
    lulls = [d for _, _, d in delays]
    return {
        "kind": stream.kind,
        "name": stream.name,
        "per_day": round(len(items) / ((items[-1] - items[0]) / DAY), 1),
        "months": round(months, 1),
        "false_alarms": false,
        "false_per_month": round(false / months, 2),
        "delay_intervals_p50": round(median(expected), 2),
        "delay_intervals_p95": round(quantiles(expected, n=20, method="inclusive")[-1], 2),
        "delay_h_p50": round(median(h for _, h, _ in delays), 1),
        "delay_lulls_p50": round(median(lulls), 2),
        "delay_lulls_p95": round(quantiles(lulls, n=20, method="inclusive")[-1], 2),
        "low_false_per_month": round(low_false / months, 2),
        "low_found_share": round(sum(h is not None for h in low_after) / max(len(low_after), 1), 2),
        "low_known": any(known and known.low for _, known in daily),
    }


def _delay(stream: Stream, known: Rhythm, day: float, rng: random.Random) -> tuple[float, float, float]:
    """From the last item before a random cut to the poll that rings: expected items, hours, longest lulls."""
    cut = day + rng.uniform(0, DAY)
    last = stream.items[bisect_right(stream.items, cut) - 1]
    # What we were blind to is no silence, so it does not lengthen one either.
    at = (cut // stream.poll + 1) * stream.poll
    step = HOUR
    while not rhythm.silence(known, last, at, off_day).improbable and at < cut + 60 * DAY:
        at += step
    while rhythm.silence(known, last, at - stream.poll, off_day).improbable and at - stream.poll > cut:
        at -= stream.poll
    due = rhythm.expected(known, last, at, off_day)
    before = [t for t in stream.items if cut - rhythm.WINDOW.total_seconds() <= t <= cut]
    blind = stream.blind
    whole = [(a, b) for a, b in pairwise(before) if not any(a < y and b > x for x, y in blind)]
    longest = sorted(whole, key=lambda g: g[0] - g[1])[:40]
    lull = max(rhythm.expected(known, a, b, off_day) for a, b in longest)
    return due, (at - last) / HOUR, due / lull


def _low_delay(stream: Stream, known: Rhythm, day: float, rng: random.Random) -> float | None:
    """Hours until a source that keeps only a tenth of its items is called low, within three days."""
    kept = [t for t in stream.items if t < day or rng.random() < 0.1]
    for n in range(1, 13):
        at = day + n * 6 * HOUR
        if rhythm.too_low(known, bisect_right(kept, at) - bisect_left(kept, at - DAY), at, off_day, is_low=False):
            return n * 6.0
    return None


def main() -> int:
    global calendar_off
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", default="", help="one kind of source")
    parser.add_argument("--data", type=Path, default=DATA, help="folder with the real streams")
    options = parser.parse_args()
    calendar_off = holidays()
    rng = random.Random(options.seed)
    streams = [*timetables(rng)]
    if options.data.is_dir():
        streams += [*hot_search(rng, options.data), *comments(options.data)]
    rows = []
    for stream in streams:
        if not options.only or stream.kind == options.only:
            rows.append(watch(stream, rng))
            sys.stderr.write(json.dumps(rows[-1], ensure_ascii=False) + "\n")
    answer: dict[str, Any] = {
        "workload": {"sources": len(rows), "real_rhythms": options.data.is_dir(), "poll_s": POLL, "learning_days": LEARNING_D},
        "machine": machine(),
        "results": rows,
        "by_kind": by_kind(rows),
        "targets": targets(rows),
    }
    sys.stdout.write(json.dumps(answer, ensure_ascii=False, indent=1) + "\n")
    return 0 if all(t["met"] for t in answer["targets"]) else 1


def by_kind(rows: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    kinds = {}
    for kind in dict.fromkeys(row["kind"] for row in rows):
        of = [row for row in rows if row["kind"] == kind]
        months = sum(row["months"] for row in of)
        kinds[kind] = {
            "sources": len(of),
            "false_per_source_month": round(sum(row["false_alarms"] for row in of) / months, 3),
            "worst_source_false_per_month": max(row["false_per_month"] for row in of),
            "delay_intervals_p50": round(median(row["delay_intervals_p50"] for row in of), 2),
            "delay_intervals_worst_p95": max(row["delay_intervals_p95"] for row in of),
            "delay_lulls_p50": round(median(row["delay_lulls_p50"] for row in of), 2),
            "delay_lulls_worst_p95": max(row["delay_lulls_p95"] for row in of),
            "low_false_per_source_month": round(sum(row["low_false_per_month"] * row["months"] for row in of) / months, 3),
        }
    return kinds


def targets(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    regular = [row for row in rows if row["kind"] == REGULAR]
    wanted = [("false_alarms_per_source_month_worst", "<=", 1.0, max(row["false_per_month"] for row in rows), "1/月")]
    wanted.append(("delay_lulls_p95_worst", "<=", 2.0, max(row["delay_lulls_p95"] for row in rows), "longest usual lulls"))
    if regular:
        wanted.append(
            ("regular_delay_intervals_p50_worst", "<=", 2.0, max(row["delay_intervals_p50"] for row in regular), "expected intervals")
        )
    return [{"name": n, "sense": s, "goal": g, "got": got, "unit": u, "met": got <= g} for n, s, g, got, u in wanted]


if __name__ == "__main__":
    sys.exit(main())
