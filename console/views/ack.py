"""/ack/TOKEN/: the one-time link of a message. GET shows, only the button acknowledges (previews open every link)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from alerts import acks
from config import clock
from flow import acts


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ack(request: HttpRequest, token: str) -> HttpResponse:
    now = clock.now()
    try:
        if request.method != "POST":
            return render(request, "console/ack.html", {"link": acks.look_up(token, now)})
        user = request.user if request.user.is_authenticated else None
        alert = acts.acknowledge_by_link(token, user, now)
    except acks.LinkRefused as e:
        return render(request, "console/ack.html", {"refused": e}, status=410 if e.code != "unknown" else 404)
    return render(request, "console/ack.html", {"done": alert})
