"""Reading in other processes: the same verdicts; a reader that dies costs nothing; none outlives its engine."""

import os
import signal
import subprocess
import sys
import time

from django.conf import settings

from flow.readers import Readers
from tests.flow.city import FIRE, at

FOLDER = settings.BASE_DIR / "config"
ORPHANS = """
import os, signal, sys
import django; django.setup()
from tests.flow.test_readers import many
from flow.readers import Readers
from pathlib import Path

if __name__ == "__main__":
    readers = Readers(Path(sys.argv[1]), None, processes=1)
    list(readers.read(many()))
    print(list(readers._pool._processes)[0], flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def many(chunks=3, each=4):
    from analysis.reading import PostText

    text = PostText(
        title=FIRE[0], body=FIRE[1], published_at=at("2026-11-23 09:00"), site="华商网", source_home="", outlet="media",
        platform="news", region="", is_repost=False,
    )  # fmt: skip
    return [[text] * each for _ in range(chunks)]


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def gone(pid, seconds=10):
    deadline = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not alive(pid)


def test_other_processes_say_what_this_one_says_in_the_same_order():
    readers = Readers(FOLDER, None, processes=1)
    try:
        assert list(readers.read(many())) == list(Readers(FOLDER, None).read(many()))
    finally:
        readers.close()


def test_a_reader_that_is_killed_costs_nothing():
    readers = Readers(FOLDER, None, processes=1)
    try:
        first = list(readers.read(many()))
        pid = next(iter(readers._pool._processes))
        os.kill(pid, signal.SIGKILL)
        assert list(readers.read(many())) == first
        assert list(readers.read(many())) == first
    finally:
        readers.close()


def test_no_reader_outlives_a_killed_engine(tmp_path):
    script = tmp_path / "engine.py"
    script.write_text(ORPHANS)
    env = os.environ | {"PYTHONPATH": f"{settings.BASE_DIR}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    run = subprocess.run([sys.executable, str(script), str(FOLDER)], env=env, stdout=subprocess.PIPE, text=True, timeout=60)
    assert run.returncode == -signal.SIGKILL
    assert gone(int(run.stdout))
