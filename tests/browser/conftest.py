"""A real service on a folder of its own, its people, and a browser in which each has logged in."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import nullcontext
from pathlib import Path

import pytest
from django.conf import settings

from tests.console.city import PASSWORD
from tests.servers import fresh_database, on_postgresql

PEOPLE = {"li": "duty_officer", "wang": "shift_leader", "zhao": "centre_head"}


class Service:
    """`huiying up` as an operator starts it; can be killed and started again on the same port."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.folder, self.env = folder, env
        self.huiying = [sys.executable, str(settings.BASE_DIR / "manage.py")]
        self.process, self.address, self.stops = None, "", 0

    def start(self, *options: str) -> None:
        """Start and wait for the first page."""
        port = ["--port", self.address.rstrip("/").rpartition(":")[2]] if self.address else []
        argv = [*self.huiying, "up", *port, *options]
        self.process = subprocess.Popen(argv, env=self.env, stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()
        assert self.address, "up printed no address"
        until(lambda: urllib.request.urlopen(self.address + "login/", timeout=5).status == 200)

    def password_line(self) -> str:
        """The administrator's password, printed once after the address."""
        return re.search(r"：(\S+)$", self.process.stdout.readline())[1]

    def stop(self) -> None:
        self.stops += 1
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(10)

    def run(self, *argv: str) -> str:
        """A command beside the service; its standard output."""
        done = subprocess.run([*self.huiying, *argv], env=self.env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def hire(self) -> None:
        """One person for each of the three steps of a release."""
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        for name, role in PEOPLE.items():
            self.run("createuser", name, "--role", role, "--password-file", str(secret))


def until(what, seconds: float = 40.0):
    """What `what()` returns once it is true and raises nothing; fails after `seconds`."""
    deadline, error = time.monotonic() + seconds, None
    while time.monotonic() < deadline:
        try:
            if found := what():
                return found
        except OSError as e:
            error = e
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds} s: {error}")


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """One service a file of tests: starting one costs seconds."""
    folder = tmp_path_factory.mktemp("service")
    env = os.environ | {"HUIYING_DATA": str(folder / "var")}
    with fresh_database() if on_postgresql() else nullcontext() as url:
        made = Service(folder, env | {"DATABASE_URL": url} if url else env)
        yield made
        made.stop()


@pytest.fixture
def visitor(browser, browser_context_args, service):
    """visitor() is a new window on the service; whatever it logs as an error, or asks elsewhere, fails the test."""
    wrong: list[str] = []

    def enter(name: str = "", password: str = PASSWORD, **options):
        page = browser.new_context(**{**browser_context_args, **options}).new_page()
        page.on("pageerror", lambda e: wrong.append(str(e)))
        page.on("request", lambda r: wrong.append(r.url) if not r.url.startswith(service.address) else None)
        page.on("console", lambda m: wrong.append(m.text) if m.type == "error" and "Failed to load" not in m.text else None)
        page.goto(service.address)
        if name:
            page.fill("#id_username", name)
            page.fill("#id_password", password)
            page.click("form button.primary")
            page.wait_for_url(service.address)
        return page

    stops = service.stops
    yield enter
    for context in browser.contexts:
        context.close()
    # htmx logs each poll that a stopped server did not answer; everything else is a mistake of ours.
    assert [w for w in wrong if service.stops == stops or not w.startswith("htmx:")] == []
