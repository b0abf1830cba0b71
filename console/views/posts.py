"""One post as first read, with what analysis made of it and why."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from analysis.models import Reading
from archive.models import Post
from console.permissions import Request, signed_in
from flow.models import Outcome

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
    row = get_object_or_404(Post.objects.select_related("source"), pk=post_id)
    same_source = Post.objects.filter(site=row.site, withdrawn_at=None).exclude(pk=row.pk)
    context = {
        "post": row,
        "before": same_source.filter(published_at__lte=row.published_at).order_by("-published_at")[:NEIGHBOURS],
        "after": same_source.filter(published_at__gt=row.published_at).order_by("published_at")[:NEIGHBOURS],
        "copies": _copies(row),
        "reading": Reading.objects.filter(post=row).select_related("event").first(),
        "outcome": Outcome.objects.filter(post=row).first(),
    }
    return render(request, "console/post.html", context)
