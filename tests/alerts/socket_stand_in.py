"""A WebSocket server that imitates Slack's Socket Mode (RFC 6455, as much as one app needs), with knobs."""

from __future__ import annotations

import base64
import hashlib
import json
import socketserver
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class SocketStandIn(socketserver.ThreadingTCPServer):
    """`links` are the open connections; `answers` the envelope ids that came back, in order."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Link)
        self.links: list[_Link] = []
        self.opened = 0
        self.answers: list[str] = []
        self.silent = False  # half open: takes everything, answers nothing
        self.url = f"ws://127.0.0.1:{self.server_address[1]}/link?ticket=very-secret"

    def click(self, envelope: str, payload: dict) -> None:
        frame = {"type": "interactive", "envelope_id": envelope, "payload": payload, "accepts_response_payload": False}
        self.links[-1].say(TEXT, json.dumps(frame).encode())

    def ask_to_reconnect(self) -> None:
        self.links[-1].say(TEXT, json.dumps({"type": "disconnect", "reason": "refresh_requested"}).encode())

    def drop(self) -> None:
        for link in self.links:
            with suppress(OSError):
                link.request.shutdown(2)


class _Link(socketserver.StreamRequestHandler):
    server: SocketStandIn

    def handle(self) -> None:
        with suppress(OSError, ValueError):
            key = ""
            while (line := self.rfile.readline().strip()) != b"":
                if line.lower().startswith(b"sec-websocket-key:"):
                    key = line.split(b":", 1)[1].strip().decode()
            accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
            head = f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
            self.wfile.write(head.encode())
            self.server.opened += 1
            self.server.links.append(self)
            self.say(TEXT, b'{"type":"hello","num_connections":1}')
            try:
                self._listen()
            finally:
                self.server.links.remove(self)

    def _listen(self) -> None:
        while True:
            opcode, data = self._frame()
            if opcode == PING and not self.server.silent:
                self.say(PONG, data)
            elif opcode == TEXT:
                self.server.answers.append(json.loads(data)["envelope_id"])
            elif opcode == CLOSE:
                return

    def _frame(self) -> tuple[int, bytes]:
        first, second = self._read(2)
        length = second & 127
        if length == 126:
            (length,) = struct.unpack("!H", self._read(2))
        mask = self._read(4)
        return first & 15, bytes(b ^ mask[i % 4] for i, b in enumerate(self._read(length)))

    def _read(self, n: int) -> bytes:
        data = self.rfile.read(n)
        if len(data) < n:
            raise ValueError("gone")
        return data

    def say(self, opcode: int, data: bytes) -> None:
        length = bytes([len(data)]) if len(data) < 126 else b"\x7e" + struct.pack("!H", len(data))
        with self._lock:
            self.wfile.write(bytes([0x80 | opcode]) + length + data)

    _lock = threading.Lock()


def until(true: Callable[[], object], seconds: float = 5) -> None:
    """Wait for another thread to have done something."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
