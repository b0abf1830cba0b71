"""A database that is locked, read-only or has no room left: work waits or is refused by name, and is done after, once."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import OperationalError, connection

from alerts.models import Alert
from alerts.throttle import Rate
from analysis.models import Event
from archive.models import Post
from config.clock import SHANGHAI, real_now
from crawlers.importing import import_file
from crawlers.tables import Unreadable
from flow import delivery, watch
from flow.models import Outcome
from flow.placing import Placer
from sla.models import Milestone, Obligation
from tests.alerts import rows
from tests.alerts.stand_ins import SLACK_OK, Answer
from tests.crawlers.files import long_row, write_csv
from tests.flow.city import FIRE, POLICY, READERS, play, post
from tests.flow.test_service import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sqlite]
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
RATE = Rate(per_minute=10_000, reserved=0)
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
def locked(file=None):
    """The write lock (of `file`, or of the tests' database) in another process; yields what releases it."""
    file = str(file or connection.settings_dict["NAME"])
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
def locked_for(seconds: float, file=None):
    """The lock goes by itself; yields an event that is set just before it does."""
    going = threading.Event()
    with locked(file) as release:

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


# --- the engine's own writing: what was sent is not sent again because its result could not be written at once


def told(ladder):
    return rows.network(rows.tell(ladder)[0])


def tick(ladder):
    """One look at the deadlines by an engine that keeps its role."""
    return watch.glance(replace(POLICY, ladder=ladder), real_now())


def test_a_message_sent_while_the_database_is_locked_is_settled_after_and_sent_once(ladder, server):
    row = told(ladder)
    server.answers.append(Answer(body=SLACK_OK.body, delay=1.0))
    outlet = delivery.channel("slack", ladder)
    claimed = delivery.claim(row, outlet, RATE)
    outcome = outlet.send(claimed.parcel)
    with locked_for(1.0) as going, impatient():
        assert delivery.settle_surely(claimed, outcome, ladder, NOW)
        assert going.is_set()
    row.refresh_from_db()
    assert row.state == "sent"
    assert delivery.send_all(ladder, NOW) == 0 and len(server.seen) == 1


@contextmanager
def unwritable(kind):
    """The database refuses every write, until the block ends."""
    if kind == "full":
        with full():
            yield
    else:
        with pragma("query_only", 1):
            yield


@pytest.mark.parametrize("kind", ["full", "readonly"])
def test_what_an_unwritable_database_kept_from_being_told_is_told_once_after(kind, ladder, server):
    event = rows.event()
    k1 = POLICY.duties.by_code("K1")
    now = real_now()
    for n in range(40):  # more than a page of the file has room for
        ob = Obligation.objects.create(
            event=event, duty="K1", rev=n + 1, rule=k1.rule(), starts_at=now, start_basis="t_detected", due_at=now,
            original_due_at=now, created_at=now,
        )  # fmt: skip
        Milestone.objects.create(obligation=ob, code="missed", at=now)
    with unwritable(kind), pytest.raises(OperationalError):
        tick(ladder)
    assert not Milestone.objects.filter(fired_at__isnull=False).exists() or kind == "full"
    tick(ladder)
    tick(ladder)
    told = Alert.objects.filter(kind="missed", level=1)
    assert not Milestone.objects.filter(code="missed", fired_at=None).exists()
    assert told.count() == 40 == told.values("milestone").distinct().count()


@pytest.mark.parametrize("kind", ["full", "readonly"])
def test_a_sender_on_an_unwritable_database_sends_nothing_it_could_not_remember(kind, ladder, server):
    row = told(ladder)
    with unwritable(kind):
        with suppress(OperationalError):
            while True:  # use up what its own tables have left
                row.tries.create(n=1000, started_at=NOW, error="长" * 100)
        with pytest.raises(OperationalError):
            delivery.send_one(ladder, "slack", NOW)
    row.tries.filter(n=1000).delete()
    assert server.seen == []
    assert delivery.send_all(ladder, NOW) == 1
    row.refresh_from_db()
    assert (row.state, len(server.seen)) == ("sent", 1)


@pytest.mark.long
def test_a_running_engine_outlives_a_minute_of_lock_and_then_tells_everything_once(huiying, service_env, server, tmp_path):
    env = service_env | {"HUIYING_SLACK_TOKEN": "xoxb", "HUIYING_SLACK_CHANNEL": "C1", "HUIYING_SLACK_URL": server.url}
    database = Path(env["HUIYING_DATA"], "huiying.sqlite3")

    def ask(query):
        with closing(sqlite3.connect(database, timeout=5)) as db:
            return db.execute(query).fetchall()

    assert subprocess.run([*huiying, "status", "--json"], env=env, capture_output=True).returncode == 0
    engine = subprocess.Popen([*huiying, "engine"], env=env)
    try:
        until(lambda: ask("SELECT ticked_at FROM flow_lease WHERE ticked_at IS NOT NULL"))
        vendor = tmp_path / "vendor.csv"
        text = "西安市灞桥区某厂房发生火灾，已造成11人死亡、6人受伤，公安、消防正在现场处置。"
        vendor.write_text(
            "标题,正文,来源,发布时间,链接\n"
            f"灞桥区一厂房起火 已致11人死亡,{text},华商网,{real_now().astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S},https://e.cn/1\n"
        )
        with locked_for(60, database):
            imported = subprocess.run([*huiying, "import", str(vendor)], env=env, capture_output=True, text=True)
        assert engine.poll() is None
        if imported.returncode:  # it gave up waiting, and said so
            assert "locked" in imported.stderr
            assert subprocess.run([*huiying, "import", str(vendor)], env=env).returncode == 0
        until(lambda: ask("SELECT 1 FROM alerts_delivery WHERE channel = 'slack' AND state = 'sent'"))
        time.sleep(3)
        messages = [seen for seen in server.seen if b"chat.postMessage" in seen.path.encode()]
        sent = ask("SELECT COUNT(*) FROM alerts_delivery WHERE channel = 'slack' AND state = 'sent'")[0][0]
        assert len(messages) == sent >= 1
        assert not ask("SELECT 1 FROM alerts_delivery WHERE attempts > 1")
    finally:
        engine.send_signal(signal.SIGTERM)
        engine.wait(10)
