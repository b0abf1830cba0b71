"""信源: what is read, how it goes, and the acts on one source that need no page of their own."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from archive import health
from archive.coverage import statement
from archive.models import Source
from config import clock
from config.clock import SHANGHAI, shanghai
from console import adding, source_rows
from console.coverage import LONGEST_LOOK, coverage
from console.forms import SourceForm
from console.permissions import Request, needs, signed_in
from console.views.events import query_of
from flow import audit, source_acts, source_record
from sla.engine import Unmet

PER_PAGE = 100
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class SourceFilter(forms.Form):
    ANY = ("", "不限")
    state = forms.ChoiceField(label="状态", required=False, choices=[ANY, ("trouble", "需处理"), *Source.State.choices])
    code = forms.ChoiceField(label="原因", required=False, choices=[ANY, *((c, r.word) for c, r in health.REASONS.items())])
    kind = forms.ChoiceField(label="类型", required=False, choices=[ANY, *Source.Kind.choices])
    outlet = forms.ChoiceField(label="主体", required=False, choices=[ANY, *Source.Outlet.choices])
    q = forms.CharField(label="名称或地址含", required=False, max_length=60)


@signed_in
@require_safe
def listing(request: Request) -> HttpResponse:
    form = SourceFilter(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    every = source_rows.rows(Source.objects.all(), clock.now())
    page = Paginator([row for row in every if _fits(row, wanted)], PER_PAGE).get_page(request.GET.get("page"))
    waiting = sum(row.waiting is not None for row in every)
    context = {
        "form": form, "page": page, "query": query_of(request), "total": len(every), "waiting": waiting,
        "height": source_rows.HEIGHT, "width": source_rows.STRIP_DAYS * source_rows.CELL, "cell": source_rows.CELL - 1,
        "coverage": coverage(),
    }  # fmt: skip
    return render(request, "console/sources.html", context, status=400 if form.errors else 200)


def _fits(row: source_rows.Row, wanted: dict[str, Any]) -> bool:
    source, state = row.source, wanted.get("state")
    if state == "trouble":
        if not (source.code in health.REASONS and source.code != "paused_by_owner") and row.state not in ("failing", "capped"):
            return False
    elif state and row.state != state:
        return False
    for name in ("code", "kind", "outlet"):
        if wanted.get(name) and getattr(source, name) != wanted[name]:
            return False
    q = (wanted.get("q") or "").lower()
    return not q or q in source.name.lower() or q in source.url.lower()


@needs("manage_sources")
@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    return adding.add(request, SourceForm(request.POST or None), "console/source_new.html", "source")


@needs("manage_sources")
@require_POST
def switch(request: Request, source_id: int) -> HttpResponse:
    """Pause with a reason or resume, as the form says; pressing twice is the same as once."""
    source, now = get_object_or_404(Source, pk=source_id), clock.now()
    try:
        if request.POST.get("on") == "1":
            source_acts.resume(source_id, request.user, now)
            messages.success(request, f"{source.name}已恢复读取")
        else:
            source_acts.pause(source_id, request.POST.get("reason", ""), request.user, now)
            messages.success(request, f"{source.name}已暂停")
    except Unmet as e:
        messages.error(request, str(e))
    return back(request, source_id)


@needs("manage_sources")
@require_POST
def read_now(request: Request, source_id: int) -> HttpResponse:
    source = get_object_or_404(Source, pk=source_id)
    try:
        source_acts.read_now(source_id, request.user, clock.now())
        messages.success(request, f"{source.name}已排入下一批读取；对方要求的间隔仍然遵守")
    except Unmet as e:
        messages.error(request, str(e))
    return back(request, source_id)


@signed_in
@require_safe
def coverage_statement(request: Request) -> HttpResponse:
    """JSON: which source was in which state from when to when in ?from= to ?to= (ISO 8601, Beijing time without a zone)."""
    now = clock.now()
    try:
        end = _instant(request.GET.get("to", "")) or now
        start = _instant(request.GET.get("from", "")) or end - timedelta(days=1)
    except ValueError:
        return JsonResponse({"error": "from 和 to 须为 ISO 8601 时间，如 2026-11-24T08:00", "field": "from"}, status=400)
    if not timedelta() < end - start <= LONGEST_LOOK:
        return JsonResponse({"error": f"from 须早于 to，跨度至多 {LONGEST_LOOK.days} 天", "field": "from"}, status=400)
    told = statement(start, end, now)
    spells = [
        {"source": s.name, "kind": s.kind, "state": s.state, "code": s.code, "from": shanghai(s.start), "to": shanghai(s.end)}
        for s in told.stretches
    ]
    return JsonResponse({
        "from": shanghai(told.start), "to": shanghai(told.end), "sentence": told.sentence(), "hours": told.hours(),
        "deaf_days": {day.isoformat(): names for day, names in told.deaf_days().items()}, "spells": spells,
    })  # fmt: skip


def _instant(text: str) -> datetime | None:
    """Raises ValueError."""
    at = datetime.fromisoformat(text.strip().replace(" ", "+")) if text.strip() else None
    return at.replace(tzinfo=SHANGHAI) if at and at.tzinfo is None else at


@needs("see_record")
@require_safe
def record(request: Request) -> HttpResponse:
    """The processing record as a workbook."""
    now = clock.now()
    with transaction.atomic():
        audit.record(request.user.get_username(), "source.record", "sources", now)
    answer = HttpResponse(source_record.workbook(now), content_type=XLSX)
    answer["Content-Disposition"] = f'attachment; filename="sources-{now.astimezone(SHANGHAI):%Y%m%d}.xlsx"'
    return answer


def back(request: Request, source_id: int) -> HttpResponse:
    """To the page the button stood on: the list with its filters, or the source's own."""
    where = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(where, None) and where.startswith("/sources/"):
        return redirect(where)
    return redirect("source", source_id)
