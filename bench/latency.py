"""An item appears in a feed that is polled now -> the first alert is accepted by a channel."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from statistics import median, quantiles
from typing import Any

from archive.approval import vouched
from archive.models import Source
from bench.posts import ready
from bench.service import running, say, until
from bench.texts import Text, incidents
from config import clock
from drill.forms import Entry, rss
from drill.standin import StandIn


class LiveFeed(ThreadingHTTPServer):
    """An RSS feed whose entries are put in while it runs."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.entries: list[Entry] = []
        self.url = f"http://127.0.0.1:{self.server_port}/feed"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: LiveFeed

    def do_GET(self) -> None:
        robots = self.path == "/robots.txt"
        kind, text = ("text/plain", "") if robots else rss("基准快讯", self.server.url, self.server.entries[::-1])
        content = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def handle(self) -> None:
        with suppress(OSError):
            super().handle()

    def log_message(self, *args: object) -> None:
        pass


def measure(stand_in: StandIn) -> dict[str, Any]:
    """Seconds from the appearance to the accepted alert on the running engine, incident after incident."""
    feed = LiveFeed()
    source = Source(
        name="基准快讯", kind=Source.Kind.FEED, outlet="media", url=feed.url, home="西安", interval_s=86400,
        state="alive", purpose="基准测试", legal_basis="本机",
    )  # fmt: skip
    vouched(source, "基准测试", clock.real_now()).save()
    with running("engine"):
        until(ready, within=60)
        until(lambda: Source.objects.get(pk=source.pk).last_ok_at, within=60)  # the crawler child has started
        time.sleep(3)
        seconds = [_one(n, text, feed, source, stand_in) for n, text in enumerate(incidents())]
    say(f"item to alert: {min(seconds):.2f} to {max(seconds):.2f} s")
    return {
        "tries": len(seconds),
        "item_to_alert_p50_s": round(median(seconds), 2),
        "item_to_alert_p95_s": round(quantiles(seconds, n=20, method="inclusive")[-1], 2),
    }


def _one(n: int, text: Text, feed: LiveFeed, source: Source, stand_in: StandIn) -> float:
    before = len(stand_in.messages)
    began = time.perf_counter()
    feed.entries.append(Entry(f"item-{n}", *text, f"{feed.url}/{n}", clock.real_now()))
    Source.objects.filter(pk=source.pk).update(next_run_at=clock.real_now())
    until(lambda: len(stand_in.messages) > before, within=60, every=0.02)
    took = time.perf_counter() - began
    time.sleep(1.5)  # what this item still sets off must not be taken for the next one's alert
    return took
