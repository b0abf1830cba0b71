"""An archive in a folder of its own, with posts whose documents come straight from their rows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from archive import search
from archive.documents import Document
from archive.models import Change, Post, Source

NOON = datetime(2024, 5, 1, 4, tzinfo=UTC)  # 12:00 in Shanghai


@pytest.fixture(autouse=True)
def data_folder(settings, tmp_path):
    settings.DATA = tmp_path
    yield tmp_path
    opened = search._engines.pop(tmp_path / "index", None)
    if opened:
        opened._let_go()


@pytest.fixture
def add_post(db):
    """add_post(body, title=…, at=…, site=…) -> the Post, with its row in the change log."""
    source = Source.objects.create(name="西安发布", kind="feed")

    def add(body: str, *, title: str = "", at: datetime = NOON, site: str = "华商网", platform: str = "news") -> Post:
        post = Post.objects.create(
            key=f"k{Post.objects.count()}-{body[:20]}",
            source=source,
            site=site,
            platform=platform,
            title=title,
            body=body,
            url="http://news.test/1",
            published_at=at,
            received_at=at,
        )
        Change.objects.create(post=post)
        return post

    return add


def document(post_id: int, body: str, *, title: str = "", at: datetime = NOON, **more) -> Document:
    """A Document by itself, for tests of the engine without tables."""
    known = {"site": "华商网", "platform": "news", "outlet": "media", "url": ""} | more
    return Document(post_id=post_id, title=title, body=body, published_at=at, **known)


def documents(ids: list[int]) -> list[Document]:
    """What flow supplies, without events: grade and event are read from the post's notes (["重大", 7])."""
    return [
        Document(
            post_id=p.id,
            title=p.title,
            body=p.body,
            site=p.site,
            platform=p.platform,
            outlet=p.outlet,
            url=p.url,
            published_at=p.published_at,
            grade=p.notes[0] if p.notes else None,
            event_id=p.notes[1] if p.notes else None,
        )
        for p in Post.objects.filter(id__in=ids)
    ]
