"""One writer, many readers, in threads and processes."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from archive.embedded import Embedded
from archive.months import IndexBusy
from archive.query import Everything, Filter, Text
from archive.results import Page
from tests.archive.conftest import document


def total(engine: Embedded, text: str = "警方") -> int:
    return engine.search(Text(text), Filter(), Page(sort="newest", limit=1)).total


OTHER_PROCESS = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from archive.documents import Document
from archive.embedded import Embedded
engine = Embedded(Path(sys.argv[1]))
for line in sys.stdin:
    post_id = int(line)
    at = datetime(2024, 5, 1 + post_id % 20, tzinfo=UTC)
    engine.add([Document(post_id=post_id, title="", body="警方", site="", platform="", outlet="", url="", published_at=at)])
    engine.commit()
    print(engine.count(), flush=True)
"""


@pytest.fixture
def writer(tmp_path):
    """Another process that indexes the post whose number it is sent, and answers when it is committed."""
    process = subprocess.Popen(
        [sys.executable, "-c", OTHER_PROCESS, str(tmp_path / "index")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def write(post_id: int) -> str:
        process.stdin.write(f"{post_id}\n")
        process.stdin.flush()
        return process.stdout.readline().strip()

    write.process = process
    yield write
    process.kill()
    process.wait()


def test_a_reader_sees_each_commit_of_another_process_at_once(tmp_path, writer):
    reader = Embedded(tmp_path / "index")
    for i in range(1, 30):
        assert writer(i) == str(i)
        assert total(reader) == i


def test_a_second_writer_is_refused_with_the_pid_of_the_first(tmp_path, writer):
    writer(1)
    other = Embedded(tmp_path / "index")
    with pytest.raises(IndexBusy, match=str(writer.process.pid)):
        other.add([document(2, "警方")])
    assert total(other) == 1  # reading goes on
    writer.process.kill()
    writer.process.wait()
    other.add([document(2, "警方")])
    other.close()
    assert total(other) == 2


def test_closing_lets_another_write(tmp_path):
    first, second = Embedded(tmp_path / "index"), Embedded(tmp_path / "index")
    first.add([document(1, "警方")])
    with pytest.raises(IndexBusy):
        second.add([document(2, "警方")])
    first.close()
    second.add([document(2, "警方")])
    second.close()
    assert total(first) == 2


def test_what_was_not_committed_is_not_seen(tmp_path):
    engine = Embedded(tmp_path / "index")
    engine.add([document(1, "警方")])
    engine.commit()
    engine.add([document(2, "警方")])
    assert total(engine) == 1
    engine.commit()
    assert total(engine) == 2


def test_the_same_post_twice_is_one_document(tmp_path):
    engine = Embedded(tmp_path / "index")
    engine.add([document(1, "旧"), document(1, "新文")])
    engine.add([document(1, "更新")])
    engine.commit()
    assert (engine.count(), total(engine, "更新"), total(engine, "新文")) == (1, 1, 0)


def test_more_months_than_open_writers(tmp_path):
    engine = Embedded(tmp_path / "index")
    months = [document(i, "警方", at=document(0, "").published_at.replace(month=i)) for i in range(1, 13)]
    engine.add(months)
    engine.commit()
    assert total(engine) == 12
    engine.delete([3, 7])
    engine.commit()
    assert total(engine) == 10
    assert set(dict(engine.digests("2024-03"))) == set()


def test_deleting_what_is_not_there_is_no_error(tmp_path):
    engine = Embedded(tmp_path / "index")
    engine.delete([5])
    engine.commit()
    assert engine.search(Everything(), Filter(), Page(sort="best", limit=1)).total == 0


def test_dates_before_1970_and_far_ahead_keep_their_order(tmp_path):
    engine = Embedded(tmp_path / "index")
    years = [1912, 1969, 1970, 2024, 2099]
    engine.add([document(y, "警方", at=document(0, "").published_at.replace(year=y)) for y in years])
    engine.commit()
    found = engine.search(Text("警方"), Filter(), Page(sort="newest", limit=9))
    assert [row.post_id for row in found.rows] == years[::-1]


def test_threads_search_while_one_writes(tmp_path):
    engine = Embedded(tmp_path / "index")
    engine.add([document(0, "警方")])
    engine.commit()
    stop = threading.Event()

    def searching() -> list[int]:
        totals = []
        while not stop.is_set():
            totals.append(total(engine))
        return totals

    with ThreadPoolExecutor(3) as pool:
        running = [pool.submit(searching) for _ in range(3)]
        for i in range(1, 20):
            engine.add([document(i, "警方")])
            engine.commit()
        stop.set()
    for totals in (r.result() for r in running):
        assert totals == sorted(totals)
    assert total(engine) == 20
