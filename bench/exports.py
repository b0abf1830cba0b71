"""Export of search results through the page's own view: time to the first byte, rows a second, memory it holds."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group, User
from django.test import Client

from archive import indexing
from archive.models import Change, Post, Source
from config import clock
from flow import documents, exporting

ROWS = 60_000


def measure(rows: int = ROWS) -> dict[str, Any]:
    """Needs a prepared folder without an engine; leaves its posts in it."""
    _fill(rows)
    user = User.objects.create(username="bench-export")
    user.groups.add(Group.objects.get_or_create(name="analyst")[0])
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(user)
    results = {name: _one(client, name, rows) for name in exporting.FORMATS}
    return {
        "rows": rows,
        "formats": results,
        "first_byte_s": max(r["first_byte_s"] for r in results.values()),
        "rows_per_s": min(r["rows_per_s"] for r in results.values()),
        "grown_mb": max(r["grown_mb"] for r in results.values()),
    }


def _fill(rows: int) -> None:
    now = clock.real_now()
    source = Source.objects.create(name="导出基准", kind=Source.Kind.FILE)
    for start in range(0, rows, 2000):
        posts = Post.objects.bulk_create(
            Post(
                key=f"export-{n}", source=source, site=f"来源{n % 40}", platform="weibo", title=f"导出基准第{n}条",
                body=f"西安市灞桥区发生一起纠纷，民警到场处置，第{n}条。" * 4, url=f"https://example.cn/{n}",
                published_at=now - timedelta(seconds=13 * n), received_at=now, unread=False,
            )
            for n in range(start, min(rows, start + 2000))
        )  # fmt: skip
        Change.objects.bulk_create(Change(post=post) for post in posts)
    indexing.drain(documents.documents)


def _one(client: Client, name: str, rows: int) -> dict[str, Any]:
    began, before = time.perf_counter(), _resident_mb()
    answer = client.get("/search/export/", {"q": "导出基准", "format": name})
    assert answer.status_code == 200, answer.content
    chunks = iter(answer)
    size, peak = len(next(chunks)), before
    first = time.perf_counter() - began
    for n, chunk in enumerate(chunks):
        size += len(chunk)
        if n % 50 == 0:
            peak = max(peak, _resident_mb())
    seconds = time.perf_counter() - began
    return {
        "first_byte_s": round(first, 3),
        "rows_per_s": round(rows / seconds),
        "mb": round(size / 2**20, 1),
        "grown_mb": round(peak - before, 1),
    }


def _resident_mb() -> float:
    with open("/proc/self/statm") as held:
        return int(held.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
