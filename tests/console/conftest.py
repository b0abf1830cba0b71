"""People at the desk: a client logged in as each role, and time."""

from __future__ import annotations

import pytest
from django.test import Client

from config.clock import real_now
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
