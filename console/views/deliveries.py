"""送达记录: every message with its history. Filters live in the address."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from alerts.models import Attempt, Delivery
from config.clock import SHANGHAI
from console.permissions import Request, signed_in
from console.views.events import query_of
from console.words import CHANNELS, KINDS, RECEIPTS
from sla.engine import GRADES

PER_PAGE = 50
State = Delivery.State


class DeliveryFilter(forms.Form):
    ANY = ("", "不限")
    state = forms.ChoiceField(
        label="状态", required=False, choices=[ANY, ("trouble", "未能即时送出"), *State.choices]
    )
    channel = forms.ChoiceField(label="渠道", required=False, choices=[ANY, *CHANNELS.items()])
    kind = forms.ChoiceField(label="种类", required=False, choices=[ANY, *KINDS.items()])
    grade = forms.ChoiceField(label="等级", required=False, choices=[ANY, *((g, g) for g in GRADES)])
    receipt = forms.ChoiceField(label="回执", required=False, choices=[ANY, *((k, f"{k} {v}") for k, v in RECEIPTS.items())])
    event = forms.IntegerField(label="事件编号", required=False, min_value=1)
    q = forms.CharField(label="收件人或标题含", required=False, max_length=60)
    since = forms.DateField(label="自", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="至", required=False, widget=forms.DateInput(attrs={"type": "date"}))


@signed_in
@require_safe
def listing(request: Request) -> HttpResponse:
    form = DeliveryFilter(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    tries = Prefetch("tries", Attempt.objects.order_by("n"))
    found = _filtered(wanted).select_related("alert__event", "alert__acked_by", "user", "carried_by__alert")
    rows = found.prefetch_related(tries).order_by("-created_at", "-id")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {"form": form, "page": page, "query": query_of(request)}
    return render(request, "console/deliveries.html", context, status=400 if form.errors else 200)


def _filtered(wanted: dict[str, Any]) -> QuerySet[Delivery]:
    found = Delivery.objects.all()
    state = wanted.get("state")
    if state == "trouble":
        late = Q(state__in=[State.FAILED, State.UNKNOWN, State.HELD]) | Q(state=State.WAITING, reason__gt="")
        found = found.filter(late)
    elif state:
        found = found.filter(state=state)
    for name, field in (
        ("channel", "channel"), ("receipt", "receipt"), ("kind", "alert__kind"), ("grade", "alert__grade"), ("event", "alert__event_id"),
    ):  # fmt: skip
        if wanted.get(name):
            found = found.filter(**{field: wanted[name]})
    if q := wanted.get("q"):
        found = found.filter(
            Q(address__icontains=q) | Q(user__username__icontains=q) | Q(alert__title__icontains=q) | Q(alert__key=q)
        )
    midnight = datetime.min.time()
    if since := wanted.get("since"):
        found = found.filter(created_at__gte=datetime.combine(since, midnight, SHANGHAI))
    if until := wanted.get("until"):
        found = found.filter(created_at__lt=datetime.combine(until, midnight, SHANGHAI) + timedelta(days=1))
    return found
