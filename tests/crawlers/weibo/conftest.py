"""A local Weibo, and a crawler child that takes it for the real one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from archive.models import Source
from bench.weibo import FIRST_ID, Weibo, status
from crawlers.child import Child
from crawlers.weibo import grants
from crawlers.weibo.oauth import Grant
from tests.crawlers.conftest import database_env
from tests.sources import enabled

APPROVED = {"purpose": "接收群众反映", "legal_basis": "平台开放协议", "approved_by": "主任"}


@pytest.fixture(scope="module")
def server() -> Iterator[Weibo]:
    server = Weibo()
    yield server
    server.close()


@pytest.fixture
def weibo(server: Weibo, monkeypatch: pytest.MonkeyPatch) -> Weibo:
    server.reset()
    server.lists = {"statuses/mentions": [], "comments/mentions": [], "comments/to_me": []}
    for name, value in server.env.items():
        monkeypatch.setenv(name, value)
    return server


@pytest.fixture(scope="module")
def crawler(django_db_setup: None, server: Weibo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    """As the one of the folder above, with the address of the local Weibo in its environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (database_env(tmp_path_factory.mktemp("data")) | server.env).items():
            patch.setenv(name, value)
        patch.setenv("HUIYING_SECRET_KEY", "the key of these tests")
        child = Child()
        yield child
        child.stop()


@pytest.fixture
def sealed(settings: Any) -> None:
    """Tokens that the tests keep can be read by the child."""
    settings.SECRET_KEY = "the key of these tests"


@pytest.fixture
def account(transactional_db: None, sealed: None, weibo: Weibo) -> Source:
    """The bureau's own account, authorised."""
    source = enabled(name="本局微博", kind=Source.Kind.WEIBO, outlet="individual", interval_s=60, **APPROVED)
    authorise(source)
    return source


def authorise(source: Source, token: str = "good-token", days: float = 30) -> None:
    now = datetime.now(UTC)
    grant = Grant(token=token, uid="2000000001", expires_at=now + timedelta(days=days))
    grants.keep(source, grant, "主任", now)
    source.refresh_from_db()


@pytest.fixture
def said(weibo: Weibo) -> Callable[..., list[Any]]:
    """said(5): five mentions more, a minute apart, the newest just now."""

    def said(count: int, path: str = "statuses/mentions", **more: Any) -> list[Any]:
        entries = weibo.lists.setdefault(path, [])
        start = max((e["id"] for e in entries), default=FIRST_ID)
        now = datetime.now(UTC).replace(microsecond=0)
        made = [
            status(start + n, f"@西安公安 第{start + n - FIRST_ID}次反映：南门外路灯不亮", now - timedelta(seconds=count - n), **more)
            for n in range(1, count + 1)
        ]
        entries += made
        return made

    return said
