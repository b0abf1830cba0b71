"""`huiying up` on a folder that has been used before -> the first page."""

from __future__ import annotations

from statistics import median
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from bench.service import running, say, until
from flow import up

ROUNDS = 3


def measure() -> dict[str, Any]:
    seconds = []
    for _ in range(ROUNDS):
        port = up.free_port()
        with running("up", "--port", str(port)):
            seconds.append(until(lambda port=port: _answers(port), within=60, every=0.02))  # type: ignore[misc]
    say("first page: " + ", ".join(f"{s:.2f} s" for s in seconds))
    return {"page": "/login/", "rounds": [round(s, 2) for s in seconds], "first_page_s": round(median(seconds), 2)}


def _answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/login/", timeout=5) as answer:
            return answer.status == 200
    except (URLError, OSError):
        return False
