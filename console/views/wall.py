"""倒计时: every running clock on one screen, for people who look for five seconds."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from config import clock
from console import clocks, polling
from console.coverage import coverage
from console.permissions import Request, signed_in

LARGE = 5  # rows that stay readable at 4 m on 1080p; the rest follow smaller
SMALL = 12
LATELY = timedelta(hours=12)


@signed_in
@require_safe
def wall(request: Request) -> HttpResponse:
    html = _fragment(clock.now())
    return render(request, "console/wall.html", {"live": mark_safe(html), "etag": polling.version(html)})


@signed_in
@require_safe
def live(request: Request) -> HttpResponse:
    return polling.answer(request, _fragment(clock.now()))


def _fragment(now: datetime) -> str:
    owed = clocks.running()
    shown = clocks.clocks_of(owed[: LARGE + SMALL], now)
    total = len(shown) if len(shown) < LARGE + SMALL else owed.count()
    context = {
        "large": shown[:LARGE],
        "small": shown[LARGE:],
        "total": total,
        "more": total - len(shown),
        "settled": clocks.clocks_of(clocks.settled_lately(now, LATELY)[:4], now),
        "coverage": coverage(),
    }
    return render_to_string("console/parts/wall_live.html", context)
