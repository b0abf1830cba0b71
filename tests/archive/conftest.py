"""An archive in a folder of its own, with posts whose documents come straight from their rows."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

import pytest

from archive import search
from archive.documents import Document
from archive.models import Change, Post, Source
from tests.archive.elastic import Nodes

SERVER = pytest.StashKey[Nodes]()
NOON = datetime(2024, 5, 1, 4, tzinfo=UTC)  # 12:00 in Shanghai


def pytest_collection_finish(session: pytest.Session) -> None:
    # Started before the first test, so that it is ready when the first one that needs it comes.
    if any(item.get_closest_marker("elasticsearch") for item in session.items) and not session.config.option.collectonly:
        session.config.stash[SERVER] = Nodes()


def pytest_unconfigure(config: pytest.Config) -> None:
    if nodes := config.stash.get(SERVER, None):
        nodes.stop()


@pytest.fixture(scope="session")
def one_node(request):
    """The environment that reaches the session's server, or why there is none."""
    return request.config.stash[SERVER].wait()


@pytest.fixture
def elasticsearch(one_node, monkeypatch, data_folder):
    """The engine on a real server, on indices of this test's own; the environment asks for it too."""
    if isinstance(one_node, str):
        pytest.skip(f"Elasticsearch tests: {one_node}")
    for name, value in one_node.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ELASTICSEARCH_INDEX", f"posts-t{secrets.token_hex(4)}")
    engine = search.engine()
    yield engine
    with engine._asked() as (_, indices):
        indices.sweep()
        indices.drop(indices.serving())
    engine.close()
    search._engines.pop(engine.server, None)


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
            reposts=p.reposts,
            grade=p.notes[0] if p.notes else None,
            event_id=p.notes[1] if p.notes else None,
        )
        for p in Post.objects.filter(id__in=ids)
    ]
