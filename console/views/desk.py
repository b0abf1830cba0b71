"""值班台: what to do next. One list of alerts, one of events by time left, and what the silence is worth."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from alerts.escalation import CONSOLE, FINAL_KINDS
from alerts.models import Delivery
from analysis.models import Event
from config import clock
from console import affairs, inbox, polling
from console.coverage import coverage
from console.permissions import ACTS, Request, Rights, may, needs, signed_in
from console.policy import policy
from flow import handling, handover
from flow.rota import ladder_name
from sla.engine import TOP_GRADES, Unmet
from sla.models import Release

SHOWN = 10
RECENT = timedelta(days=1)
State = Delivery.State


@signed_in
@require_safe
def desk(request: Request) -> HttpResponse:
    html = _fragment(request.user, clock.now())
    context = {"live": mark_safe(html), "etag": polling.version(html), "unmanned": _unmanned()}
    return render(request, "console/desk.html", context)


@signed_in
@require_safe
def live(request: Request) -> HttpResponse:
    return polling.answer(request, _fragment(request.user, clock.now()))


@needs("acknowledge")
@require_POST
def acknowledge(request: Request) -> HttpResponse:
    """确认收到, in place. Ends the paging of this cause, never a clock."""
    now, key = clock.now(), request.POST.get("key", "")
    version = request.POST.get("version", "")
    try:
        alert = handling.acknowledge(key, request.user, now, version=int(version) if version.isdecimal() else None)
        said, mood = f"已确认收到：{alert.title}", "good"
        if alert.acked_by_id != request.user.pk:
            said = f"此前已由{alert.acked_by or '消息链接'}确认：{alert.title}"
    except Unmet as e:
        said, mood = str(e), "bad"
    if not request.htmx:
        messages.info(request, said)
        return redirect("desk")
    html = _fragment(request.user, now)
    response = polling.stamp(HttpResponse(html))
    response["ETag"] = polling.version(html)
    return trigger_client_event(response, "say", {"text": said, "mood": mood})


def _unmanned() -> bool:
    """Nobody could acknowledge anything: so it is after the first start, until people are made."""
    return not get_user_model().objects.filter(is_active=True, groups__name__in=ACTS["acknowledge"]).exists()


def _fragment(user: Any, now: datetime) -> str:
    return render_to_string("console/parts/desk_live.html", state(user, now))


def state(user: Any, now: datetime) -> dict[str, Any]:
    """Everything the desk shows, in a bounded number of queries."""
    alerts = inbox.listed(user)
    top = alerts[0].grade if alerts and alerts[0].kind not in FINAL_KINDS else None
    ladder = policy().ladder
    rows, running = affairs.by_time_left(now)
    return {
        "alerts": alerts,
        "calling": inbox.count(user),
        "full": len(alerts) == inbox.SHOWN,
        "top": top,
        "affairs": rows,
        "running": running,
        "undelivered": undelivered(now),
        "proposals": _proposals(),
        "releases": _releases(user),
        "handovers": [(c, ladder_name(c.role, ladder)) for c in handover.unsigned(ladder, now)],
        "coverage": coverage(),
        "may": Rights(user),
    }


def undelivered(now: datetime) -> list[tuple[str, str, int]]:
    """(state, its word, how many) of the messages of the last day that did not leave at once: delayed, held, failed."""
    late = Delivery.objects.filter(created_at__gt=now - RECENT).exclude(channel=CONSOLE)
    late = late.filter(Q(state__in=[State.FAILED, State.UNKNOWN, State.HELD]) | Q(state=State.WAITING, reason__gt=""))
    counts = dict(late.values_list("state").annotate(n=Count("id")).order_by())
    return [(state.value, state.label, counts[state]) for state in State if state in counts]


def _proposals() -> list[Event]:
    """Grades that only the engine has said so far, gravest first; the lesser ones are found in the list of events."""
    rows = Event.objects.filter(provisional=True, grade__in=TOP_GRADES, closed_at=None, merged_into=None)
    found = rows.exclude(jurisdiction=Event.Jurisdiction.ELSEWHERE).order_by("-last_post_at")[:SHOWN]
    return sorted(found, key=lambda e: TOP_GRADES.index(e.grade))


def _releases(user: Any) -> list[Release]:
    """Releases in the making that this person could take a step further."""
    rows = Release.objects.exclude(state=Release.State.PUBLISHED).select_related("event", "drafted_by", "reviewed_by")
    return [r for r in rows.order_by("drafted_at")[: SHOWN * 3] if _mine(r, user)][:SHOWN]


def _mine(release: Release, user: Any) -> bool:
    if release.state == Release.State.DRAFT:
        return may(user, "review_release") and release.drafted_by_id != user.pk
    return may(user, "publish_release") and user.pk not in (release.drafted_by_id, release.reviewed_by_id)
