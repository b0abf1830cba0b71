"""Officers' corrections (更正研读) as examples for training: the texts are this house's own posts."""

from __future__ import annotations

from collections.abc import Sequence

from analysis import themes
from analysis.models import Correction
from analysis.reading import Reader
from analysis.samples import plain_post
from analysis.training import Example
from config.clock import SHANGHAI

WEIGHT = 2.0  # an officer looked at this very text, of this house, and found the model wrong


def examples(reader: Reader) -> Sequence[Example]:
    """One example for each post with a standing correction, by post; withdrawn and erased posts teach nothing."""
    rows = Correction.objects.filter(undone_at=None, post__withdrawn_at=None).select_related("post").order_by("id")
    newest = {row.post_id: row for row in rows}
    return [_example(newest[post_id], reader) for post_id in sorted(newest)]


def _example(row: Correction, reader: Reader) -> Example:
    text = f"{row.post.title}\n{row.post.body}"
    return Example(
        text=text,
        published=row.post.published_at.astimezone(SHANGHAI).date().isoformat(),
        direct=row.tier == "direct",
        incident=row.tier != "none",
        kind=themes.kind_of_type(row.type, reader.look(plain_post(text)).weights),
        happened=None,
        weight=WEIGHT,
    )
