"""A PostgreSQL server that ends its sessions, or is restarted, under a running engine: it goes on and tells everything once."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time

import psycopg
import pytest
from django.conf import settings

from config.clock import real_now
from tests.flow.test_service import until

pytestmark = [pytest.mark.postgres, pytest.mark.long]


@pytest.fixture
def postgres():
    """A server of the test's own: (its address, the words that restart it)."""
    argv = ["bash", "scripts/with_postgres.sh", "bash", "-c", 'echo "$DATABASE_URL"; echo "$POSTGRES_CTL"; read -r']
    server = subprocess.Popen(argv, cwd=settings.BASE_DIR, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    url, control = server.stdout.readline().strip(), server.stdout.readline().strip()
    yield url, [*shlex.split(control), "restart", "-m", "immediate", "-w", "-s"]
    server.communicate("\n", timeout=30)


def test_an_engine_outlives_a_restart_of_its_server_and_tells_everything_once(postgres, huiying, tmp_path, server):
    url, restart = postgres
    env = os.environ | {
        "DATABASE_URL": url, "HUIYING_DATA": str(tmp_path / "var"), "HUIYING_SLACK_TOKEN": "xoxb",
        "HUIYING_SLACK_CHANNEL": "C1", "HUIYING_SLACK_URL": server.url,
    }  # fmt: skip

    def ask(query):
        with psycopg.connect(url, connect_timeout=5) as db:
            return db.execute(query).fetchall()

    def open_event(n):
        done = subprocess.run(
            [*huiying, "event", "--title", f"某酒店火灾 {n}", "--at", f"{real_now():%Y-%m-%dT%H:%M:%S+00:00}", "--type", "T13",
             "--grade", "重大", "--by", "li", "--knowledge", "110指挥中心通报", "--json"],
            env=env, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def sent():
        return ask("SELECT count(*) FROM alerts_delivery WHERE channel = 'slack' AND state = 'sent'")[0][0]

    password = tmp_path / "password"
    password.write_text("very-long-secret-word")
    made = [*huiying, "createuser", "li", "--role", "duty_officer", "--password-file", str(password)]
    assert subprocess.run(made, env=env, capture_output=True).returncode == 0
    engine = subprocess.Popen([*huiying, "engine"], env=env)
    try:
        until(lambda: ask("SELECT 1 FROM flow_lease WHERE ticked_at IS NOT NULL"))
        open_event(0)
        until(lambda: sent() >= 1)
        ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'")
        open_event(1)
        until(lambda: sent() >= 2)
        subprocess.run(restart, check=True, cwd="/")
        open_event(2)
        until(lambda: sent() >= 3)
        before = ask("SELECT ticked_at FROM flow_lease WHERE name = 'engine'")
        until(lambda: ask("SELECT ticked_at FROM flow_lease WHERE name = 'engine'") != before)
        time.sleep(2)
        assert engine.poll() is None
        messages = [seen for seen in server.seen if seen.path.endswith("chat.postMessage")]
        assert len(messages) == sent()
        assert ask("SELECT count(*) FROM alerts_delivery WHERE attempts > 1") == [(0,)]
        locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        assert ask(locks) == [(1,)], "the engine's lock is held again"
    finally:
        engine.send_signal(signal.SIGTERM)
        engine.wait(10)
