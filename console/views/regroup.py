"""归并: merging, splitting and moving on the event page, each with its undoing; answering the engine's proposals."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from analysis.models import Event
from config import clock
from console.forms import RegroupForm, refuse
from console.permissions import Request, needs
from console.policy import policy
from console.views.events import page
from flow import regroup
from flow.models import MergeProposal, Regroup
from sla.engine import Unmet


def _act(request: Request, reason: str) -> regroup.Act:
    return regroup.Act(user=request.user, reason=reason, policy=policy(), now=clock.now())


@needs("regroup")
@require_POST
def change(request: Request, event_id: int) -> HttpResponse:
    event = get_object_or_404(Event, pk=event_id)
    form = RegroupForm(request.POST)
    if not form.is_valid():
        return page(request, event, regroup_form=form)
    data = form.cleaned_data
    act = _act(request, data["reason"])
    try:
        if data["what"] == "merge":
            row = regroup.merge(event_id, data["other"], act)
        elif data["what"] == "move":
            row = regroup.move(event_id, data["posts"], data["other"], act)
        else:
            row = regroup.split(event_id, data["posts"], act, data["title"])
    except Unmet as e:
        refuse(form, e, gone="other", into="other")
        return page(request, event, regroup_form=form)
    messages.success(request, f"已{row.get_kind_display()}，共 {len(row.posts)} 条信息")
    return redirect("event", event_id if data["what"] == "merge" else row.into_id)


@needs("regroup")
@require_POST
def undo(request: Request, regroup_id: int) -> HttpResponse:
    row = get_object_or_404(Regroup, pk=regroup_id)
    try:
        regroup.undo(regroup_id, _act(request, "撤销"))
    except Unmet as e:
        messages.error(request, str(e))
    else:
        messages.success(request, f"{row.get_kind_display()}已撤销")
    return redirect("event", row.into_id if row.kind != Regroup.Kind.SPLIT else row.out_of_id)


@needs("regroup")
@require_POST
def proposal(request: Request, proposal_id: int) -> HttpResponse:
    row = get_object_or_404(MergeProposal, pk=proposal_id)
    try:
        if request.POST.get("answer") == "merge":
            regroup.merge(row.into_id, row.gone_id, _act(request, "系统建议，经人工确认"))
            messages.success(request, "已合并")
        else:
            regroup.decline(row.pk, request.user, clock.now())
            messages.success(request, "已记下不是同一事件，不再建议")
    except Unmet as e:
        messages.error(request, str(e))
    return redirect("event", row.into_id)
