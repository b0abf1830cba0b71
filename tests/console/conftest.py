"""People at the desk: a client logged in as each role, and time."""

from __future__ import annotations

import pytest
from django.test import Client

from archive import indexing, search
from archive.models import Change, Post
from config.clock import real_now
from flow.documents import documents
from tests.console import city


@pytest.fixture
def now():
    return real_now()


@pytest.fixture
def scene(db, now):
    """The made-up evening of tests/console/city.py, with a running engine."""
    city.engine_running()
    return city.scene(now)


@pytest.fixture
def signed(scene):
    """signed("duty_officer") is a browser in which that person of the scene has logged in."""

    def log_in(role: str) -> Client:
        client = Client()
        client.force_login(scene[role])
        return client

    return log_in


@pytest.fixture
def indexed(scene, settings, tmp_path):
    """The scene's posts, found by search over an index in a folder of its own."""
    settings.DATA = tmp_path
    Change.objects.bulk_create(Change(post_id=pk) for pk in Post.objects.values_list("pk", flat=True))
    indexing.drain(documents)
    yield scene
    search._engines.pop(tmp_path / "index", None)
