"""The city's outlets as real HTTP servers: one host each, robots.txt, conditional GET, items that appear by the drill's clock."""

from __future__ import annotations

import hashlib
import html
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from drill import forms, script
from drill.script import Feed, Item

SHOWN = 20  # items in a feed, as usual


class Outlet(ThreadingHTTPServer):
    """One feed at /feed, its articles at /item/N. `now` is the service's clock."""

    daemon_threads = True

    def __init__(self, feed: Feed, start: datetime, now: Callable[[], datetime]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.feed, self.start, self.now = feed, start, now
        self.scripted = [item for item in script.items(start) if item.feed == feed.slug]
        self.url = f"http://127.0.0.1:{self.server_port}"

    @property
    def minute(self) -> float:
        """Drill minutes since the start."""
        return (self.now() - self.start).total_seconds() / 60

    def published(self) -> list[Item]:
        """What has appeared by now, oldest first."""
        minute = self.minute
        said = [item for item in self.scripted if item.minute <= minute]
        return sorted([*said, *script.noise(self.feed, minute)], key=lambda item: item.minute)

    def is_down(self) -> bool:
        return self.feed.down is not None and self.feed.down[0] <= self.minute < self.feed.down[1]

    def link(self, item: Item) -> str:
        return f"{self.url}/item/{item_id(item)}"


def item_id(item: Item) -> str:
    return hashlib.sha256(f"{item.feed}/{item.minute}/{item.title}".encode()).hexdigest()[:12]


def open_city(start: datetime, now: Callable[[], datetime]) -> list[Outlet]:
    """All outlets, each answering in a thread of its own until the process ends."""
    outlets = [Outlet(feed, start, now) for feed in script.FEEDS]
    for outlet in outlets:
        threading.Thread(target=outlet.serve_forever, args=(0.1,), name=f"outlet-{outlet.feed.slug}", daemon=True).start()
    return outlets


class _Handler(BaseHTTPRequestHandler):
    server: Outlet

    def do_GET(self) -> None:
        if self.path == "/robots.txt":
            self._answer(200, "text/plain", "User-agent: *\nAllow: /\n")
        elif self.server.is_down():
            self._answer(503, "text/plain", "服务暂不可用")
        elif self.path == "/feed":
            self._feed()
        elif self.path.startswith("/item/"):
            self._item(self.path.removeprefix("/item/"))
        else:
            self._answer(404, "text/plain", "没有此页")

    def _feed(self) -> None:
        outlet = self.server
        entries = [
            forms.Entry(item_id(item), item.title, item.body, outlet.link(item), item.published(outlet.start))
            for item in reversed(outlet.published()[-SHOWN:])
        ]
        content_type, text = forms.FORMS[outlet.feed.form](outlet.feed.name, outlet.url, entries)
        etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:16]}"'
        if self.headers.get("If-None-Match") == etag:
            self._answer(304, content_type, "", etag)
        else:
            self._answer(200, content_type, text, etag)

    def _item(self, wanted: str) -> None:
        for item in self.server.published():
            if item_id(item) == wanted:
                title, body = html.escape(item.title), html.escape(item.body)
                head = f'<meta charset="utf-8"><title>{title}</title><p>演练信息，纯属虚构</p>'
                self._answer(200, "text/html", f"<!doctype html>{head}<h1>{title}</h1><p>{body}</p>")
                return
        self._answer(404, "text/plain", "没有此页")

    def _answer(self, status: int, content_type: str, text: str, etag: str = "") -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{content_type}; charset=utf-8")
        if etag:
            self.send_header("ETag", etag)
        if status != 304:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if status != 304:
            self.wfile.write(content)

    def handle(self) -> None:
        with suppress(OSError):  # a reader that went away is its own affair
            super().handle()

    def log_message(self, *args: object) -> None:
        pass
