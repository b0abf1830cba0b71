"""时限: a person corrects, exempts, pauses, rules on the answer, closes or reopens; first shown what it will do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from analysis.models import Event
from config import clock
from console import clocks
from console.forms import Moment, refuse
from console.permissions import ACT_WORDS, Request, may, signed_in
from console.policy import policy
from flow import clock_acts
from sla.engine import Unmet

# act -> (its word, the right it needs)
ACTS = {
    "start": ("更正起算时间", "correct_clock"),
    "answer": ("应予回应（开 K3）", "rule_answer"),
    "no-answer": ("不需回应（撤 K3）", "rule_answer"),
    "exempt": ("批准免予履行", "exempt_clock"),
    "pause": ("暂停计时（非法定时限）", "pause_clock"),
    "resume": ("恢复计时", "pause_clock"),
    "close": ("结案", "close_event"),
    "reopen": ("重新打开", "close_event"),
}


class ClockActForm(forms.Form):
    act = forms.ChoiceField(label="办理事项")
    duty = forms.ChoiceField(label="职责", required=False, help_text="免予履行、暂停、恢复时选")
    at = Moment(label="起算时间", required=False, help_text="更正起算时间时填（北京时间）")
    basis = forms.CharField(label="法律依据", required=False, max_length=300, help_text="免予履行时填")
    reason = forms.CharField(label="理由", max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
    sure = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, acts: list[tuple[str, str]], duties: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["act"].choices = acts  # type: ignore[attr-defined]
        self.fields["duty"].choices = [("", "—"), *duties]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("act") == "start" and not data.get("at"):
            self.add_error("at", "请填起算时间")
        return data

    @property
    def asked(self) -> str:
        """What was asked for, as one text: the second step must ask for the same."""
        data = self.cleaned_data
        return "|".join(str(data.get(name) or "") for name in ("act", "duty", "at", "basis", "reason"))


@signed_in
@require_http_methods(["GET", "POST"])
def clock_act(request: Request, event_id: int) -> HttpResponse:
    """First what it will do to clocks and alerts; carried out when the same is asked for again."""
    event, now = get_object_or_404(Event, pk=event_id), clock.now()
    owed = clocks.clocks_of(event.obligations.filter(superseded_at=None).order_by("duty"), now)
    acts = [
        (name, word) for name, (word, right) in ACTS.items()
        if may(request.user, right) and (name == "reopen") == bool(event.closed_at)
    ]  # fmt: skip
    if not acts:
        raise PermissionDenied(f"您的角色不能{ACT_WORDS['correct_clock']}")
    duties = [(c.obligation.duty, f"{c.obligation.duty} {c.name}") for c in owed]
    form = ClockActForm(request.POST or None, acts=acts, duties=duties)
    effects: list[str] = []
    if request.method == "POST" and form.is_valid():
        act = _act(form.cleaned_data, event_id, request)
        try:
            if form.cleaned_data["sure"] == form.asked:
                done = clock_acts.perform(act, event_id, now)
                messages.success(request, f"{ACTS[form.cleaned_data['act']][0]}：" + "；".join(done))
                return redirect("event", event_id)
            effects = clock_acts.preview(act, event_id, now)
        except Unmet as e:
            refuse(form, e, starts_at="at")
    context = {"event": event, "form": form, "clocks": owed, "effects": effects, "asked": form.asked if effects else ""}
    return render(request, "console/event_clock.html", context, status=400 if form.errors else 200)


def _act(data: dict[str, Any], event_id: int, request: Request) -> Callable[[], Event]:
    user, reason, duty, now = request.user, data["reason"], data["duty"], clock.now()
    acts: dict[str, Callable[[], Event]] = {
        "start": lambda: clock_acts.correct_start(event_id, data["at"], user, reason, policy(), now),
        "answer": lambda: clock_acts.rule_on_answer(event_id, True, user, reason, policy(), now),
        "no-answer": lambda: clock_acts.rule_on_answer(event_id, False, user, reason, policy(), now),
        "exempt": lambda: clock_acts.exempt(event_id, duty, user, reason, data["basis"], policy(), now),
        "pause": lambda: clock_acts.pause(event_id, duty, user, reason, now),
        "resume": lambda: clock_acts.resume(event_id, duty, user, policy(), now),
        "close": lambda: clock_acts.close(event_id, user, reason, policy(), now),
        "reopen": lambda: clock_acts.reopen(event_id, user, reason, policy(), now),
    }
    return acts[data["act"]]
