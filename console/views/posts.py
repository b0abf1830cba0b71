"""One post as first read, with what analysis made of it and why."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from analysis.models import Reading
from archive.models import Post
from console.permissions import Request, signed_in
from flow.models import Outcome


@signed_in
@require_safe
def post(request: Request, post_id: int) -> HttpResponse:
    row = get_object_or_404(Post.objects.select_related("source"), pk=post_id)
    context = {
        "post": row,
        "reading": Reading.objects.filter(post=row).select_related("event").first(),
        "outcome": Outcome.objects.filter(post=row).first(),
    }
    return render(request, "console/post.html", context)
