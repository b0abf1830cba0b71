"""/healthz: is anybody watching the deadlines? The age of the engine's last tick, not whether a page renders."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from console.coverage import ENGINE_DEAD, tick_age


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when the last tick is at most ENGINE_DEAD old, else 503. Says nothing else: it needs no log-in."""
    age = tick_age()
    alive = age is not None and age <= ENGINE_DEAD
    state = "ok" if alive else ("never_ticked" if age is None else "stale")
    body = {"state": state, "tick_age_s": None if age is None else round(age.total_seconds(), 1)}
    return JsonResponse(body, status=200 if alive else 503, headers={"Cache-Control": "no-store"})
