"""来信: what came to 办公室, handed on and answered. Only 办公室 and the unit a letter was handed to; every read is audited."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analysis.models import Unit
from config import clock
from console import clocks
from console.forms import Moment, refuse
from console.people import unit_of
from console.permissions import Request, needs
from console.policy import policy
from crawlers.letter_rows import LetterRow, letters_of
from crawlers.tables import Unreadable
from flow import audit
from flow import letters as acts
from flow.models import Letter
from sla.engine import Unmet

PER_PAGE = 50
FILE_MAX, ROWS_MOST = 10 << 20, 2_000
SHOWN = 100


class LetterForm(forms.Form):
    """A letter entered by hand, as it came: what names the writer is masked before anything is stored."""

    channel = forms.ChoiceField(label="渠道", choices=Letter.Channel.choices)
    kind = forms.ChoiceField(label="类型", required=False, choices=[("", "由系统先判"), *Letter.Kind.choices])
    received_at = Moment(label="收到时间", help_text="北京时间；时限由此起算")
    external_no = forms.CharField(label="原编号", required=False, max_length=80, help_text="答复在原系统中按此编号办理，本系统不存联系方式")
    writer = forms.CharField(label="来信人姓名", required=False, max_length=40, help_text="只用于把姓名从正文中隐去，存为“张**”")
    title = forms.CharField(label="标题", required=False, max_length=200)
    text = forms.CharField(label="内容", max_length=acts.LONGEST, widget=forms.Textarea(attrs={"rows": 10}))


@needs("letters")
@require_safe
def listing(request: Request) -> HttpResponse:
    """Numbers, kinds, states and clocks; no word of any letter."""
    unit, now = unit_of(request.user), clock.now()
    found = acts.readable(unit)
    state = request.GET.get("state", "open")
    rows = found.exclude(state="closed") if state == "open" else found.filter(state=state) if state in Letter.State.values else found
    page = Paginator(rows.order_by("-received_at", "-id"), PER_PAGE).get_page(request.GET.get("page"))
    shown = [(row, _next_clock(row, now)) for row in page.object_list]
    audit.record(request.user.get_username(), "letters.listed", f"unit:{unit.pk if unit else 0}", now, shown=len(shown))
    context = {
        "page": page, "rows": shown, "unit": unit, "office": _is_office(unit), "state": state, "query": f"state={state}",
        "states": [("open", "未办结"), *Letter.State.choices, ("all", "全部")],
    }  # fmt: skip
    return render(request, "console/letters.html", context)


def _next_clock(letter: Letter, now: datetime) -> clocks.Clock | None:
    ob = acts.clocks_of(letter).filter(settled_at=None, exempt_reason="").first()
    return clocks.clock_of(ob, now) if ob else None


def _is_office(unit: Unit | None) -> bool:
    return unit is not None and unit == acts.office()


def _office_only(request: Request) -> Unit:
    unit = unit_of(request.user)
    if unit is None or not _is_office(unit):
        raise PermissionDenied("登记和转办来信由办公室办理")
    return unit


@needs("letters")
@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    _office_only(request)
    form = LetterForm(request.POST or None, initial={"received_at": clock.now()})
    if request.method == "POST" and form.is_valid():
        try:
            made, fresh = acts.receive(policy=policy(), now=clock.now(), by=request.user.get_username(), **form.cleaned_data)
        except Unmet as e:
            refuse(form, e)
        else:
            messages.success(request, f"已登记：{made}" if fresh else f"已登记过：{made}")
            return redirect("letter", made.pk)
    return render(request, "console/letter_new.html", {"form": form}, status=400 if form.errors else 200)


@needs("letters")
@require_POST
def bring(request: Request) -> HttpResponse:
    """Letters of a CSV or XLSX; each row is stored, known, or refused with its reason. The file is not kept."""
    _office_only(request)
    file, channel = request.FILES.get("file"), request.POST.get("channel", "")
    if file is None or channel not in Letter.Channel.values:
        return _brought(request, error="请选择文件和渠道")
    if (file.size or 0) > FILE_MAX:
        return _brought(request, error="文件超过 10 MB；请分次导入")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "letters"
        path.write_bytes(file.read())
        try:
            return _brought(request, **_store(request, letters_of(path), channel))
        except Unreadable as e:
            return _brought(request, error=str(e).replace("letters：", "").partition("；至少要有")[0])


def _store(request: Request, rows: Any, channel: str) -> dict[str, Any]:
    new, known, refused, now = 0, 0, [], clock.now()
    for at, row in enumerate(rows):
        if at >= ROWS_MOST:
            refused.append(LetterRow(row=row.row, reason=f"一次最多 {ROWS_MOST} 封；其余请另行导入"))
            break
        if row.reason:
            refused.append(row)
            continue
        try:
            _, fresh = acts.receive(
                row.channel or channel, row.text, row.received_at or now, policy(), now, kind=row.kind, title=row.title,
                writer=row.writer, external_no=row.external_no, by=request.user.get_username(),
            )  # fmt: skip
        except Unmet as e:
            refused.append(LetterRow(row=row.row, field=e.field, reason=str(e)))
            continue
        new, known = new + fresh, known + (not fresh)
    return {"done": {"new": new, "known": known, "refused": len(refused)}, "refused": refused[:SHOWN]}


def _brought(request: Request, error: str = "", **found: Any) -> HttpResponse:
    context = {"form": LetterForm(initial={"received_at": clock.now()}), "error": error, **found}
    return render(request, "console/letter_new.html", context, status=400 if error else 200)


@needs("letters")
@require_http_methods(["GET", "POST"])
def letter(request: Request, letter_id: int) -> HttpResponse:
    unit, now = unit_of(request.user), clock.now()
    found = acts.read(letter_id, unit, request.user, now)
    if found is None:
        raise Http404  # whether there is such a letter is nobody else's business
    refused = ""
    if request.method == "POST":
        try:
            _act(request, found, unit, now)
            still = acts.readable(unit).filter(pk=letter_id).exists()
            return redirect("letter", letter_id) if still else redirect("letters")
        except Unmet as e:
            refused = str(e)
    office = _is_office(unit)
    handovers = list(found.handovers.select_related("unit").order_by("at", "id"))
    holding = next((h for h in handovers if h.unit_id == (unit.pk if unit else 0) and not h.accepted_at and not h.objected_at), None)
    context = {
        "letter": found, "office": office, "handovers": handovers if office else [h for h in handovers if unit and h.unit_id == unit.pk],
        "clocks": clocks.clocks_of(acts.clocks_of(found), now), "holding": holding, "refused": refused,
        "units": Unit.objects.exclude(pk=unit.pk if unit else 0).order_by("kind", "name") if office else (),
        "kinds": Letter.Kind.choices,
        "free": found.state in ("new", "objected"), "open": found.state != "closed",
    }  # fmt: skip
    return render(request, "console/letter.html", context, status=400 if refused else 200)


def _act(request: Request, found: Letter, unit: Unit | None, now: datetime) -> None:
    """What the form asks for. Raises Unmet."""
    data, user, act = request.POST, request.user, request.POST.get("act", "")
    if act == "accept":
        acts.accept(found.pk, unit, user, now)
    elif act == "object":
        acts.object_to(found.pk, unit, data.get("reason", ""), user, now)
    elif not _is_office(unit):
        raise Unmet("转办、办结由办公室办理", "act")
    elif act == "hand":
        to = Unit.objects.filter(pk=int(data["unit"]) if data.get("unit", "").isdecimal() else 0).first()
        if to is None:
            raise Unmet("请选择单位", "unit")
        acts.hand_over(found.pk, to, data.get("note", ""), policy(), user, now)
    elif act == "settle":
        acts.settle(found.pk, data.get("duty", ""), data.get("note", ""), user, now)
    elif act == "outside":
        acts.forward_outside(found.pk, data.get("whom", ""), user, now)
    elif act == "classify":
        acts.classify(found.pk, data.get("kind", ""), data.get("petition") == "1", policy(), user, now)
    else:
        raise Unmet("没有这个操作", "act")
