"""What of the machine the tests use beside Python: Chromium with a Chinese font, and a PostgreSQL server."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from urllib.parse import urlsplit, urlunsplit

CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
]  # fmt: skip


def chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


@cache
def browser_lacks() -> str | None:
    """What browser tests miss on this machine, or None."""
    if not chromium():
        return "Chromium is not installed"
    if not shutil.which("fc-list"):
        return "no fontconfig, so no Chinese font"
    fonts = subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True).stdout
    return None if fonts.strip() else "no Chinese font is installed"


def on_postgresql() -> bool:
    return bool(os.environ.get("DATABASE_URL"))


@contextmanager
def fresh_database() -> Iterator[str]:
    """The URL of an empty database on the server of DATABASE_URL, dropped afterwards."""
    import psycopg

    parts = urlsplit(os.environ["DATABASE_URL"])
    name = f"huiying_{uuid.uuid4().hex[:12]}"
    keeper = urlunsplit(parts._replace(path="/postgres"))
    with psycopg.connect(keeper, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        try:
            yield urlunsplit(parts._replace(path=f"/{name}"))
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
