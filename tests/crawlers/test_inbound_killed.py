"""The receiver of pushes killed again and again, as a process of its own: what was accepted is there once."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from django.conf import settings

pytestmark = [pytest.mark.long]


def test_twenty_kills_lose_and_double_nothing(service_env):
    done = subprocess.run(
        [sys.executable, "-m", "bench.inbound", "--here", "--seconds", "10"],
        env=service_env, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    got = json.loads(done.stdout.splitlines()[-1])
    assert (got["kills"], got["lost"], got["doubled"]) == (20, 0, 0)
