"""事件: the list, and one event with everything known of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Min, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analysis.models import Event
from config import clock
from console import affairs, dossier, polling
from console.coverage import coverage
from console.forms import EventFilter, EventForm, GradeForm, RegroupForm, refuse
from console.permissions import Request, Rights, needs, signed_in
from console.policy import policy
from flow import acts
from sla.engine import Unmet

PER_PAGE = 30


@signed_in
@require_safe
def listing(request: Request) -> HttpResponse:
    now = clock.now()
    form = EventFilter({"state": "open", **request.GET.dict()})
    wanted = form.cleaned_data if form.is_valid() else {}
    page = Paginator(_filtered(wanted, now), PER_PAGE).get_page(request.GET.get("page"))
    rows = affairs.with_clocks(page.object_list, now)
    context = {"form": form, "page": page, "rows": rows, "coverage": coverage(), "query": query_of(request)}
    return render(request, "console/events.html", context)


def query_of(request: Request) -> str:
    """The address's filters without the page: what a link to another page carries on."""
    kept = request.GET.copy()
    kept.pop("page", None)
    return kept.urlencode()


def _filtered(wanted: dict[str, Any], now: datetime) -> QuerySet[Event]:
    found = Event.objects.filter(merged_into=None)
    state, place, grade = wanted.get("state"), wanted.get("place"), wanted.get("grade")
    if state:
        found = found.filter(closed_at__isnull=state == "open")
    if place in Event.Jurisdiction.values:
        found = found.filter(jurisdiction=place)
    elif place != "all":
        found = found.exclude(jurisdiction=Event.Jurisdiction.ELSEWHERE)
    if grade:
        found = found.filter(grade=None if grade == "none" else grade)
    if wanted.get("type"):
        found = found.filter(type=wanted["type"])
    if wanted.get("provisional"):
        found = found.filter(provisional=True, grade__isnull=False)
    if wanted.get("q"):
        found = found.filter(title__icontains=wanted["q"])
    return _sorted(_by_clock(found, wanted.get("clock"), now), wanted.get("sort"))


RUNNING = Q(
    obligations__superseded_at=None, obligations__settled_at=None, obligations__exempt_reason="",
    obligations__paused_at=None,
)  # fmt: skip


def _by_clock(found: QuerySet[Event], which: str | None, now: datetime) -> QuerySet[Event]:
    if which == "running":
        return found.filter(RUNNING, obligations__isnull=False).distinct()
    if which == "missed":
        return found.filter(RUNNING, obligations__due_at__lte=now).distinct()
    if which == "met":
        return found.filter(obligations__superseded_at=None, obligations__settled_at__isnull=False).distinct()
    return found


def _sorted(found: QuerySet[Event], order: str | None) -> QuerySet[Event]:
    if order == "due":
        due = Min("obligations__due_at", filter=RUNNING)
        return found.annotate(due=due).filter(due__isnull=False).order_by("due", "id")
    return found.order_by(*{"heat": ["-heat_index"], "opened": ["-t_detected"]}.get(order or "", ["-last_post_at"]), "-id")


@signed_in
@require_safe
def event(request: Request, event_id: int) -> HttpResponse:
    return page(request, get_object_or_404(Event, pk=event_id))


def page(
    request: Request, event: Event, form: GradeForm | None = None, regroup_form: RegroupForm | None = None
) -> HttpResponse:
    """The whole event page; `form` is a refused grade form with its reasons."""
    now = clock.now()
    state = dossier.live(event, now)
    head, side = _halves(request, state)
    folds, rows = dossier.folds(event, request.GET.get("page"))
    first = GradeForm(initial={"grade": event.grade or "一般"})
    context = {
        **state,
        "live": mark_safe(head),
        "side": mark_safe(side),
        "etag": polling.version(_together(head, side)),
        "page": folds,
        "folds": rows,
        "facts": dossier.facts(event),
        "briefs": dossier.briefs(event, now),
        "grade_form": form or first,
        "refused": form is not None,
        "regroup": dossier.regrouped(event),
        "regroup_form": regroup_form or RegroupForm(),
    }
    return render(request, "console/event.html", context, status=400 if form or regroup_form else 200)


@signed_in
@require_safe
def live(request: Request, event_id: int) -> HttpResponse:
    event = get_object_or_404(Event, pk=event_id)
    return polling.answer(request, _together(*_halves(request, dossier.live(event, clock.now()))))


def _halves(request: Request, state: dict[str, Any]) -> tuple[str, str]:
    """Head with clocks, and the side column: between them stand forms, which no poll may touch."""
    state = {**state, "may": Rights(request.user), "me": request.user.pk}
    return (
        render_to_string("console/parts/event_live.html", state),
        render_to_string("console/parts/event_side.html", state),
    )


def _together(head: str, side: str) -> str:
    return f'{head}<div id="event-side" hx-swap-oob="innerHTML">{side}</div>'


@signed_in
@require_safe
def fold(request: Request, event_id: int, fold_id: int) -> HttpResponse:
    """The copies of one text, fetched when the fold is opened."""
    return render(request, "console/parts/copies.html", {"copies": dossier.copies(event_id, fold_id)})


@needs("grade")
@require_POST
def grade(request: Request, event_id: int) -> HttpResponse:
    """Confirm or override the grade, with a reason; down only with a second person's own password."""
    event = get_object_or_404(Event, pk=event_id)
    form = GradeForm(request.POST)
    if not form.is_valid():
        return page(request, event, form)
    data = form.cleaned_data
    try:
        second = form.second_person(request)
        acts.grade_event(event_id, data["grade"], request.user, data["reason"], second, policy(), clock.now())
    except Unmet as e:
        refuse(form, e)
        return page(request, event, form)
    messages.success(request, f"等级已{'确认' if data['grade'] == event.grade else '改定'}为{data['grade']}")
    return redirect("event", event_id)


@needs("open_event")
@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    """Open an event by hand: 110, a unit or a leader told of it. Its clocks start as for any other."""
    now = clock.now()
    form = EventForm(request.POST) if request.method == "POST" else EventForm(initial={"at": now, "grade": "重大"})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            opened = acts.open_event(
                title=data["title"], at=data["at"], type_=data["type"], grade=data["grade"] or None,
                user=request.user, knowledge=data["knowledge"], policy=policy(), now=now,
            )  # fmt: skip
        except Unmet as e:
            refuse(form, e)
        else:
            messages.success(request, "事件已开立，时限自发生时间起算")
            return redirect("event", opened.pk)
    return render(request, "console/event_new.html", {"form": form}, status=400 if form.errors else 200)
