"""A stream of hot topics replayed hour by hour: were the grave events graded at once, and how often is a person paged?

    python -m bench.replay --data ../shared/data --home "*"      # grades by the labelling guide, bench/grave_events.tsv
    python -m bench.replay --data ../shared/data --home 西安      # alerts a day, the gravest week listed

Prints one JSON document. Every alert is acknowledged as soon as it is raised, so that what is counted is what pages a
person when the desk is manned. The database is a scratch one.
"""

from __future__ import annotations

import argparse
import dataclasses
import gzip
import json
import os
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from analysis.samples import plain_post

STREAM = "weibo_hotsearch_2024_2026.jsonl.gz"
GRAVE = Path(__file__).with_name("grave_events.tsv")
ORDER = (None, "一般", "较大", "重大", "特别重大")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--home", default="*", help='"*" for the whole country, or 西安')
    parser.add_argument("--from", dest="since", default="2024-05-01")
    parser.add_argument("--to", dest="until", default="2027-01-01")
    parser.add_argument("--all", action="store_true", help="also posts the reader finds irrelevant: ten times as many")
    parser.add_argument("--every", type=int, default=1, help="hours between rounds")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="huiying-replay-"))
    os.environ |= {"HUIYING_DATA": str(folder / "data"), "HUIYING_CONFIG": str(_policy_folder(folder, options.home))}
    os.environ.pop("DATABASE_URL", None)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        answer = measure(options)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    json.dump(answer, sys.stdout, ensure_ascii=False, indent=1)
    return 0


def _policy_folder(folder: Path, home: str) -> Path:
    """The shipped policy; for the whole country every place is ours."""
    target = folder / "config"
    shipped = Path(__file__).resolve().parent.parent / "config"
    target.mkdir()
    shutil.copytree(shipped / "words", target / "words")
    for path in shipped.glob("*.toml"):
        shutil.copy(path, target)
    if home == "*":
        units = (target / "units.toml").read_text()
        (target / "units.toml").write_text(re.sub(r"places = \[.*?\]", 'places = ["*"]', units, count=1, flags=re.DOTALL))
    return target


def measure(options: argparse.Namespace) -> dict[str, Any]:
    import django

    django.setup()
    from django.conf import settings

    from alerts.models import Alert
    from analysis.policy import load_editions
    from config.management.prepare import prepare
    from config.management.serving import readers
    from flow import intake, watch
    from flow.placing import Placer
    from flow.policy import load_policy

    prepare()
    policy = load_policy(settings.POLICY)
    if options.home == "*":
        policy = dataclasses.replace(policy, edition=load_editions(settings.POLICY)["labels"])
    reading = readers(policy)
    placer = Placer(policy.edition, reading.here)
    grave, counts = Watched(), Counter[str]()
    rows = [r for r in _rows(options.data) if options.since <= r["first_seen"] < options.until]
    replayed = rows if options.all else [r for r in rows if _relevant(r, reading.here)]
    began, done = datetime.now(UTC), 0
    for now, some in _rounds(replayed, timedelta(hours=options.every)):
        _save(some, now)
        counts += intake.run(placer, reading, policy, now, replay=True, held=True)
        if options.home != "*":
            watch.run(policy, now, held=True)
            Alert.objects.filter(acked_at=None).update(acked_at=now)
        grave.look([r["id"] for r in some])
        done += len(some)
        if done % 2_000 < len(some):
            sys.stderr.write(f"{done} posts, {(datetime.now(UTC) - began).seconds} s, {dict(counts)}\n")
    return {
        "workload": {"file": STREAM, "posts": len(rows), "replayed": len(replayed), "home": options.home, "round_h": options.every},
        "seconds": (datetime.now(UTC) - began).seconds,
        "counts": dict(counts),
        "grave": grave.report(),
        "graver_events": _graver_events(grave.ids),
        "alerts": _alerts(),
    }


