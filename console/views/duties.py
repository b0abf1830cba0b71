"""其他时限: what letters and units owe (K5 to K8), the soonest due first, and the record that settles it."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from config import clock
from console import clocks
from console.permissions import Request, needs, signed_in
from flow import subjects
from sla.engine import Unmet
from sla.models import Appearance, Obligation

PER_PAGE = 50
SHOWN_DONE = timedelta(days=90)


class SettleForm(forms.Form):
    note = forms.CharField(label="凭据", max_length=500)


@signed_in
@require_safe
def listing(request: Request) -> HttpResponse:
    return page(request)


def page(request: Request, refused: str = "", refused_id: int = 0) -> HttpResponse:
    now = clock.now()
    rows = Obligation.objects.filter(event=None, superseded_at=None)
    running = rows.filter(settled_at=None, exempt_reason="").order_by("due_at", "id")
    shown = Paginator(running, PER_PAGE).get_page(request.GET.get("page"))
    done = rows.filter(settled_at__gt=now - SHOWN_DONE).order_by("-settled_at", "-id")[:PER_PAGE]
    context = {
        "page": shown,
        "owed": clocks.clocks_of(shown.object_list, now),
        "done": clocks.clocks_of(done, now),
        "appearances": Appearance.objects.order_by("-at")[:20],
        "refused": refused,
        "refused_id": refused_id,
    }
    return render(request, "console/duties.html", context, status=400 if refused else 200)


@needs("settle_duty")
@require_POST
def settle(request: Request, obligation_id: int) -> HttpResponse:
    """Done now, as the note says."""
    ob, now = get_object_or_404(Obligation, pk=obligation_id, event=None), clock.now()
    form = SettleForm(request.POST)
    try:
        note = form.cleaned_data["note"] if form.is_valid() else ""
        subjects.settle(ob.subject, ob.duty, note, now, request.user, now)
    except Unmet as e:
        return page(request, str(e), ob.pk)
    messages.success(request, f"{ob.duty} {ob.subject_title} 已登记办结")
    return redirect("duties")
