"""One POST of JSON, as every HTTP channel but Slack makes it: time-outs, errors and secrets dealt with once."""

from __future__ import annotations

import json
import logging
import ssl
import time
from collections.abc import Mapping
from functools import cache
from typing import Any

import httpx

from alerts.channels.base import TIMEOUT, DeliveryFailed, http_failure

# They log whole addresses, and ours hold keys and tokens.
for _library in ("httpx", "httpcore"):
    logging.getLogger(_library).setLevel(logging.WARNING)

MOST_READ = 64 * 1024  # of an answer; a receiver that sends more is not answering
JSON = {"Content-Type": "application/json; charset=utf-8"}


def serialised(body: Mapping[str, Any]) -> bytes:
    """The one form of a body: the same bytes at every try."""
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def post(
    name: str, url: str, content: bytes, headers: Mapping[str, str] | None = None, *, timeout: float = TIMEOUT
) -> bytes:
    """The beginning of a 2xx answer; redirects are not followed. Raises DeliveryFailed, whose text holds no address."""
    return request(name, "POST", url, content, {**JSON, **(headers or {})}, timeout=timeout)


@cache
def _trusted() -> ssl.SSLContext:
    """Reading the certificates takes longer than a message; once is enough."""
    return httpx.create_ssl_context()


def request(
    name: str, method: str, url: str, content: bytes, headers: Mapping[str, str], *, timeout: float = TIMEOUT
) -> bytes:
    deadline = time.monotonic() + timeout
    answer = b""
    try:
        with httpx.stream(
            method, url, content=content, headers=dict(headers), timeout=timeout, verify=_trusted()
        ) as response:
            for piece in response.iter_bytes(4096):
                answer += piece
                if len(answer) > MOST_READ:
                    break
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("the answer trickles")
            status, wait = response.status_code, response.headers.get("Retry-After")
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as e:
        what = type(e).__name__
        raise DeliveryFailed(f"{name}: 连接失败（{what}）", code=what) from None
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as e:
        raise DeliveryFailed(f"{name}: 地址不对（{type(e).__name__}）", setup=True, code="bad_url") from None
    except httpx.HTTPError as e:
        what = type(e).__name__
        raise DeliveryFailed(f"{name}: 无回应（{what}）", unsure=True, code=what) from None
    if not 200 <= status < 300:
        raise http_failure(name, status, wait)
    return answer


def business(name: str, answer: bytes) -> dict[str, Any]:
    """The JSON object of a robot's answer. Raises DeliveryFailed (unsure): a portal or proxy answered in its place."""
    try:
        said = json.loads(answer)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise DeliveryFailed(f"{name}: 回复不是约定的格式", unsure=True, http=200, code="not_json")
    return said


def refusal(
    name: str,
    code: Any,
    *,
    passing: Mapping[int, float],
    setup: Mapping[int, str],
    words: Mapping[int, str],
) -> DeliveryFailed:
    """A business code that is no success, judged by its number alone.

    `passing`: codes that pass by themselves -> seconds to wait. `setup`: codes of a refused channel -> words.
    Everything else is a mistake in this message, with `words` where we know them.
    """
    number = code if isinstance(code, int) else 0  # no refusal has the code of success
    said = setup.get(number) or words.get(number)
    return DeliveryFailed(
        f"{name}: 错误码 {str(code)[:20]}" + (f"（{said}）" if said else ""),
        permanent=number not in passing and number not in setup,
        http=200,
        code=str(code)[:20],
        retry_after=passing.get(number),
        setup=number in setup,
    )
