"""`huiying drill` as a stranger runs it: one command, two clocks within a minute, gone within five seconds of Ctrl-C."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

pytestmark = pytest.mark.sqlite  # a drill has a database file of its own, whatever the service uses


def processes_of(folder: Path) -> list[int]:
    """Ids of the running processes whose data folder this is."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if f"HUIYING_DATA={folder}\0".encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:  # gone, or somebody else's
            continue
    return found


def until(seconds: float, look):
    """What `look` finds as soon as it finds something; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.5)
    pytest.fail(f"nothing found within {seconds} s: {look.__doc__}")


@pytest.fixture
def drill(service_env, huiying, tmp_path):
    process = subprocess.Popen(
        [*huiying, "drill", "--release-after", "35"], env=service_env, stdout=subprocess.PIPE, text=True
    )
    yield process
    process.send_signal(signal.SIGINT)
    process.wait(10)


def test_a_drill_from_the_first_line_to_ctrl_c(drill, service_env, huiying):
    folder = Path(service_env["HUIYING_DATA"])
    began = time.monotonic()
    address = drill.stdout.readline().strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", address)
    stand_in = next(re.search(r"收到的消息 (\S+)", line)[1] for line in drill.stdout if "收到的消息" in line)

    def page():
        """the first page"""
        try:
            with urlopen(address + "login/") as answer:
                return answer.read().decode()
        except OSError:
            return None

    assert "演练" in until(20, page)

    def status():
        said = subprocess.run([*huiying, "status", "--json"], env=service_env, capture_output=True, text=True)
        return json.loads(said.stdout)

    def clocks():
        """two running clocks"""
        for event in status()["events"]:
            duties = {o["duty"]: o["standing"] for o in event["obligations"]}
            if duties.keys() >= {"K1", "K2"}:
                return event
        return None

    event = until(60 - (time.monotonic() - began), clocks)
    assert event["grade"] == "重大"
    assert event["provisional"]
    assert {o["standing"] for o in event["obligations"] if o["duty"] in ("K1", "K2")} == {"open"}

    def channels():
        """a message in every channel"""
        with urlopen(stand_in + "messages.json") as answer:
            return {m["channel"] for m in json.load(answer)} == {"slack", "webhook", "email"}

    until(20, channels)

    def settled():
        """K1 settled by the scripted release, K2 still running"""
        duties = {o["duty"]: o["standing"] for e in status()["events"] for o in e["obligations"] if e["id"] == event["id"]}
        return duties["K1"] == "met" and duties["K2"] == "open"

    until(60, settled)

    drill.send_signal(signal.SIGINT)
    drill.wait(5)
    assert processes_of(folder) == []


def test_a_drill_refuses_to_empty_a_folder_that_no_drill_made(service_env, huiying, tmp_path):
    folder = tmp_path / "var"
    folder.mkdir()
    (folder / "huiying.sqlite3").write_text("somebody's records")
    said = subprocess.run([*huiying, "drill"], env=service_env, capture_output=True, text=True, timeout=30)
    assert said.returncode == 2
    assert "不是演练的目录" in said.stderr
    assert (folder / "huiying.sqlite3").read_text() == "somebody's records"
