"""Local servers that imitate Slack, a webhook receiver and a mail server, with knobs for what goes wrong."""

from __future__ import annotations

import json
import socketserver
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Answer:
    status: int = 200
    body: str = "{}"
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0  # seconds between accepting the request and answering
    hang_up: bool = False  # accept, then close without an answer
    trickle: float = 0  # seconds between the bytes of the answer, its head too


@dataclass
class Seen:
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict:
        return json.loads(self.body)


class HttpStandIn(ThreadingHTTPServer):
    """Answers with `answers` in turn, then as `rules` say, then with `usual`; keeps every request in `seen`."""

    daemon_threads = True

    def __init__(self, usual: Answer, rules: Callable[[Seen], Answer] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.rules = rules
        self.usual, self.answers, self.seen = usual, deque[Answer](), list[Seen]()
        self.url = f"http://127.0.0.1:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    server: HttpStandIn

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append(Seen(self.path, dict(self.headers), body))
        answer = self._answer(self.server.seen[-1])
        time.sleep(answer.delay)
        if answer.hang_up:
            return
        content = answer.body.encode()
        if answer.trickle:
            for byte in f"HTTP/1.0 200 OK\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content:
                self.wfile.write(bytes([byte]))
                time.sleep(answer.trickle)
            return
        self.send_response(answer.status)
        for name, value in ({"Content-Type": "application/json"} | answer.headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST

    def _answer(self, seen: Seen) -> Answer:
        server = self.server
        if server.answers:
            return server.answers.popleft()
        return server.rules(seen) if server.rules else server.usual

    def handle(self) -> None:
        with suppress(OSError):  # the other side stopped waiting, as some tests want
            super().handle()

    def log_message(self, *args: object) -> None:
        pass


class SmtpStandIn(socketserver.ThreadingTCPServer):
    """A small mail server. `replies` overrides the reply to a verb, e.g. {"RCPT": "550 no such user"}."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Smtp)
        self.replies: dict[str, str] = {}
        self.hang_up_after_data = False
        self.mails: list[bytes] = []
        self.port = self.server_address[1]


class _Smtp(socketserver.StreamRequestHandler):
    server: SmtpStandIn

    def handle(self) -> None:
        self._say("220 stand-in")
        while line := self.rfile.readline():
            verb = line[:4].decode("ascii", "replace").upper().strip()
            if verb == "DATA" and verb not in self.server.replies:
                self._say("354 go on")
                self.server.mails.append(self._data())
                if self.server.hang_up_after_data:
                    return
                self._say(self.server.replies.get("AFTER", "250 taken"))
                continue
            usual = {"EHLO": "250-stand-in\r\n250 AUTH PLAIN", "AUTH": "235 welcome", "QUIT": "221 bye"}
            self._say(self.server.replies.get(verb, usual.get(verb, "250 ok")))
            if verb == "QUIT":
                return

    def _data(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        return b"".join(lines)

    def _say(self, reply: str) -> None:
        self.wfile.write(reply.encode() + b"\r\n")


@contextmanager
def running(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


SLACK_OK = Answer(body='{"ok": true, "channel": "C1", "ts": "1700000000.000100"}')
