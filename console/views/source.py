"""One source: everything known of it, its settings, and its approval."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from archive import approval
from archive.models import Approval, Post, Source
from config import clock
from console import source_rows
from console.coverage import coverage
from console.forms import SourceForm, refuse
from console.permissions import Request, may, needs, signed_in
from crawlers import habits
from crawlers import robots as robots_files
from crawlers.models import Learned, Rejection, SourceRun
from flow import source_acts
from flow.models import AuditEntry
from sla.engine import Unmet

RUNS, REJECTIONS, ENTRIES, SPELLS = 30, 30, 30, 30
ERRORS_OF = timedelta(days=7)


@signed_in
@require_safe
def page(request: Request, source_id: int) -> HttpResponse:
    return _page(request, get_object_or_404(Source, pk=source_id))


def _page(request: Request, source: Source, note: str = "", status: int = 200) -> HttpResponse:
    now = clock.now()
    (row,) = source_rows.rows([source], now)
    context = {
        "row": row, "s": source, "now": now, "note": note, "coverage": coverage(),
        "height": source_rows.HEIGHT, "width": source_rows.STRIP_DAYS * source_rows.CELL, "cell": source_rows.CELL - 1,
        "robots": robots_files.snapshot(source.url) if source.url else None,
        "may_decide": may(request.user, "approve_source") and row.waiting and row.waiting.asked_by != request.user.username,
        "approvals": source.approvals.order_by("-asked_at", "-id")[:20],
        "missing": "" if source.enabled else approval.missing(source),
        **_history(source, now),
        **_habits(source),
    }  # fmt: skip
    return render(request, "console/source.html", context, status=status)


def _history(source: Source, now: datetime) -> dict[str, Any]:
    runs = SourceRun.objects.filter(source=source)
    errors = runs.filter(started_at__gte=now - ERRORS_OF).exclude(error="")
    grouped: dict[str, list[Any]] = {}
    for error, at in errors.order_by("-started_at").values_list("error", "started_at")[:5000]:
        found = grouped.setdefault(_kind_of(error), [error, 0, at, at])
        found[1] += 1
        found[3] = at
    rejected = Rejection.objects.filter(run__source=source).select_related("run").order_by("-run__started_at", "row")
    reasons = Counter(rejected.values_list("field", "reason")[:1000]) if source.pk else Counter()
    return {
        "runs": runs.order_by("-started_at")[:RUNS],
        "errors": sorted(grouped.values(), key=lambda e: -e[1])[:20],
        "rejected": rejected[:REJECTIONS],
        "rejected_reasons": reasons.most_common(10),
        "spells": source.spells.order_by("-starts_at")[:SPELLS],
        "posts": Post.objects.filter(source=source).order_by("-id")[:5],
        "entries": AuditEntry.objects.filter(subject=f"source:{source.pk}").order_by("-at", "-id")[:ENTRIES],
    }


def _kind_of(error: str) -> str:
    """Errors that differ in numbers only are one kind."""
    return "".join("#" if c.isdigit() else c for c in error)


def _habits(source: Source) -> dict[str, Any]:
    learned = Learned.objects.filter(source=source).first()
    if learned is None or learned.rhythm is None:
        return {"learned": learned}
    rates = learned.rhythm["rates"]
    most = max(rates) or 1
    bars = [
        {"hour": n % 24, "rate": round(r, 2), "x": n % 24 * 10, "h": round(30 * r / most, 1), "y": round(30 - 30 * r / most, 1)}
        for n, r in enumerate(rates)
    ]
    usual = habits.span(timedelta(seconds=learned.rhythm["usual_s"]))
    return {"learned": learned, "usual": usual, "allowed": learned.rhythm["allowed"], "working": bars[:24], "off": bars[24:]}


@needs("manage_sources")
@require_http_methods(["GET", "POST"])
def edit(request: Request, source_id: int) -> HttpResponse:
    """Change settings; what the approval covers is asked about again, and said so before."""
    source = get_object_or_404(Source, pk=source_id)
    first = {"interval_min": max(1, round(source.interval_s / 60))}
    form = SourceForm(request.POST or None, instance=source, initial=first)
    if request.method == "POST" and form.is_valid():
        values = {name: form.cleaned_data[name] for name in SourceForm.Meta.fields}
        if form.cleaned_data["interval_min"] != first["interval_min"]:
            values["interval_s"] = form.cleaned_data["interval_min"] * 60
        try:
            why = source_acts.change(source_id, values, request.user, clock.now())
        except Unmet as e:
            refuse(form, e)
        else:
            if why:
                messages.warning(request, f"已保存。{why}，须重新批准，批准前不读取")
            else:
                messages.success(request, "已保存")
            return redirect("source", source_id)
    context = {"form": form, "source": Source.objects.get(pk=source_id)}
    return render(request, "console/source_new.html", context, status=400 if form.errors else 200)


@needs("approve_source")
@require_POST
def decide(request: Request, source_id: int) -> HttpResponse:
    """Approve or refuse the open question."""
    source = get_object_or_404(Source, pk=source_id)
    asked = source.approvals.filter(state=Approval.State.WAITING).first()
    note, yes = request.POST.get("note", "").strip()[:300], request.POST.get("decision") == "yes"
    robots = robots_files.snapshot(source.url) if source.url else None
    try:
        source_acts.decide(asked.pk if asked else 0, request.user, clock.now(), yes=yes, note=note, robots=robots)
    except Unmet as e:
        messages.error(request, str(e))
        return _page(request, source, note, status=400)
    messages.success(request, f"已批准，{source.name}开始读取" if yes else f"已不批准：{source.name}")
    return redirect("source", source_id)


@needs("manage_sources")
@require_POST
def ask(request: Request, source_id: int) -> HttpResponse:
    get_object_or_404(Source, pk=source_id)
    try:
        source_acts.ask_again(source_id, request.user, clock.now())
        messages.success(request, "已重新提出，等待批准")
    except Unmet as e:
        messages.error(request, str(e))
    return redirect("source", source_id)


@signed_in
@require_safe
def robots(request: Request, source_id: int, approval_id: int) -> HttpResponse:
    """The snapshot as it was approved, as plain text."""
    row = get_object_or_404(Approval, pk=approval_id, source_id=source_id)
    return HttpResponse(row.robots, content_type="text/plain; charset=utf-8")


