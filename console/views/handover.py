"""交接班: what is open is put together by itself; two people sign."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from alerts.models import HandOver
from config import clock
from console.permissions import Request, may, signed_in
from console.policy import policy
from flow import handover as acts
from flow.rota import ladder_name, names_of
from sla.engine import Unmet

PAST = 20


@signed_in
@require_http_methods(["GET", "POST"])
def handover(request: Request) -> HttpResponse:
    """Changes of crew from yesterday to tonight, to be signed by the people they concern; earlier records below."""
    now, ladder, error = clock.now(), policy().ladder, ""
    if request.method == "POST":
        try:
            said = _sign(request, now)
        except Unmet as e:
            error = str(e)
        else:
            messages.success(request, said)
            return redirect("handover")
    names, me = names_of(), request.user.pk
    mine = may(request.user, "sign_handover")
    rows: list[dict[str, Any]] = []
    for change in acts.changes(ladder, now):
        rows.append(
            {
                "change": change,
                "role": ladder_name(change.role, ladder),
                "out": "、".join(names.get(u, "?") for u in change.outgoing),
                "into": "、".join(names.get(u, "?") for u in change.incoming),
                "may_hand": mine and change.record is None and me in change.outgoing,
                "may_take": mine and change.record and not change.signed and me in change.incoming,
                "late": change.shift_at <= now and not change.signed,
            }
        )
    shown = [r["change"].record.pk for r in rows if r["change"].record]
    past = HandOver.objects.exclude(pk__in=shown).select_related("outgoing", "incoming").order_by("-shift_at")[:PAST]
    context = {
        "rows": rows,
        "items": acts.open_matters(now) if any(r["may_hand"] for r in rows) else [],
        "past": [(h, ladder_name(h.role, ladder)) for h in past],
        "error": error,
        "typed": request.POST,
    }
    return render(request, "console/handover.html", context, status=400 if error else 200)


def _sign(request: Request, now: datetime) -> str:
    """Raises Unmet."""
    if not may(request.user, "sign_handover"):
        raise Unmet("您的角色不能签交接班（可由值班员、带班领导办理）", "summary")
    try:
        shift_at = datetime.fromisoformat(request.POST.get("shift_at", ""))
    except ValueError:
        raise Unmet("没有这次交接，请刷新", "shift_at") from None
    change = acts.find(policy().ladder, request.POST.get("role", ""), shift_at, now)
    if request.POST.get("act") == "take":
        if change.record is None:
            raise Unmet("交班人员尚未签字", "remark")
        acts.take_over(change.record.pk, change.incoming, request.user, request.POST.get("remark", ""), now)
        return "已签接班"
    acts.hand_over(change, request.user, request.POST.get("summary", ""), now)
    return "已签交班，待接班人员签字"
