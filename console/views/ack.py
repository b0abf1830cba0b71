"""/ack/TOKEN/: the one-time link of a message. GET shows, only the button acknowledges (previews open every link)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from alerts import acks
from config import clock
from flow import handling


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ack(request: HttpRequest, token: str) -> HttpResponse:
    now = clock.now()
    try:
        if request.method != "POST":
            return render(request, "console/ack.html", {"link": acks.look_up(token, now)})
        user = request.user if request.user.is_authenticated else None
        alert = handling.acknowledge_by_link(token, user, now)
    except acks.LinkRefused as e:
        handling.refused_from_outside(e.code, token, now, e.alert)
        return render(request, "console/ack.html", {"refused": e}, status=e.status)
    return render(request, "console/ack.html", {"done": alert})
