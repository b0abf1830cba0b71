"""专题: saved searches that a non-programmer edits, tries on the archive, and is told of."""

from __future__ import annotations

import re
from typing import Any, cast

from django.contrib import messages
from django.db.models import Count, Max, Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from archive import query, search
from archive.models import SavedHit, SavedSearch
from archive.months import SearchUnavailable
from archive.naming import meant
from archive.query import QueryError
from config import clock
from console.coverage import coverage
from console.forms import TopicForm, refuse
from console.permissions import HEAD, Request, may, needs, roles_of, signed_in
from flow import topic_acts, topics
from flow.naming import NAMES
from sla.engine import Unmet

HITS_SHOWN = 100
TRIED_SHOWN = 10


def visible(user: Any) -> QuerySet[SavedSearch]:
    """What a person may see: what is shared, and their own."""
    return SavedSearch.objects.filter(Q(shared=True) | Q(owner=user), deleted_at=None)


def may_change(user: Any, row: SavedSearch) -> bool:
    return may(user, "save_topic") and (row.owner_id == user.pk or HEAD in roles_of(user))


@signed_in
@require_safe
def listing(request: Request) -> HttpResponse:
    now = clock.now()
    rows = visible(request.user).select_related("owner").annotate(
        total=Count("hits"),
        today=Count("hits", filter=Q(hits__at__gte=topics.midnight(now))),
        withheld=Count("hits", filter=Q(hits__quiet="limit", hits__at__gte=topics.midnight(now))),
        last=Max("hits__at"),
    )
    return render(
        request, "console/topics.html", {"rows": rows.order_by("-last", "name"), "now": now, "coverage": coverage()}
    )


@needs("save_topic")
@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    return _edit(request, None)


@needs("save_topic")
@require_http_methods(["GET", "POST"])
def edit(request: Request, topic_id: int) -> HttpResponse:
    row = _mine(request, topic_id)
    return _edit(request, row)


def _edit(request: Request, row: SavedSearch | None) -> HttpResponse:
    now = clock.now()
    if request.method == "POST":
        form = TopicForm(request.POST)
        if form.is_valid():
            try:
                saved = topic_acts.save(form.wish(), request.user, now, row, form.cleaned_data["version"])
                messages.success(request, f"已保存专题“{saved.name}”，即刻起随新信息匹配")
                return redirect("topic", saved.id)
            except Unmet as e:
                refuse(form, e)
            except SearchUnavailable as e:
                form.add_error(None, str(e))
    else:
        # From the search page: what is asked there now, to be kept here.
        asked = {"query": request.GET["q"]} if "q" in request.GET else {}
        form = TopicForm(initial=(_initial(row) if row else {}) | asked)
    context = {"form": form, "row": row}
    return render(request, "console/topic_edit.html", context, status=400 if form.errors else 200)


def _initial(row: SavedSearch) -> dict[str, Any]:
    return {name: getattr(row, name) for name in (*topic_acts.Wish.__dataclass_fields__, "version")}


@needs("save_topic")
@require_POST
def trial(request: Request) -> HttpResponse:
    """What the topic as it is being written would have found: asked while editing, saved nowhere."""
    form = TopicForm(request.POST)
    context: dict[str, Any] = {"form": form}
    form.is_valid()
    text = form.cleaned_data.get("query", "")
    try:
        now = clock.now()
        node = meant(text, NAMES, now)
        if isinstance(node, query.Everything):
            raise QueryError(0, "请先写词")
        tried = topics.tried(node, now)
        shown = search.search(text, search.Filter(start=now - topics.TRIED_OVER), limit=TRIED_SHOWN, names=NAMES)
        most = form.cleaned_data.get("most_per_day") or 0
        context |= {"trial": tried, "hits": shown.hits, "text": text, "why": topics.too_often(tried, most)}
    except (QueryError, SearchUnavailable) as e:
        context["error"] = str(e)
    return render(request, "console/parts/topic_trial.html", context)


@signed_in
@require_safe
def topic(request: Request, topic_id: int) -> HttpResponse:
    row = _seen(request, topic_id)
    hits = SavedHit.objects.filter(search=row).select_related("post").order_by("-id")
    context = {
        "row": row,
        "hits": hits[:HITS_SHOWN],
        "total": hits.count(),
        "shown": HITS_SHOWN,
        "changing": may_change(request.user, row),
        "muted": row.muted_until and clock.now() < row.muted_until,
        "coverage": coverage(),
    }
    return render(request, "console/topic.html", context)


@needs("save_topic")
@require_POST
def act(request: Request, topic_id: int) -> HttpResponse:
    """mute (hours), delete, restore: whichever the button says."""
    wanted, now = request.POST.get("act", ""), clock.now()
    row = _mine(request, topic_id, deleted=wanted == "restore")
    try:
        if wanted == "mute":
            hours = request.POST.get("hours", "")
            topic_acts.mute(row, float(hours) if re.fullmatch(r"\d{1,3}", hours) else 0, request.user, now)
            messages.success(request, f"“{row.name}”已静音，命中仍记录" if hours != "0" else f"“{row.name}”恢复告知")
        elif wanted == "delete":
            topic_acts.delete(row, request.user, now)
            return render(request, "console/topic_deleted.html", {"row": row})
        elif wanted == "restore":
            topic_acts.restore(row, request.user, now)
            messages.success(request, f"已恢复专题“{row.name}”")
    except Unmet as e:
        messages.error(request, str(e))
        return redirect("topics")
    return redirect("topic", row.id)


def _seen(request: Request, topic_id: int) -> SavedSearch:
    row = visible(request.user).select_related("owner").filter(pk=topic_id).first()
    if row is None:
        raise Http404("没有这个专题，或它没有共享给您")
    return cast(SavedSearch, row)


def _mine(request: Request, topic_id: int, *, deleted: bool = False) -> SavedSearch:
    rows = SavedSearch.objects.exclude(deleted_at=None) if deleted else SavedSearch.objects.filter(deleted_at=None)
    row = rows.filter(pk=topic_id).first()
    if row is None or not may_change(request.user, row):
        raise Http404("没有这个专题，或您不能修改它（可由建立人或新闻中心主任修改）")
    return row
