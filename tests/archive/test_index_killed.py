"""kill -9 while indexing, fifty times: nothing missing, nothing twice, the index opens."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from archive import indexing, search
from archive.models import Change, Post, Source
from config.clock import real_now
from flow.documents import documents

INDEXER = """
import django
django.setup()
from archive import indexing
from flow.documents import documents
print("ready", flush=True)
while True:
    indexing.drain(documents, batch=20, keep_open=True)
"""
KILLS = 50


@pytest.mark.long
@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_fifty_kills_lose_nothing_and_double_nothing(tmp_path, settings):
    settings.DATA = tmp_path
    environment = os.environ | {"HUIYING_DATA": str(tmp_path)}
    # The indexer is a process of its own on a database file of its own.
    database = tmp_path / "huiying.sqlite3"
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v0"], check=True, env=environment, cwd=settings.BASE_DIR
    )
    kept = dict(settings.DATABASES["default"])
    from django.db import connections

    connections["default"].close()
    connections["default"].settings_dict["NAME"] = str(database)
    try:
        _killed_again_and_again(environment)
        search._engines.clear()
        while indexing.drain(documents):
            pass
        assert indexing.compare(documents) == []
        assert search.engine().count() == Post.objects.count() == search.search("警方", limit=0).total
        assert not Change.objects.exists()
    finally:
        connections["default"].close()
        connections["default"].settings_dict["NAME"] = kept["NAME"]
        search._engines.clear()


def _killed_again_and_again(environment: dict[str, str]) -> None:
    dice = random.Random(50)
    source = Source.objects.create(name="来源", kind="file")
    number = 0
    for _ in range(KILLS):
        process = subprocess.Popen([sys.executable, "-c", INDEXER], env=environment, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        process.stdout.readline()
        end = time.monotonic() + dice.uniform(0.05, 0.6)
        while time.monotonic() < end:
            now = real_now()
            posts = Post.objects.bulk_create(
                Post(
                    key=f"k{number + n}", source=source, site="华商网", body=f"警方通报第{number + n}号", unread=False,
                    published_at=now, received_at=now,
                )
                for n in range(30)
            )  # fmt: skip
            number += 30
            Change.objects.bulk_create(Change(post=post) for post in posts)
        process.send_signal(signal.SIGKILL)
        process.wait()
