"""A local web site that can be told how to behave; it writes down who asked what, and when."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Answer:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    wait: threading.Event | None = None  # answer only after this is set


@dataclass
class Asked:
    path: str
    headers: Message
    at: float


class Site:
    """`answers` maps a path to an Answer or to a function of the request; unknown paths are 404."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer | Callable[[Asked], Answer]] = {}
        self.asked: list[Asked] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = Asked(self.path, self.headers, time.monotonic())
                site.asked.append(asked)
                answer = site.answers.get(self.path, Answer(status=404))
                answer = answer(asked) if callable(answer) else answer
                if answer.wait:
                    answer.wait.wait(20)
                self.send_response(answer.status)
                for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                    if value:
                        self.send_header(name, value)
                self.end_headers()
                with contextlib.suppress(OSError):  # the reader hung up
                    self.wfile.write(answer.body)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def rss(*items: str, encoding: str = "utf-8") -> bytes:
    """An RSS 2.0 feed around these <item> contents."""
    inner = "".join(f"<item>{item}</item>" for item in items)
    text = f'<?xml version="1.0" encoding="{encoding}"?><rss version="2.0"><channel><title>t</title>{inner}</channel></rss>'
    return text.encode("gb18030" if encoding.startswith("gb") else encoding)


def item(n: int, date: str = "Mon, 20 May 2024 10:00:00 +0800") -> str:
    return f"<title>第{n}条</title><guid isPermaLink='false'>{n}</guid><link>/a/{n}</link><pubDate>{date}</pubDate>"
