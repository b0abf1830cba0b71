"""告警: one cause with its steps, why each was told, what comes next, and everything that can be done about it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_POST, require_safe

from alerts import explain
from alerts.models import Alert, Escalation
from config import clock
from console import polling
from console.handling_forms import ACTS, HandlingForm
from console.permissions import ACTS as RIGHTS
from console.permissions import Request, Rights, may, needs, signed_in
from console.policy import policy
from flow import explaining, handling
from sla.engine import Unmet


@signed_in
@require_safe
def alert(request: Request, alert_id: int) -> HttpResponse:
    return _page(request, get_object_or_404(Alert, pk=alert_id))


@signed_in
@require_safe
def live(request: Request, alert_id: int) -> HttpResponse:
    row = get_object_or_404(Alert, pk=alert_id)
    return polling.answer(request, _fragment(_state(row, clock.now())))


@needs("acknowledge")
@require_POST
def act(request: Request, alert_id: int) -> HttpResponse:
    """One act on the alert, guarded by the version its form was made for."""
    row, now = get_object_or_404(Alert, pk=alert_id), clock.now()
    form = HandlingForm(request.POST, people=_people(request.user))
    if not form.is_valid():
        return _page(request, row, form, status=400)
    try:
        said = _done(row.key, request.user, form.cleaned_data, now)
    except Unmet as e:
        form.add_error(e.field if e.field in form.fields else None, str(e))
        return _page(request, row, form, status=409 if e.field == "version" else 400)
    messages.success(request, said)
    return redirect("alert", alert_id)


def _done(key: str, user: User, given: dict[str, Any], now: datetime) -> str:
    """Carry out what the form asks; what to tell the person. Raises Unmet."""
    name, version, reason = given["act"], given["version"], given["reason"]
    if name in ("close", "reapply") and not may(user, "close_alert"):
        raise Unmet("关闭告警、改用现行策略须由带班领导以上办理", "act")
    match name:
        case "acknowledge":
            handling.acknowledge(key, user, now, version=version)
        case "refuse":
            handling.refuse(key, user, reason, policy(), now, version=version)
        case "reassign":
            if given["to"] is None:
                raise Unmet("请选择转交给谁", "to")
            handling.reassign(key, user, given["to"], reason, policy(), now, version=version)
        case "snooze":
            if given["minutes"] is None:
                raise Unmet("请填写暂缓几分钟", "minutes")
            handling.snooze(key, user, given["minutes"], policy(), now, version=version)
        case "close":
            handling.close(key, user, reason, policy(), now, version=version)
        case _:
            handling.reapply(key, user, policy(), now, version=version)
    return ACTS[name] + "：已办理"


def _people(user: User) -> Any:
    """Whom an alert may be handed to: everybody else who may acknowledge one."""
    found = User.objects.filter(is_active=True, groups__name__in=RIGHTS["acknowledge"])
    return found.exclude(pk=user.pk).distinct().order_by("username")


def _page(request: Request, row: Alert, form: HandlingForm | None = None, status: int = 200) -> HttpResponse:
    now = clock.now()
    state = _state(row, now)
    html = _fragment(state)
    asked = User.objects.filter(username=request.GET.get("user", "")).first()
    first = HandlingForm(people=_people(request.user), initial={"version": state["version"]})
    escalation, head = state["escalation"], state["head"]
    context = {
        **state,
        "live": mark_safe(html),
        "etag": polling.version(html),
        "form": form or first,
        "refused": form,
        "asked": asked,
        "answer": explaining.explained(row, policy().ladder, now, asked)["user"] if asked else None,
        "people": User.objects.filter(is_active=True, groups__isnull=False).distinct().order_by("username"),
        "newer_policy": escalation is not None and state["facts"].rule.edition != policy().ladder.edition,
        "snooze_refused": escalation is not None
        and handling.snooze_refused(head, escalation, now + timedelta(minutes=1), now),
        "may": Rights(request.user),
        "me": request.user.pk,
    }
    return render(request, "console/alert.html", context, status=status)


def _state(row: Alert, now: datetime) -> dict[str, Any]:
    steps = explaining.steps_of(row.cause)
    escalation = Escalation.objects.filter(cause=row.cause).first()
    ladder = policy().ladder
    facts = explaining.facts_of(steps, escalation, ladder)
    following = explain.coming(facts)
    then = explain.foresee(facts.rule, following.level, following.at)[1:4] if following.level and following.at else []
    ahead = explaining.coming_json([following, *then], facts.rule, ladder, now)
    code = explain.state(facts)
    return {
        "alert": row,
        "head": steps[-1],
        "facts": facts,
        "escalation": escalation,
        "version": escalation.version if escalation else None,
        "state": code,
        "state_word": explain.STATES[code],
        "running": code in (explain.OPEN, explain.SNOOZED, explain.ACKNOWLEDGED),
        "next": following,
        "next_word": explain.WORDS[following.what],
        "next_to": _inboxes(ahead[0]),
        "then": [(c, _inboxes(row)) for c, row in zip(then, ahead[1:], strict=True)],
        "steps": [
            (step, [(d, explain.why_told(f, told, facts.rule)) for d, told in zip(step.deliveries.all(), f.told, strict=True)])
            for step, f in reversed(list(zip(steps, facts.steps, strict=True)))
        ],
        "handlings": explaining.handlings(row.cause),
    }


def _inboxes(step: dict[str, Any]) -> list[str]:
    return [t["address"] for t in step["to"] if t["channel"] == "console"]


def _fragment(state: dict[str, Any]) -> str:
    return render_to_string("console/parts/alert_live.html", state)
