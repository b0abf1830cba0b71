"""升级策略: the policy as it is in force, read-only, and a rehearsal: who would be told now, and who then."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from alerts import explain
from alerts.escalation import FINAL_KINDS, OTHER_GRADES
from alerts.ladder import Ladder, Rule, quiet_until, rule_for
from alerts.messages import duration
from config import clock
from console.permissions import Request, signed_in
from console.policy import policy
from console.words import KINDS
from flow import explaining, reach
from sla.engine import GRADES

NO_EVENT = ("source_silent", "system")


class TryForm(forms.Form):
    """Empty asks for the gravest case."""

    kind = forms.ChoiceField(label="种类", choices=[*KINDS.items()])
    grade = forms.ChoiceField(label="等级", required=False, choices=[*((g, g) for g in GRADES), ("", OTHER_GRADES)])


@signed_in
@require_safe
def policy_page(request: Request) -> HttpResponse:
    ladder, now = policy().ladder, clock.now()
    form = TryForm({"kind": "opened", "grade": GRADES[0], **request.GET.dict()})
    context = {
        "ladder": ladder,
        "levels": reach.levels(ladder, now),
        "rules": _rules(ladder),
        "channels": [(c.name, len(c.addresses), c.per_minute, c.reserved) for c in ladder.channels.values()],
        "never": [KINDS.get(k, k) for k in sorted(ladder.snooze.never)],
        "quiet_kinds": [KINDS[k] for k in sorted(ladder.quiet.kinds)] if ladder.quiet else [],
        "form": form,
        "now": now,
    }
    if form.is_valid():
        kind, grade = form.cleaned_data["kind"], form.cleaned_data["grade"] or None
        rule = rule_for(kind, grade, ladder)
        steps = explaining.coming_json(explain.rehearse(rule, now), rule, ladder, now)
        context |= {"rule": rule, "rehearsal": steps, "morning": quiet_until(kind, grade, now, ladder.quiet)}
    return render(request, "console/escalation.html", context, status=400 if form.errors else 200)


def _rules(ladder: Ladder) -> list[tuple[str, list[tuple[list[str], Rule, str]]]]:
    """Kind -> (grades told alike, their rule, its course in words), for every kind that escalates."""
    kinds = [k for k in KINDS if k in ladder.escalates and k not in FINAL_KINDS]
    return [(KINDS[kind], _alike(kind, ladder)) for kind in kinds]


def _alike(kind: str, ladder: Ladder) -> list[tuple[list[str], Rule, str]]:
    found: dict[tuple[str, timedelta], tuple[list[str], Rule, str]] = {}
    # What is about no event has no grade.
    for grade in (None,) if kind in NO_EVENT else (*GRADES, None):
        rule = rule_for(kind, grade, ladder)
        said = course(rule)
        found.setdefault((said, rule.ack_timeout), ([], rule, said))[0].append(grade or OTHER_GRADES)
    return list(found.values())


def course(rule: Rule) -> str:
    """即告知值班员；10 分后带班领导；…；此后每 30 分。"""
    first = "、".join(level.name for level in rule.levels[: rule.at_once])
    parts: list[str] = [f"即告知{first}"]
    for n in range(rule.at_once, rule.top):
        parts.append(f"{duration(rule.delays[n - 1])}后{rule.level(n + 1).name}")
    return "；".join([*parts, f"此后每 {duration(rule.repeat)}再告知"])
