"""A real crawler child, shared by a module's tests, on the tests' own database."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection

from archive.models import Source
from crawlers.child import Child
from tests.crawlers.site import Site
from tests.sources import enabled

Report = dict[str, Any]


def database_env(folder: Path) -> dict[str, str]:
    """What a process started by a test needs to see the tests' database and may do in a test city."""
    own = connection.settings_dict
    env = {"HUIYING_DATA": str(folder), "HUIYING_ALLOW_PRIVATE_SOURCES": "1", "HUIYING_CRAWL_DELAY": "0"}
    if connection.vendor == "sqlite":
        (folder / "huiying.sqlite3").symlink_to(own["NAME"])
        return env
    login = f"{quote(own['USER'])}:{quote(own['PASSWORD'])}@" if own["USER"] else ""
    return env | {"DATABASE_URL": f"postgresql://{login}{own['HOST']}:{own['PORT'] or 5432}/{own['NAME']}"}


@pytest.fixture(scope="module")
def crawler(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in database_env(tmp_path_factory.mktemp("data")).items():
            patch.setenv(name, value)
        child = Child()
        yield child
        child.stop()


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


@pytest.fixture
def feed(transactional_db: None, site: Site) -> Source:
    """An enabled source that reads /feed of the local site."""
    return enabled(name="本地站", url=f"{site.url}/feed", outlet=Source.Outlet.MEDIA)


@pytest.fixture
def read(crawler: Child) -> Callable[..., list[Report]]:
    """Have the child read sources and wait; their reports in the order given."""

    def read(*sources: Source) -> list[Report]:
        heard: list[Report] = []
        crawler._heard = heard.append
        crawler.crawl([source.pk for source in sources])
        assert crawler.wait(20), "the child did not answer"
        order = [source.pk for source in sources]
        for source in sources:
            source.refresh_from_db()
        return sorted(heard, key=lambda report: order.index(report["id"]))

    return read


@pytest.fixture(scope="module")
def guarded(crawler: Child) -> Iterator[Child]:
    """A child as an operator runs it: private addresses refused."""
    # As an argument: a child that is replaced must not come back with the tests' own permission.
    child = Child(env={k: v for k, v in os.environ.items() if k != "HUIYING_ALLOW_PRIVATE_SOURCES"})
    yield child
    child.stop()
