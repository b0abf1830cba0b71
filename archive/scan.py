"""All matches of a query, however many: for exports, sweeps and trials, where paging by offset would cost too much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from archive.models import Post
from archive.query import Filter, Node
from archive.results import Page
from archive.search import ask

PAGE = 1000


def all_ids(node: Node, filters: Filter, page: int = PAGE) -> Iterator[list[int]]:
    """The post ids of all matches, newest first, in pages; each id once. Raises SearchUnavailable.

    Each page begins at the instant where the last one ended (a search by time costs the same anywhere), so posts that
    arrive meanwhile neither shift nor repeat anything. Withdrawn posts are left out.
    """
    window, skip, seen = filters, 0, set[int]()
    while True:
        rows = ask(node, window, Page(limit=page, offset=skip, facets=())).rows
        ids = [row.post_id for row in rows]
        live = dict(Post.objects.filter(id__in=ids, withdrawn_at=None).values_list("id", "published_at"))
        if fresh := [i for i in ids if i in live and i not in seen]:
            yield fresh
        if len(rows) < page:
            return
        times = dict(Post.objects.filter(id__in=ids).values_list("id", "published_at"))
        # Seconds are what both engines order by; what shares the last one comes again and is known.
        end = min(times.values(), default=None)
        cut = end.replace(microsecond=0) + timedelta(seconds=1) if end else None
        if cut is None or cut == window.end:
            skip += page  # more posts of one second than fit a page
        else:
            window, skip = replace(window, end=cut), 0
            seen = set()
        seen.update(ids)
