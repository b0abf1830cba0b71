"""补采 of one source: a past window asked for, watched, stopped. The live reading does not notice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from archive.models import Source
from config import clock
from config.clock import real_now
from console.forms import Moment
from console.permissions import Request, needs
from crawlers import errands
from crawlers.models import Errand
from flow import audit

SHOWN = 20
READABLE = (Source.Kind.FEED, Source.Kind.SITE)


class WindowForm(forms.Form):
    start = Moment(label="起")
    end = Moment(label="止")
    alert = forms.BooleanField(
        label="当作新信息研读", required=False, help_text="勾选后会开事件、起计时、告警；平常补采不勾选，只供检索和统计"
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("start") and data.get("end") and data["start"] >= data["end"]:
            self.add_error("start", "起须早于止")
        return data


@needs("manage_sources")
@require_http_methods(["GET", "POST"])
def backfill(request: Request, source_id: int) -> HttpResponse:
    source, now = get_object_or_404(Source, pk=source_id), clock.now()
    if source.kind not in READABLE:
        raise Http404("这种信源不按地址补采；请用文件导入")
    errands.forget(real_now())
    form = WindowForm(request.POST or None, initial={"start": now - timedelta(days=7), "end": now})
    if request.method == "POST" and form.is_valid():
        if not source.approved_at:
            form.add_error(None, "信源尚未批准，不能补采")
        else:
            ask = {"from": form.cleaned_data["start"].isoformat(), "to": form.cleaned_data["end"].isoformat(), "alert": form.cleaned_data["alert"]}
            try:
                errand = errands.send(Errand.Kind.BACKFILL, ask, request.user.get_username(), now, source)
                with transaction.atomic():
                    audit.record(request.user.get_username(), "source.backfill", f"source:{source_id}", now, errand=errand.pk, **ask)
                messages.success(request, "补采已开始，可以离开本页")
                return redirect("source_backfill", source_id)
            except errands.TooMany as e:
                form.add_error(None, str(e))
    rows = Errand.objects.filter(kind=Errand.Kind.BACKFILL, source=source).order_by("-id")[:SHOWN]
    context = {"form": form, "source": source, "errands": rows, "running": any(not e.over for e in rows)}
    return render(request, "console/source_backfill.html", context, status=400 if form.errors else 200)


@needs("manage_sources")
@require_POST
def stop(request: Request, source_id: int, errand_id: int) -> HttpResponse:
    errands.stop(get_object_or_404(Errand, pk=errand_id, source=source_id, kind=Errand.Kind.BACKFILL))
    messages.success(request, "已取消；已经读到的保留")
    return redirect("source_backfill", source_id)
