"""`make test` and (with --long first) `make test-long`: on SQLite, then on PostgreSQL, and one closing line for both.

TEST_COUNTS names a file in which several runs add up their counts: CI ends with one line for all of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONG = sys.argv[1:2] == ["--long"]
# A process for each core; a file's tests stay together, for they share a service or a server.
WORKERS = str(min(4, os.cpu_count() or 1))
CI = os.environ.get("CI", "").lower() in ("true", "1")


@dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def suite(title: str, markers: str, env: dict[str, str], command: tuple[str, ...] = ()) -> Counts:
    """One run of pytest, its counts from its own report. A run that broke off counts as one failure more."""
    say(f"—— {title} ——")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        code = subprocess.run(
            [
                *command, sys.executable, "-m", "pytest", "-q", "-n", WORKERS, "--dist", "loadfile", "-m", markers,
                f"--junitxml={report}", *sys.argv[1 + LONG :],
            ],
            cwd=ROOT,
            env=env,
        ).returncode
        counts = read(report) if report.exists() else Counts()
    if code not in (0, 1) or (code == 1 and not counts.failed):
        counts.failed += 1
    return counts


def read(report: Path) -> Counts:
    counts = Counts()
    for run in ET.parse(report).getroot().iter("testsuite"):
        number = {key: int(run.get(key, 0)) for key in ("tests", "failures", "errors", "skipped")}
        wrong = number["failures"] + number["errors"]
        counts += Counts(number["tests"] - wrong - number["skipped"], wrong, number["skipped"])
    return counts


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    began = time.monotonic()
    servers = subprocess.run(["bash", "scripts/servers.sh"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    missing = servers.stdout.strip()
    env = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    size = "long" if LONG else "not long"
    total = suite(f"SQLite, {size}", f"{size} and not postgres", env)
    if missing:
        # No server was there to count on, so the group is one line and one skip.
        say(f"SKIPPED the suite on PostgreSQL: {missing}")
        total += Counts(failed=1) if CI else Counts(skipped=1)
    else:
        total += suite(
            f"PostgreSQL, {size}", f"{size} and not browser and not sqlite and not elasticsearch", env, ("bash", "scripts/with_postgres.sh")
        )
    say(f"{time.monotonic() - began:.0f} s")
    failed = total.failed
    if counts := os.environ.get("TEST_COUNTS"):
        total += earlier(Path(counts))
        Path(counts).write_text(json.dumps(vars(total)))
    say(str(total))
    return 1 if failed else 0


def earlier(path: Path) -> Counts:
    return Counts(**json.loads(path.read_text())) if path.exists() and path.stat().st_size else Counts()


if __name__ == "__main__":
    sys.exit(main())
