"""The importer as the process it is: started when something waits, killed at any moment, never twice at work."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from archive.models import Post
from config.clock import real_now
from crawlers import batches, importing
from crawlers.importer import Importer
from crawlers.models import ImportBatch
from tests.crawlers.conftest import database_env
from tests.crawlers.files import long_row, write_csv

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def child(settings, tmp_path, transactional_db) -> Iterator[Importer]:
    settings.DATA = tmp_path
    made = Importer(env=os.environ | database_env(tmp_path))
    yield made
    made.stop()


def until(what, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


def handed_in(tmp_path, rows: int) -> ImportBatch:
    file = write_csv(tmp_path / "big.csv", [long_row(n) for n in range(rows)])
    batch = batches.upload("big.csv", [file.read_bytes()], "li", real_now())
    assert batches.ask(batch.pk, ImportBatch.State.WAITING, [ImportBatch.State.UPLOADED])
    return batch


def test_nothing_waits_nothing_runs(child):
    child.look()
    assert child.pid is None


def test_a_killed_importer_loses_and_doubles_nothing(child, tmp_path):
    batch = handed_in(tmp_path, 3000)
    for goal in (200, 1500):
        child.look()
        until(lambda goal=goal: Post.objects.count() >= goal)
        os.kill(child.pid, signal.SIGKILL)
        child._process.wait(10)
    child.look()
    until(lambda: ImportBatch.objects.get(pk=batch.pk).state == "done")
    batch.refresh_from_db()
    assert (batch.rows, batch.new, batch.known) == (3000, 3000, 0) and Post.objects.count() == 3000
    assert not (tmp_path / "imports").exists() or not list((tmp_path / "imports").iterdir())


def test_an_importer_that_is_told_to_end_ends_between_two_portions(child, tmp_path):
    batch = handed_in(tmp_path, 5000)
    child.look()
    until(lambda: Post.objects.count() >= 100)
    child.stop()
    batch.refresh_from_db()
    assert batch.state in ("running", "done") and Post.objects.count() == batch.new


def test_two_importers_do_not_work_side_by_side(child, tmp_path):
    second = Importer(env=child._env)
    batch = handed_in(tmp_path, 800)
    child.look()
    until(lambda: Post.objects.exists())
    second.look()
    until(lambda: ImportBatch.objects.get(pk=batch.pk).state == "done")
    second.stop()
    batch.refresh_from_db()
    assert (batch.new, batch.known) == (800, 0) and importing.source().batches.count() == 1
