"""Whether our own outlets still show what they published: only lists in time's order that reach back far enough say so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from archive.models import Post, Showing, Source
from crawlers.showing import reaches_back
from tests.crawlers.site import Answer, Site, item, rss
from tests.crawlers.test_news_sites import RULES, path, put
from tests.sources import enabled

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)


def days(*numbers: float) -> list[datetime]:
    return [NOON - timedelta(days=n) for n in numbers]


@pytest.mark.parametrize(
    ("ages", "since"),
    [
        ((), None),
        ((3,), 3),
        ((1, 1.5, 1.2), 1.2),  # one day's entries in the site's own order
        ((1, 2, 5), 4),  # a day of slack where the list spans more
        ((40, 90, 1, 2, 5), 4),  # pinned entries at the top
        ((40, 90, 70, 80, 1, 2, 5), None),
        ((5, 3, 1), None),  # the oldest first
        ((1, 9, 2, 8, 3), None),
    ],
)
def test_a_list_reaches_back_to_its_last_entry_when_it_is_in_order(ages, since):
    assert reaches_back(days(*ages)) == (None if since is None else days(since)[0])


def dated(n: int) -> str:
    return item(n, f"Mon, 20 May 2024 {20 - n:02}:00:00 +0800")


@pytest.mark.parametrize("outlet", ["own", "media"])
def test_an_entry_that_leaves_a_feed_is_missing_only_from_our_own(
    feed: Source, site: Site, read: Callable[..., Any], outlet: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Source.objects.update(outlet=outlet)
    published = datetime.now(UTC) - timedelta(hours=5)
    site.answers["/feed"] = Answer(rss(*(dated(n) for n in range(1, 6))))
    read(feed)
    Post.objects.update(published_at=published)  # the feed's own dates are long past what is looked after
    for n, post in enumerate(Post.objects.order_by("title")):
        Post.objects.filter(pk=post.pk).update(published_at=published - timedelta(minutes=n))
    site.answers["/feed"] = Answer(rss(*(dated(n) for n in (1, 2, 4, 5))))
    read(feed)
    assert [s.post.title for s in Showing.objects.all()] == (["第3条"] if outlet == "own" else [])


def test_an_unchanged_list_goes_on_missing_what_it_missed(feed: Source, site: Site, read: Callable[..., Any]) -> None:
    Source.objects.update(outlet="own")
    bodies = rss(*(dated(n) for n in range(1, 6)))
    site.answers["/feed"] = Answer(bodies, headers={"ETag": '"1"'})
    read(feed)
    recent = datetime.now(UTC)
    for n, post in enumerate(Post.objects.order_by("title")):
        Post.objects.filter(pk=post.pk).update(published_at=recent - timedelta(hours=n + 1))
    site.answers["/feed"] = Answer(rss(*(dated(n) for n in (1, 3, 4, 5))), headers={"ETag": '"2"'})
    read(feed)
    site.answers["/feed"] = Answer(status=304)
    for missed in (2, 3):
        read(feed)
        assert Showing.objects.get().missed == missed
    # What merely slides out at the end is missing from nothing.
    site.answers["/feed"] = Answer(rss(*(dated(n) for n in (1, 2, 3))), headers={"ETag": '"3"'})
    read(feed)
    assert Showing.objects.get().missed == 0


def test_an_article_that_leaves_our_portals_list_is_missing(
    transactional_db: None, site: Site, read: Callable[..., Any]
) -> None:
    portal = enabled(name="本局门户", kind="site", url=f"{site.url}/yw/", outlet="own", options=RULES)
    put(site, 5, 4, 3, 2, 1)
    read(portal)
    recent = datetime.now(UTC)
    for n in range(1, 6):
        Post.objects.filter(url__endswith=path(n)).update(published_at=recent - timedelta(hours=6 - n))
    put(site, 6, 5, 4, 2, 1)
    read(portal)
    assert [s.post.url.endswith(path(3)) for s in Showing.objects.all()] == [True]
    put(site, 7, 6, 5, 4)  # 1 and 2 slide out
    read(portal)
    assert {(s.post.url[-9:-5], s.missed) for s in Showing.objects.all()} == {("1003", 1)}
