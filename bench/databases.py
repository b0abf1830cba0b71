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

from bench.machine import machine
from bench.main import target

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


def report(workload: dict[str, Any], results: dict[str, dict[str, Any]], goals: Sequence[tuple[str, str, float, str]]) -> int:
    """Print the document of a bench: `goals` (name, sense, goal, unit) held for each database. 0 when all are met, else 1."""
    targets = [
        target(f"{name}_{database}", sense, goal, got[name], unit)
        for database, got in results.items()
        for name, sense, goal, unit in goals
    ]
    answer = {"workload": workload, "machine": machine(), "results": results, "targets": targets}
    sys.stdout.write(json.dumps(answer, ensure_ascii=False, indent=1) + "\n")
    return 0 if all(t["met"] for t in targets) else 1
