"""A database another process keeps locked, or that has no room left: work waits or is refused by name, and is done after."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import OperationalError, connection

from analysis.models import Event
from archive.models import Post
from crawlers.importing import import_file
from crawlers.tables import Unreadable
from flow.models import Outcome
from flow.placing import Placer
from tests.crawlers.files import long_row, write_csv
from tests.flow.city import FIRE, POLICY, READERS, play, post

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sqlite]
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
# Another process as the lock's owner: SQLite locks are the operating system's, kept a process.
HOLDER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
db.execute("COMMIT")
"""


@contextmanager
def locked():
    """The write lock in another process; yields what releases it."""
    file = str(connection.settings_dict["NAME"])
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdin and holder.stdout and holder.stdout.readline() == "held\n"

    def release() -> None:
        if holder.poll() is None:
            holder.communicate("\n")

    try:
        yield release
    finally:
        release()
        assert holder.returncode == 0


@contextmanager
def locked_for(seconds: float):
    """The lock goes by itself; yields an event that is set just before it does."""
    going = threading.Event()
    with locked() as release:

        def go() -> None:
            going.set()
            release()

        timer = threading.Timer(seconds, go)
        timer.start()
        yield going
        timer.join()


@contextmanager
def pragma(name: str, value: int):
    """A setting of this connection, gone with it."""
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {name} = {value}")
    try:
        yield
    finally:
        connection.close()


def impatient():
    return pragma("busy_timeout", 100)


@contextmanager
def full():
    """Not one page more than the file has now."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # else the rows of earlier tests leave free pages
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
    with pragma("max_page_count", pages):
        yield


def vendor_file(folder: Path, rows: int = 300) -> Path:
    return write_csv(folder / "交付.csv", [long_row(i) for i in range(rows)])


def test_an_import_waits_for_another_process_and_then_succeeds(tmp_path):
    with locked_for(1.0) as going:
        report = import_file(vendor_file(tmp_path), NOW)
        assert going.is_set()
    assert (report["new"], report["rejected"]) == (300, [])
    assert Post.objects.count() == 300


def test_a_round_waits_for_another_process_and_then_places_every_post():
    post(*FIRE)
    with locked_for(1.0) as going:
        counts = play("2026-11-23 09:05")
        assert going.is_set()
    assert counts["opened"] == 1
    assert Event.objects.get().grade == "重大"


def test_an_import_that_may_not_write_at_all_says_so_and_can_be_repeated(tmp_path):
    path = vendor_file(tmp_path)
    with locked(), impatient(), pytest.raises(Unreadable, match="locked"):
        import_file(path, NOW)
    assert Post.objects.count() == 0
    assert import_file(path, NOW)["new"] == 300


def test_a_round_that_may_not_write_leaves_the_posts_unread_for_the_next():
    post(*FIRE, "2026-11-23 09:00")
    post("转发：" + FIRE[0], FIRE[1], "2026-11-23 09:01", site="今日头条")
    placer = Placer(POLICY.edition, READERS.here)
    with locked(), impatient(), pytest.raises(OperationalError, match="locked"):
        play("2026-11-23 09:05", placer)
    assert Post.objects.filter(unread=True).count() == 2
    assert not Outcome.objects.exists() and not Event.objects.exists()
    counts = play("2026-11-23 09:06", placer)  # the same placer: what it decided in vain is forgotten
    assert (counts["opened"], counts["joined"]) == (1, 1)
    assert Event.objects.get().posts == 2


def test_a_full_disk_names_the_row_keeps_what_is_stored_and_the_rest_follows(tmp_path):
    path = vendor_file(tmp_path, rows=3000)
    with full(), pytest.raises(Unreadable, match=r"交付\.csv：第 \d+ 行起未能写入数据库.*full.*重新导入同一文件"):
        import_file(path, NOW)
    before = Post.objects.count()
    assert before < 3000
    report = import_file(path, NOW)
    assert (report["new"], report["known"], report["rejected"]) == (3000 - before, before, [])


def test_a_round_on_a_full_disk_loses_no_post():
    for minute in range(60):
        post(*FIRE, f"2026-11-23 09:{minute:02}", site=f"站点{minute}")
    placer = Placer(POLICY.edition, READERS.here)
    with full(), pytest.raises(OperationalError, match="full"):
        play("2026-11-23 10:05", placer)
    assert Post.objects.filter(unread=True).count() == 60 - Outcome.objects.count()
    play("2026-11-23 10:06", placer)
    assert Outcome.objects.count() == 60 and not Post.objects.filter(unread=True).exists()
