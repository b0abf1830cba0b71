"""发布: draft, second person's review, publication with evidence; and the ledger of all of them (信息发布台账)."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analysis.models import Event
from config import clock
from console import clocks, sightings
from console.forms import DraftForm, LedgerFilter, PublishForm, refuse
from console.permissions import Request, needs, signed_in
from console.policy import policy
from console.views.events import query_of
from flow import release as releases
from sla.engine import Unmet
from sla.models import Release, Sighting

PER_PAGE = 30
PEOPLE = ("drafted_by", "reviewed_by", "published_by")


@needs("draft_release")
@require_http_methods(["GET", "POST"])
def draft(request: Request, event_id: int) -> HttpResponse:
    event, now = get_object_or_404(Event, pk=event_id), clock.now()
    owed = clocks.clocks_of(event.obligations.filter(superseded_at=None).order_by("duty"), now)
    choices = [(c.obligation.duty, f"{c.obligation.duty} {c.name}") for c in owed if c.running]
    initial = {"duties": [c for c, _ in choices if c != "K2"], **_seen(request.GET.get("seen", ""))}
    form = DraftForm(request.POST or None, duties=choices, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = releases.draft(event_id, data["duties"], data["title"], data["body"], request.user, now)
        except Unmet as e:
            refuse(form, e, duty="duties")
        else:
            messages.success(request, "已起草，待另一人审核；起草不停计时")
            return redirect("release", made.pk)
    context = {"event": event, "form": form, "clocks": owed}
    return render(request, "console/release_new.html", context, status=400 if form.errors else 200)


def _seen(sighting_id: str) -> dict[str, str]:
    """Title and text of an article on our own outlet that the ledger lacks, to draft its release from."""
    row = Sighting.objects.select_related("post").filter(pk=sighting_id).first() if sighting_id.isdecimal() else None
    return {"title": row.post.title, "body": row.post.body} if row else {}


@signed_in
@require_safe
def release(request: Request, release_id: int) -> HttpResponse:
    return page(request, _release(release_id), None)


def _release(release_id: int) -> Release:
    return get_object_or_404(Release.objects.select_related("event", *PEOPLE), pk=release_id)


def page(request: Request, row: Release, form: PublishForm | None, refused: str = "") -> HttpResponse:
    now = clock.now()
    owed = clocks.clocks_of(row.event.obligations.filter(superseded_at=None).order_by("duty"), now)
    me = request.user.pk
    channel = "conference" if row.duties == ["K2"] else "portal"
    context = {
        "release": row,
        "clocks": [c for c in owed if c.obligation.duty in row.duties],
        "form": form or PublishForm(initial={"published_at": now, "channel": channel}),
        "refused": refused,
        "drafter": me == row.drafted_by_id,
        "maker": me in (row.drafted_by_id, row.reviewed_by_id),
        "sightings": sightings.of_release(row),
    }
    return render(request, "console/release.html", context, status=400 if form or refused else 200)


@needs("review_release")
@require_POST
def review(request: Request, release_id: int) -> HttpResponse:
    try:
        releases.review(release_id, request.user, clock.now(), request.POST.get("review_no", ""))
    except Unmet as e:
        return page(request, _release(release_id), None, str(e))
    messages.success(request, "已审核，待第三人登记发布")
    return redirect("release", release_id)


@needs("publish_release")
@require_POST
def publish(request: Request, release_id: int) -> HttpResponse:
    """Record the publication with its evidence; only this settles a clock."""
    row = _release(release_id)
    form = PublishForm(request.POST, request.FILES)
    if not form.is_valid():
        return page(request, row, form)
    data = form.cleaned_data
    try:
        releases.publish(
            release_id, channel=data["channel"], url=data["url"], published_at=data["published_at"],
            user=request.user, page=data["page"].read() if data["page"] else None, place=data["place"],
            speaker=data["speaker"], attendees=data["attendees"], issuer=data["issuer"], unit=data["unit"], post=data["post"],
            policy=policy(), now=clock.now(),
        )  # fmt: skip
    except Unmet as e:
        if e.field not in form.fields:  # not about what was typed: the form may no longer be the next step
            return page(request, _release(release_id), None, str(e))
        refuse(form, e)
        return page(request, row, form)
    names = "、".join(row.duties)
    messages.success(request, f"已登记发布，{names} 已办结" if names else "已登记发布（续报，不停计时）")
    return redirect("event", row.event_id)


@signed_in
@require_safe
def ledger(request: Request) -> HttpResponse:
    form = LedgerFilter(request.GET)
    found = Release.objects.select_related("event", *PEOPLE).order_by("-drafted_at", "-id")
    if form.is_valid():
        start, end = form.instants()
        wanted = {
            "state": form.cleaned_data["state"],
            "channel": form.cleaned_data["channel"],
            "drafted_at__gte": start,
            "drafted_at__lt": end,
        }
        found = found.filter(**{k: v for k, v in wanted.items() if v})
    shown = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    marks, missing = sightings.marks(list(shown.object_list)), sightings.unlisted()
    context = {
        "form": form,
        "page": shown,
        "rows": [(row, marks.get(row.pk)) for row in shown.object_list],
        "unlisted": missing[: sightings.UNLISTED],
        "unlisted_total": missing.count(),
        "query": query_of(request),
    }
    return render(request, "console/ledger.html", context)


@signed_in
@require_safe
def evidence(request: Request, page_hash: str) -> FileResponse:
    """The published page as it was handed in: always as a download, never rendered here."""
    path = Path(settings.DATA) / "evidence" / page_hash
    if not Release.objects.filter(page_hash=page_hash).exists() or not path.is_file():
        raise Http404("没有这份页面文件")
    return FileResponse(
        path.open("rb"), as_attachment=True, filename=f"{page_hash[:12]}.bin", content_type="application/octet-stream"
    )
