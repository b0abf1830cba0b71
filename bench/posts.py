"""Posts committed -> graded, alerts written, indexed: how many a second, where the time goes, how much memory."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count

from archive import indexing
from archive.models import Change, Post, Source
from bench.machine import family, peak_mb
from bench.service import running, say, until
from bench.texts import Text
from config import clock
from config.management.serving import readers
from crawlers.posts import BATCH, ParsedItem, save
from flow import documents, intake, locks
from flow.models import Outcome
from flow.placing import Placer
from flow.policy import load_policy
from flow.texts import texts_of

ROUNDS = 3


def measure(texts: Sequence[Text]) -> dict[str, Any]:
    """Commit the posts unseen, let them become unread at one instant, wait until the index has them all.

    The real engine with its reader process does the work; the shares come from a last part done step by step here.
    """
    size = len(texts) // (ROUNDS + 1)
    parts = [texts[n * size : (n + 1) * size] for n in range(ROUNDS + 1)]
    source = Source.objects.create(name="基准测试", kind=Source.Kind.FILE, home="")
    with running("engine") as engine:
        until(ready, within=60)
        seconds = []
        for n, part in enumerate(parts[:-1]):
            commit(part, source, f"{n}")
            until(indexed, within=120)
            began = time.perf_counter()
            Post.objects.filter(unread=False, outcome=None).update(unread=True)
            until(done, within=600)
            seconds.append(time.perf_counter() - began)
            say(f"{size} posts in {seconds[-1]:.1f} s")
        memory = {pid: peak_mb(pid) for pid in family(engine.pid)}
    commit(parts[-1], source, "shares")
    return {
        "posts": size,
        "rounds": [round(size / s, 1) for s in seconds],
        "posts_per_s": round(size / median(seconds), 1),
        "outcomes": dict(Outcome.objects.values_list("kind").annotate(Count("id"))),
        "share_of_time": shares(),
        "peak_memory_mb": {
            "engine": round(memory.pop(engine.pid)),
            "its_children": [round(mb) for mb in memory.values()],
        },
    }


def commit(part: Sequence[Text], source: Source, mark: str) -> None:
    """Posts as an importer saves them, dated over the last day, not yet offered for reading."""
    now, dice = clock.real_now(), random.Random(mark)
    items = [
        ParsedItem(title=title, body=body, external_id=f"{mark}-{n}", platform="weibo", published_at=_when(now, dice))
        for n, (title, body) in enumerate(part)
    ]
    for i in range(0, len(items), BATCH):
        save(items[i : i + BATCH], source, now, live=False, also=lambda: Post.objects.filter(unread=True).update(unread=False))


def _when(now: datetime, dice: random.Random) -> datetime:
    return now - timedelta(seconds=dice.uniform(0, 86400))


def ready() -> bool:
    """the engine holds its role"""
    return locks.running_pid() is not None


def indexed() -> bool:
    """nothing waits for the index"""
    return not Change.objects.exists()


def done() -> bool:
    """every post has its outcome and stands in the index"""
    return not Post.objects.filter(unread=True).exists() and indexed()


def shares() -> dict[str, float]:
    """Where the time of the last part goes, step after step in this process: share of each step, adding up to 1."""
    policy, now = load_policy(settings.POLICY), clock.real_now()
    indexing.drain(documents.documents)
    Post.objects.filter(unread=False, outcome=None).update(unread=True)
    reader = readers(policy)
    placer = Placer(policy.edition, reader.here)
    placer.load(now)
    spent = dict.fromkeys(("read", "place", "write", "index"), 0.0)
    for posts in iter(lambda: intake.unread(now), []):
        for i in range(0, len(posts), BATCH):
            chunk = posts[i : i + BATCH]
            marks = [time.perf_counter()]
            (reads,) = reader.read([texts_of(chunk)])
            marks.append(time.perf_counter())
            batch = placer.place(chunk, reads, now)
            marks.append(time.perf_counter())
            intake.write(batch, policy, now, held=False)
            marks.append(time.perf_counter())
            for step, (a, b) in zip(("read", "place", "write"), pairwise(marks), strict=True):
                spent[step] += b - a
    began = time.perf_counter()
    indexing.drain(documents.documents)
    spent["index"] = time.perf_counter() - began
    connection.close()
    return {step: round(s / sum(spent.values()), 3) for step, s in spent.items()}
