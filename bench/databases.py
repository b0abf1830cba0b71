"""The same measurement on SQLite and on PostgreSQL, each in a process whose settings name a place of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BOTH = ("sqlite", "postgresql")


def apart(module: str, name: str, arguments: Sequence[str]) -> dict[str, Any]:
    """What `python -m MODULE --here …` prints, run on the database `name`. Raises CalledProcessError."""
    folder = tempfile.mkdtemp(prefix="huiying-bench-")
    env = {k: v for k, v in os.environ.items() if not k.startswith("HUIYING_") or k in ("HUIYING_CONFIG", "HUIYING_LOG")}
    env.pop("DATABASE_URL", None)
    env |= {"HUIYING_DATA": folder, "HUIYING_LOG": os.environ.get("HUIYING_LOG", "CRITICAL")}
    env |= {"DJANGO_SETTINGS_MODULE": "config.settings"}
    argv = [sys.executable, "-m", module, "--here", *arguments]
    if name == "postgresql":
        argv = ["bash", "scripts/with_postgres.sh", *argv]
    try:
        done = subprocess.run(argv, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, check=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return json.loads(done.stdout)
