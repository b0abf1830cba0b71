"""The end of every form that adds a source: stored, off, and asked to be approved by another person."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from config import clock
from console.forms import refuse
from console.permissions import Request
from flow import source_acts
from sla.engine import Unmet

WAITS = "。批准后开始读取（提出人不能自己批准）"


def add(request: Request, form: Any, template: str, to: str, said: str = WAITS) -> HttpResponse:
    """Show the form (one with `source()`: what it describes, unsaved), or store what it describes and go to the page `to` of the new source; `said` follows its name."""
    if request.method == "POST" and form.is_valid():
        source = form.source()
        try:
            source_acts.add(source, request.user, clock.now())
        except Unmet as e:
            refuse(form, e)
        else:
            messages.success(request, f"已添加：{source.name}{said}")
            return redirect(to, source.pk)
    return render(request, template, {"form": form}, status=400 if form.errors else 200)
