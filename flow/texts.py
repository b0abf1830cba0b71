"""What reading may see of a post."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.reading import PostText
from archive.models import Post, Source
from flow import topics


def texts_of(posts: Sequence[Post]) -> list[PostText]:
    """What reading may see of each post."""
    homes = dict(Source.objects.filter(id__in={p.source_id for p in posts}).values_list("id", "home"))
    return [
        PostText(
            title=post.title,
            body=post.body,
            published_at=post.published_at,
            site=post.site,
            source_home=homes[post.source_id],
            outlet=post.outlet,
            platform=post.platform,
            region=post.region,
            is_repost=post.is_repost,
            raised=topics.KEPT.raised(post),
        )
        for post in posts
    ]
