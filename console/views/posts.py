"""One post as first read, with what analysis made of it and why."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from analysis.models import Reading
from archive.models import Post
from config import clock
from console import series
from console.forms import CorrectionForm, refuse
from console.permissions import Request, needs, signed_in
from flow import correcting
from flow.models import Outcome
from sla.engine import Unmet

NEIGHBOURS = 3  # of the same source, on each side
COPIES = 20


def _copies(row: Post) -> QuerySet[Post]:
    """Posts that say the same, oldest first."""
    fold = Reading.objects.filter(post=row, fold__isnull=False).values("fold_id")
    same = Post.objects.filter(reading__fold_id__in=fold, withdrawn_at=None)
    return same.exclude(pk=row.pk).order_by("published_at")[:COPIES]


@signed_in
@require_safe
def post(request: Request, post_id: int) -> HttpResponse:
    return _page(request, post_id)


@needs("correct_reading")
@require_POST
def correct(request: Request, post_id: int) -> HttpResponse:
    """更正研读: one submit; what is refused is said beside its field."""
    form = CorrectionForm(request.POST)
    if not form.is_valid():
        return _page(request, post_id, form)
    data = form.cleaned_data
    try:
        correcting.correct(post_id, data["tier"], data["type"], data["reason"], request.user, clock.now())
    except Unmet as e:
        if e.field == "post":  # unread or withdrawn meanwhile: the page holds no form any more
            messages.error(request, str(e))
            return redirect("post", post_id)
        refuse(form, e)
        return _page(request, post_id, form)
    messages.success(request, "已更正研读")
    return redirect("post", post_id)


@needs("correct_reading")
@require_POST
def undo(request: Request, post_id: int) -> HttpResponse:
    try:
        correcting.undo(post_id, request.user, clock.now())
    except Unmet as e:
        messages.error(request, str(e))
    else:
        messages.success(request, "更正已撤销，研读恢复如前")
    return redirect("post", post_id)


def _page(request: Request, post_id: int, form: CorrectionForm | None = None) -> HttpResponse:
    row = get_object_or_404(Post.objects.select_related("source"), pk=post_id)
    reading = Reading.objects.filter(post=row).select_related("event").first()
    correction = correcting.standing(row.pk)
    same_source = Post.objects.filter(site=row.site, withdrawn_at=None).exclude(pk=row.pk)
    context = {
        "post": row,
        "before": same_source.filter(published_at__lte=row.published_at).order_by("-published_at")[:NEIGHBOURS],
        "after": same_source.filter(published_at__gt=row.published_at).order_by("published_at")[:NEIGHBOURS],
        "copies": _copies(row),
        "series": series.series(row),
        "versions": series.versions(row),
        "reading": reading,
        "correction": correction,
        "own": correction is not None and correction.by_id == request.user.pk,
        "form": form or CorrectionForm(initial={"tier": reading.tier, "type": reading.type} if reading else None),
        "outcome": Outcome.objects.filter(post=row).first(),
    }
    return render(request, "console/post.html", context, status=400 if form is not None else 200)
