"""Making an erased post leave the files of the index, and proving that it has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from archive.documents import Document
from archive.models import Erasure, Post
from archive.months import month_of
from archive.results import Engine
from archive.terms import index_terms
from config.clock import SHANGHAI, real_now

SLICE = 2000


class NotErased(Exception):
    """The rewritten files still hold terms that only the erased post had."""


def terms_of(*texts: str) -> set[str]:
    return {term for text in texts for term in index_terms(text).split(" ") if term}


def due() -> dict[str, list[Erasure]]:
    """Month -> erasures whose files must now be rewritten."""
    found: dict[str, list[Erasure]] = defaultdict(list)
    for row in Erasure.objects.filter(rewritten_at=None, due_at__lte=real_now()):
        found[row.month].append(row)
    return dict(found)


def rewrite(chosen: Engine, month: str, rows: Sequence[Erasure], make: Callable[[list[int]], list[Document]]) -> None:
    """Write the month's files anew without the erased posts. Raises NotErased when the proof fails."""
    living: set[str] = set()

    def batches() -> Iterator[list[Document]]:
        for ids in _ids_of(month):
            documents = make(ids)
            for d in documents:
                living.update(terms_of(d.title, d.body, d.site))
            yield documents

    chosen.rewrite(month, batches())
    gone = {term for row in rows for term in row.terms} - living
    left = sorted(term for term, count in chosen.frequencies(month, gone).items() if count)
    proof = {"month": month, "terms_checked": len(gone), "terms_left": len(left)}
    if left:
        Erasure.objects.filter(id__in=[r.id for r in rows]).update(proof=proof)
        raise NotErased(f"{month}: {len(left)} terms of erased posts are still in the index files")
    # Until now the terms stood in the files too; from here on nothing of the text is left but this count.
    Erasure.objects.filter(id__in=[r.id for r in rows]).update(rewritten_at=real_now(), terms=[], proof=proof)


def _ids_of(month: str) -> Iterator[list[int]]:
    start = datetime.fromisoformat(f"{month}-01").replace(tzinfo=SHANGHAI)
    end = (start + timedelta(days=32)).replace(day=1)
    posts = Post.objects.filter(withdrawn_at=None, published_at__gte=start, published_at__lt=end)
    after: tuple[datetime, int] | None = None
    while True:
        rest = posts
        if after:
            rest = posts.filter(Q(published_at__gt=after[0]) | Q(id__gt=after[1]), published_at__gte=after[0])
        rows = list(rest.order_by("published_at", "id").values_list("published_at", "id")[:SLICE])
        if not rows:
            return
        yield [post_id for at, post_id in rows if month_of(at) == month]
        after = rows[-1]