def _rows(data: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(data / STREAM, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    yield from sorted(rows, key=lambda r: (r["first_seen"], r["id"]))


def _relevant(row: dict[str, Any], reader: Any) -> bool:
    """Is it worth a place in the replay? What is irrelevant raises no alert, and joins an event at the most."""
    body = row.get("desc") or ""
    text = plain_post(row["title"] + (f"\n{body}" if body else ""), row["first_seen"])
    return bool(reader.read(text).tier != "none")


def _rounds(rows: Sequence[dict[str, Any]], every: timedelta) -> Iterator[tuple[datetime, list[dict[str, Any]]]]:
    """(the round's instant, what was first seen since the one before); rounds without posts are left out."""
    some: list[dict[str, Any]] = []
    now = None
    for row in rows:
        at = datetime.fromisoformat(row["first_seen"])
        if now is not None and at > now:
            yield now, some
            some = []
            now = None
        if now is None:
            now = at.replace(minute=0, second=0, microsecond=0) + every
        some.append(row)
    if now is not None:
        yield now, some


def _save(rows: Sequence[dict[str, Any]], now: datetime) -> None:
    from archive.models import Source
    from crawlers.posts import ParsedItem, save

    source, _ = Source.objects.get_or_create(
        name="热搜", defaults={"kind": Source.Kind.FILE, "home": "", "outlet": "media", "state": "alive"}
    )
    items = [
        ParsedItem(
            title=row["title"], body=row.get("desc") or "", external_id=row["id"], platform="weibo",
            published_at=datetime.fromisoformat(row["first_seen"]),
        )
        for row in rows
    ]  # fmt: skip
    for start in range(0, len(items), 100):
        save(items[start : start + 100], source, now, live=False)


class Watched:
    """The grave events of the list: at which grade each stood one round after the first text that gives the figure."""

    def __init__(self) -> None:
        self.expected: list[tuple[str, str, list[str]]] = []
        for line in GRAVE.read_text().splitlines():
            if line and not line.startswith("#"):
                name, grade, ids = line.split("\t")
                self.expected.append((name, grade, ids.split()))
        self.first = {ids[0]: (name, grade) for name, grade, ids in self.expected}
        self.ids = {post_id for _, _, ids in self.expected for post_id in ids}
        self.stood: dict[str, str | None] = {}
        self.seen: set[str] = set()

    def look(self, ids: Sequence[str]) -> None:
        self.seen.update(self.ids.intersection(ids))
        for post_id in ids:
            if post_id in self.first:
                event = _event_of(post_id)
                self.stood[post_id] = event.grade if event else None

    def report(self) -> dict[str, Any]:
        rows = []
        events: dict[str, set[int]] = {}
        for name, grade, ids in self.expected:
            if ids[0] not in self.stood:
                continue
            rows.append({"event": name, "id": ids[0], "expected": grade, "got": self.stood[ids[0]]})
            found = (_event_of(post_id) for post_id in ids if post_id in self.seen)
            events.setdefault(f"{name}/{grade}", set()).update(e.pk for e in found if e)
        right = sum(r["got"] == r["expected"] for r in rows)
        held = [len(e) for e in events.values() if e]
        return {
            "listed": len(rows),
            "right_after_one_round": right,
            "share": round(right / len(rows), 4) if rows else None,
            "wrong": [r for r in rows if r["got"] != r["expected"]],
            "open_events_per_true_event": round(sum(held) / len(held), 3) if held else None,
            "split": {name: sorted(ids) for name, ids in events.items() if len(ids) > 1},
        }


def _event_of(external_id: str) -> Any:
    from analysis.models import Reading

    reading = Reading.objects.filter(post__external_id=external_id).select_related("event").first()
    event = reading.event if reading else None
    while event is not None and event.merged_into is not None:
        event = event.merged_into
    return event


def _graver_events(listed: set[str]) -> dict[str, Any]:
    """Events at 重大 or above that hold none of the listed texts: to be read one by one."""
    from analysis.models import Event, Reading

    rows = []
    for event in Event.objects.filter(grade__in=ORDER[3:], merged_into=None).order_by("id"):
        ids = set(Reading.objects.filter(event=event).values_list("post__external_id", flat=True))
        if not ids & listed:
            rows.append({"event": event.pk, "grade": event.grade, "title": event.title, "first": min(ids, default=""),
                         "at": event.last_post_at.isoformat()[:16], "reason": (event.reasons or [""])[0]})  # fmt: skip
    return {"unlisted": len(rows), "rows": rows}


def _alerts() -> dict[str, Any]:
    """Alerts that page somebody (level 1), by day of the replay; those of the fullest seven days listed."""
    from alerts.models import Alert

    found = list(Alert.objects.filter(level=1).order_by("raised_at").values_list("raised_at", "kind", "event__title"))
    if not found:
        return {"count": 0}
    days = Counter(at.date() for at, _, _ in found)
    first, last = min(days), max(days)
    span = (last - first).days + 1
    start = max((first + timedelta(days=n) for n in range(span)), key=lambda d: sum(days[d + timedelta(days=k)] for k in range(7)))
    week = [(at, kind, title) for at, kind, title in found if start <= at.date() < start + timedelta(days=7)]
    return {
        "count": len(found),
        "days": span,
        "a_day": round(len(found) / span, 3),
        "kinds": dict(Counter(kind for _, kind, _ in found)),
        "fullest_day": max(days.values()),
        "gravest_week": [f"{at.isoformat()[:16]} {kind} {title}" for at, kind, title in week],
    }


if __name__ == "__main__":
    sys.exit(main())
