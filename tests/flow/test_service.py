"""The service as processes: one engine a folder, a page within seconds, stopped by id, nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from config.clock import SHANGHAI, real_now

HEADERS = "标题,正文,来源,发布时间,链接\n"


@pytest.fixture
def service(huiying, service_env):
    """`huiying up` on an empty folder; yields (process, address); killed whatever happens."""
    process = subprocess.Popen([*huiying, "up"], env=service_env, stdout=subprocess.PIPE, text=True)
    address = process.stdout.readline().strip()
    yield process, address
    process.send_signal(signal.SIGTERM)
    process.wait(10)


def until(what, seconds=40.0):
    """What `what()` returns once it is true; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds} s")


def page(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, ""
    except OSError:
        return None, ""


def children(pid):
    """Every living descendant of a process."""
    found, todo = [], [pid]
    while todo:
        listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(todo.pop())], capture_output=True, text=True)
        ids = [int(p) for p in listed.stdout.split()]
        found += ids
        todo += ids
    return found


def alive(pid):
    try:
        os.kill(pid, 0)
        return True
    except ProcessLookupError:
        return False


def test_the_service_starts_takes_a_file_in_tells_and_stops_within_five_seconds(service, huiying, service_env, tmp_path):
    process, address = service
    assert address.startswith("http://127.0.0.1:")
    assert "初始密码" in process.stdout.readline()
    until(lambda: page(address + "healthz")[0] == 200)
    assert "登录" in page(address)[1]

    now = real_now().astimezone(SHANGHAI)
    vendor = tmp_path / "vendor.csv"
    text = "西安市灞桥区某厂房发生火灾，已造成11人死亡、6人受伤，公安、消防正在现场处置。"
    vendor.write_text(f"{HEADERS}灞桥区一厂房起火 已致11人死亡,{text},华商网,{now:%Y-%m-%d %H:%M:%S},https://e.cn/1\n")
    call = lambda *a: subprocess.run([*huiying, *a, "--json"], env=service_env, capture_output=True, text=True)  # noqa: E731
    assert call("import", str(vendor)).returncode == 0
    alerts = until(lambda: json.loads(call("status").stdout)["alerts"])
    assert alerts[0]["kind"] == "opened"
    refused = call("round")
    assert refused.returncode == 2 and "pid" in refused.stderr
    second = call("up")
    assert second.returncode == 2
    until(lambda: json.loads(call("search", "厂房起火").stdout)["total"] == 1)
    until(lambda: json.loads(page(address + "healthz")[1])["audit_age_s"] is not None)
    fresh = json.loads(call("check", "--live").stdout)
    assert fresh["ok"] and "createuser" in " ".join(fresh["notes"])  # nobody is there yet
    (tmp_path / "password").write_text("very-long-secret-word")
    assert call("createuser", "li", "--role", "duty_officer", "--password-file", str(tmp_path / "password")).returncode == 0
    assert json.loads(call("check", "--live").stdout)["ok"]

    family = children(process.pid)
    assert len(family) >= 2
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.wait(10)
    assert time.monotonic() - began < 5
    until(lambda: not any(alive(p) for p in family), 2)


def test_a_killed_engine_is_started_again_and_goes_on(service, huiying, service_env):
    process, address = service
    until(lambda: page(address + "healthz")[0] == 200)
    engine = until(lambda: _pid_of(process.pid, "engine"))
    os.kill(engine, signal.SIGKILL)
    until(lambda: (found := _pid_of(process.pid, "engine")) and found != engine)
    until(lambda: page(address + "healthz")[0] == 200)


def _pid_of(parent, word):
    for pid in children(parent):
        listed = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True).stdout
        if listed.strip().endswith(f"config.cli {word}"):
            return pid
    return None


def test_a_live_check_lists_what_is_broken_and_ends_with_one(huiying, service_env, tmp_path):
    """No engine runs here and a clock has lost its milestones: both are named."""
    call = lambda *a: subprocess.run([*huiying, *a], env=service_env, capture_output=True, text=True)  # noqa: E731
    (tmp_path / "password").write_text("very-long-secret-word")
    made = call("createuser", "li", "--role", "duty_officer", "--password-file", str(tmp_path / "password"))
    assert made.returncode == 0, made.stderr
    opened = call(
        "event", "--title", "雁塔区某酒店火灾", "--at", f"{real_now().astimezone(SHANGHAI):%Y-%m-%dT%H:%M:%S}", "--type", "T13",
        "--grade", "重大", "--by", "li", "--knowledge", "110指挥中心通报", "--json",
    )  # fmt: skip
    assert opened.returncode == 0, opened.stderr
    forget = "from sla.models import Milestone; Milestone.objects.all().delete()"
    assert call("shell", "-c", forget).returncode == 0
    checked = call("check", "--live", "--json")
    assert checked.returncode == 1
    broken = {(p["file"], p["key"]) for p in json.loads(checked.stdout)["problems"]}
    assert broken == {("engine", "last tick"), ("obligation:1", "clock_silent"), ("obligation:2", "clock_silent")}
