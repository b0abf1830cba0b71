"""Answers for fragments that are asked for every few seconds: unchanged is 304, and each carries the server's time."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified

from config import clock


def milliseconds(instant: datetime) -> int:
    """An instant as the browser counts it."""
    return int(instant.timestamp() * 1000)


def version(html: str) -> str:
    """The fragment's ETag. Fragments show instants, never ages, so equal content stays equal."""
    return f'"{hashlib.blake2b(html.encode(), digest_size=9).hexdigest()}"'


def answer(request: HttpRequest, html: str) -> HttpResponse:
    """200 with the fragment, or 304 when the browser shows it already.

    `no-store` keeps the browser's own cache out of it: the page sends If-None-Match itself (console.js), so a 304
    reaches htmx as "nothing to swap" and focus and selection stay where they are.
    """
    etag = version(html)
    response: HttpResponse
    if request.headers.get("If-None-Match") == etag:
        response = HttpResponseNotModified()
    else:
        response = HttpResponse(html)
    response["ETag"] = etag
    response["Cache-Control"] = "no-store"
    return stamp(response)


def stamp(response: HttpResponse) -> HttpResponse:
    """The service's time and pace, for countdowns that tick in the browser."""
    response["X-Now"] = str(milliseconds(clock.now()))
    response["X-Speed"] = str(clock.speed())
    return response
