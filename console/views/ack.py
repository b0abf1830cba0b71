"""/ack/TOKEN/: the one-time link of a message. GET shows, only the button acknowledges (previews open every link)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from alerts import acks
from alerts.models import Alert
from config import clock
from flow import audit


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ack(request: HttpRequest, token: str) -> HttpResponse:
    now = clock.now()
    try:
        if request.method != "POST":
            return render(request, "console/ack.html", {"link": acks.look_up(token, now)})
        alert = _use(request, token, now)
    except acks.LinkRefused as e:
        return render(request, "console/ack.html", {"refused": e}, status=410 if e.code != "unknown" else 404)
    return render(request, "console/ack.html", {"done": alert})


def _use(request: HttpRequest, token: str, now: datetime) -> Alert:
    """Acknowledge and write it down: by the person logged in, else by whoever held the link."""
    user = request.user if request.user.is_authenticated else None
    with transaction.atomic():
        alert = acks.use(token, now, user)
        audit.record(user.get_username() if user else "link", "alert.acknowledged", f"alert:{alert.key}", now)
    return alert
