"""Processes killed in the middle of sending: nothing is lost. A short run of the bench, whose figures are its own affair."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from django.conf import settings

from tests.servers import on_postgresql

pytestmark = pytest.mark.long


def test_kills_lose_nothing_and_copies_come_from_one_window_only():
    database = "postgresql" if on_postgresql() else "sqlite"
    run = subprocess.run(
        [sys.executable, "-m", "bench.kill", "--database", database, "--kills", "60", "--deliveries", "1500", "--at-point", "6"],
        cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True, timeout=900,
    )  # fmt: skip
    answer = json.loads(run.stdout)
    got = answer["results"][database]
    assert got["random"]["kills"] == 60 and got["random"]["deliveries"] >= 1500
    assert got["lost"] == 0
    assert got["doubled_with_key"] == 0, "a receiver that honours the key takes no copy"
    assert got["changed"] == 0, "what is sent again is byte-identical"
    assert got["doubled_outside_window"] == 0
    assert got["doubled_per_kill_in_window"] <= 1
    assert got["random"]["sent_again"] <= 60, "at most one copy for each kill"
    assert {name for name, p in got["points"].items() if p["sent_again"]} <= {"accepted", "settling"}
    assert all(p["kills"] == 6 for p in got["points"].values())
    met = {t["name"]: t["met"] for t in answer["targets"]}
    assert {f"lost_{database}", f"doubled_share_{database}", f"recovery_p99_s_{database}"} <= set(met)
    assert run.returncode == (0 if all(met.values()) else 1)
