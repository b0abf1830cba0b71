"""信源: what is read, how it goes, and a feed added by hand with its approval."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from archive.models import Source
from config import clock
from console.coverage import coverage
from console.forms import SourceForm
from console.permissions import Request, needs, signed_in
from flow import audit

# What fails comes first, whatever the sort (ease.md 5).
ORDER = [Source.State.FAILING, Source.State.CAPPED, Source.State.QUIET, Source.State.ALIVE, Source.State.OFF]


@signed_in
@require_safe
def listing(request: Request) -> HttpResponse:
    sources = sorted(Source.objects.all(), key=lambda s: (s.kind != "feed", ORDER.index(shown_state(s)), s.name))
    rows = [(source, shown_state(source)) for source in sources]
    return render(request, "console/sources.html", {"rows": rows, "coverage": coverage()})


def shown_state(source: Source) -> Any:
    return Source.State(source.state) if source.enabled else Source.State.OFF


@needs("manage_sources")
@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    form = SourceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        now = clock.now()
        source = form.save(commit=False)
        source.kind, source.enabled, source.state = Source.Kind.FEED, True, Source.State.QUIET
        source.interval_s, source.next_run_at = form.cleaned_data["interval_min"] * 60, now
        source.detail = "尚未读取"
        with transaction.atomic():
            source.save()
            audit.record(request.user.get_username(), "source.added", f"source:{source.pk}", now)
        messages.success(request, f"已添加并启用：{source.name}")
        return redirect("sources")
    return render(request, "console/source_new.html", {"form": form}, status=400 if form.errors else 200)


@needs("manage_sources")
@require_POST
def switch(request: Request, source_id: int) -> HttpResponse:
    """Enable or disable, as the form says; pressing twice is the same as once."""
    source, now = get_object_or_404(Source, pk=source_id), clock.now()
    on = request.POST.get("on") == "1"
    if on and not source.approved_by:
        messages.error(request, f"{source.name}尚无批准人，不能启用")
        return redirect("sources")
    with transaction.atomic():
        # Its due time is now, so that the next batch reads it; a source switched off keeps its cursor.
        state, detail = (Source.State.QUIET, "尚未读取") if on else (Source.State.OFF, "")
        changes: dict[str, Any] = {"enabled": on, "state": state, "detail": detail, "failures": 0}
        changes["next_run_at"] = now if on else None
        if Source.objects.filter(pk=source_id, enabled=not on).update(**changes):
            audit.record(request.user.get_username(), "source.on" if on else "source.off", f"source:{source_id}", now)
    messages.success(request, f"{source.name}已{'启用' if on else '停用'}")
    return redirect("sources")
