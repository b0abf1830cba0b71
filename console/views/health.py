"""/healthz: is anybody watching the deadlines? The age of the engine's last tick, not whether a page renders.

Also what the last audit found broken, by name and count: alive and yet not in order is possible.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from console.coverage import ENGINE_DEAD, last_audit, tick_age


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when the last tick is at most ENGINE_DEAD old, else 503. Names no row: it needs no log-in."""
    age = tick_age()
    alive = age is not None and age <= ENGINE_DEAD
    state = "ok" if alive else ("never_ticked" if age is None else "stale")
    audit_age, found = last_audit()
    body = {
        "state": state,
        "tick_age_s": _seconds(age),
        "audit_age_s": _seconds(audit_age),
        "violations": dict(Counter(v["code"] for v in found)),
    }
    return JsonResponse(body, status=200 if alive else 503, headers={"Cache-Control": "no-store"})


def _seconds(age: timedelta | None) -> float | None:
    return None if age is None else round(age.total_seconds(), 1)
