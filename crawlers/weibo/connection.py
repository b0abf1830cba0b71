"""One connection of the push stream: opened with the last record's number, read until the server closes it."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx

from crawlers.adapters.base import Unread
from crawlers.weibo.app import business_base
from crawlers.weibo.errors import judge
from crawlers.weibo.grants import Access
from crawlers.weibo.options import Options
from crawlers.weibo.push import Lines, TooLong
from crawlers.weibo.said import Said

log = logging.getLogger(__name__)
CONNECT_S, SILENCE_S = 10.0, 20.0  # the server closes after 5 s of silence: 20 s of it mean a dead line
WAITING = 2000  # lines read and not yet stored; then reading waits, and the server with it
MOST_ERROR = 64 * 1024
LINGER_S = 0.1  # a batch waits so long for company: a transaction a record would be five hundred a second


class Connection:
    """Lines of one connection, read by a thread of its own so that storing them delays no reading."""

    def __init__(self, access: Access, options: Options, since: str, now: datetime) -> None:
        self._access, self._options, self._since, self._now = access, options, since, now
        self._lines: queue.Queue[bytes | Unread | None] = queue.Queue(WAITING)
        self._left = threading.Event()
        self._ended: Unread | None = None
        self.over = False  # the server closed it, as it does every few minutes
        threading.Thread(target=self._run, name="push-reader", daemon=True).start()

    def batch(self, most: int, wait: float) -> list[bytes]:
        """At most so many lines, those that come within `wait` seconds; [] when none did or it is over. Raises Unread."""
        until = time.monotonic() + wait
        found: list[bytes] = []
        while len(found) < most and not self.over and self._ended is None:
            try:
                line = self._lines.get(timeout=max(until - time.monotonic(), 0.001))
            except queue.Empty:
                break
            if line is None:
                self.over = True
            elif isinstance(line, Unread):
                self._ended = line
            else:
                if not found:
                    until = time.monotonic() + min(wait, LINGER_S)
                found.append(line)
        if not found and self._ended is not None:
            raise self._ended
        return found

    def leave(self) -> None:
        """No more is wanted: the reading thread ends at its next line or after its silence."""
        self._left.set()

    def _run(self) -> None:
        last: Unread | None = None
        try:
            for line in self._read():
                self._put(line)
                if self._left.is_set():
                    return
        except Unread as e:
            last = e
        except httpx.HTTPError as e:
            last = Unread(f"推送连接中断（{type(e).__name__}）")
        except TooLong as e:
            last = Unread(f"推送内容不合格式：{e}")
        except Exception as e:  # a defect of ours must not look like a quiet stream
            log.exception("reading the push stream")
            last = Unread(f"读取推送流失败：{type(e).__name__}")
        self._put(last)

    def _put(self, line: bytes | Unread | None) -> None:
        while not self._left.is_set():
            try:
                self._lines.put(line, timeout=0.5)
                return
            except queue.Full:
                continue

    def _read(self) -> Iterator[bytes]:
        params: dict[str, Any] = {**self._access.params, "subid": self._options.subid}
        if self._since:
            params["since_id"] = self._since
        url = f"{business_base()}/{self._options.path}"
        timeout = httpx.Timeout(CONNECT_S, read=SILENCE_S)
        with httpx.stream("GET", url, params=params, headers=self._access.headers, timeout=timeout) as response:
            if response.status_code != 200:
                raise self._refusal(response)
            lines = Lines()
            for chunk in response.iter_bytes():
                yield from lines.feed(chunk)

    def _refusal(self, response: httpx.Response) -> Unread:
        body = b""
        for chunk in response.iter_bytes(4096):
            body += chunk
            if len(body) > MOST_ERROR:
                break
        _, refusal = judge(response.status_code, body)
        return Said(refusal, "推送", self._now) if refusal else Unread(f"HTTP {response.status_code}")
