"""One transaction: posts, their changes and the cursor, or none of them."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from archive.models import Change, Post, Source
from crawlers.importing import import_file
from crawlers.posts import ParsedItem, save
from crawlers.tables import Unreadable
from tests.crawlers.conftest import database_env
from tests.crawlers.files import long_row, write_csv

NOW = datetime(2024, 5, 21, 1, 0, tzinfo=UTC)
DIE_BEFORE_COMMIT = """
import os, django
django.setup()
from datetime import UTC, datetime
from archive.models import Source
from crawlers.posts import ParsedItem, save
source = Source.objects.get()
def die():
    Source.objects.update(etag='"v2"')
    os._exit(9)
save([ParsedItem(title="甲", external_id="1")], source, datetime.now(UTC), live=True, also=die)
"""


@pytest.fixture
def source(db: None) -> Source:
    return Source.objects.create(name="源", kind="feed", url="http://a.cn/f")


def test_a_cursor_that_cannot_advance_takes_its_posts_back(source: Source) -> None:
    def fails() -> None:
        Source.objects.update(etag='"v2"')
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError):
        save([ParsedItem(title="甲", external_id="1")], source, NOW, live=True, also=fails)
    source.refresh_from_db()
    assert source.etag == "" and not Post.objects.exists() and not Change.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_process_killed_before_commit_leaves_neither_posts_nor_cursor(source: Source, tmp_path: Path) -> None:
    env = os.environ | database_env(tmp_path) | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    died = subprocess.run([sys.executable, "-c", DIE_BEFORE_COMMIT], env=env, cwd=settings.BASE_DIR, check=False)
    assert died.returncode == 9
    source.refresh_from_db()
    assert source.etag == "" and not Post.objects.exists()
    assert save([ParsedItem(title="甲", external_id="1")], source, NOW, live=True).new == 1


def test_two_feeds_may_number_their_items_alike(source: Source) -> None:
    other = Source.objects.create(name="另一源", kind="feed", url="http://b.cn/f")
    items = [ParsedItem(title="甲", external_id="1")]
    assert save(items, source, NOW, live=True).new == save(items, other, NOW, live=True).new == 1
    assert save(items * 2, source, NOW, live=True).known == 2


def test_a_title_too_long_for_its_column_is_kept_as_body(source: Source) -> None:
    save([ParsedItem(title="长" * 600, url="http://a.cn/" + "x" * 1000)], source, NOW, live=True)
    post = Post.objects.get()
    assert post.title == "长" * 500 and post.body == "长" * 600 and post.url == "" and len(post.notes) == 3


@pytest.mark.django_db(transaction=True)
def test_writers_that_bring_the_same_items_at_once_count_each_item_once(source: Source) -> None:
    items = [ParsedItem(title=f"第{n}条", external_id=str(n)) for n in range(50)]
    start, new = threading.Barrier(6), []

    def write() -> None:
        start.wait()
        new.append(save(items, source, NOW, live=True).new)
        connection.close()

    writers = [threading.Thread(target=write) for _ in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(new) == 6 and sum(new) == Post.objects.count() == Change.objects.count() == 50


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_a_locked_database_is_said_with_the_row_and_the_import_can_be_repeated(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [long_row(n) for n in range(150)])
    connection.ensure_connection()
    connection.connection.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    batches: list[int] = []

    def lock_after_the_first_batch(rows: int) -> None:
        batches.append(rows)
        if len(batches) == 1:
            other.execute("BEGIN IMMEDIATE")

    with pytest.raises(Unreadable, match="第 102 行起未能写入数据库"):
        import_file(path, NOW, progress=lock_after_the_first_batch)
    other.execute("ROLLBACK")
    other.close()
    report = import_file(path, NOW)
    connection.close()
    assert (report["new"], report["known"]) == (50, 100)
