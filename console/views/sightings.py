"""渠道所见: what a person says of an article on our own outlets. Only an acceptance by a third person settles clocks."""

from __future__ import annotations

from typing import cast

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from config import clock
from console.permissions import Request, needs
from console.policy import policy
from flow import sighting_acts
from sla.engine import Unmet
from sla.models import Sighting


class Assignment(forms.Form):
    release = forms.IntegerField(min_value=1, max_value=10**9)


@needs("publish_release")
@require_POST
def accept(request: Request, sighting_id: int) -> HttpResponse:
    """One click where the text is the approved one; else with the reason given beside the differences."""
    row = get_object_or_404(Sighting, pk=sighting_id)
    try:
        release = sighting_acts.accept(sighting_id, request.user, policy(), clock.now(), reason=request.POST.get("reason", ""))
    except Unmet as e:
        messages.error(request, f"未认定：{e}")
        return _to(request, "release", row.release_id) if row.release_id else _to(request, "ledger")
    names = "、".join(release.duties)
    messages.success(request, f"已认定为公开证据，{names} 已办结" if names else "已认定为公开证据（续报，不停计时）")
    return _to(request, "event", release.event_id)


@needs("publish_release")
@require_POST
def decline(request: Request, sighting_id: int) -> HttpResponse:
    row = get_object_or_404(Sighting, pk=sighting_id)
    release_id = row.release_id
    try:
        sighting_acts.decline(sighting_id, request.user, clock.now())
        messages.success(request, "已记为不是此稿，列入“渠道已见、台账没有”")
    except Unmet as e:
        messages.error(request, str(e))
    return _to(request, "release", release_id) if release_id else _to(request, "ledger")


@needs("publish_release")
@require_POST
def assign(request: Request, sighting_id: int) -> HttpResponse:
    form = Assignment(request.POST)
    if not form.is_valid():
        messages.error(request, "请填台账中的发布编号（数字）")
        return _to(request, "ledger")
    try:
        row = sighting_acts.assign(sighting_id, form.cleaned_data["release"], request.user, clock.now())
    except Unmet as e:
        messages.error(request, str(e))
        return _to(request, "ledger")
    messages.success(request, "已指认，请核对文字后认定")
    return _to(request, "release", cast(int, row.release_id))


@needs("publish_release")
@require_POST
def dismiss(request: Request, sighting_id: int) -> HttpResponse:
    try:
        sighting_acts.dismiss(sighting_id, request.user, clock.now())
        messages.success(request, "已记为不属发布")
    except Unmet as e:
        messages.error(request, str(e))
    return _to(request, "ledger")


def _to(request: Request, name: str, *args: int | None) -> HttpResponse:
    """Buttons in a part of the page that is polled answer through htmx: there a redirect is a header."""
    where = reverse(name, args=args)
    return HttpResponseClientRedirect(where) if request.htmx else redirect(where)
