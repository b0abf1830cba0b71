"""What must never stand in a file of the project: keys, passwords, somebody's paths, where packages come from."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NEVER = {
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a Slack token": re.compile(r"\bxox[abeoprs]-\d{6,}"),
    "a cloud key": re.compile(r"\bAKIA[0-9A-Z]{16}\b"),
    "a password in an address": re.compile(r"\b[a-z]+://[^\s/:@{}\"'$]+:[^\s/:@{}\"'$…]+@[a-z0-9.-]+"),
    "a path of one machine": re.compile(r"(?<![\w.])/(?:home|root|Users|work)/\w"),
    "a package index": re.compile(r"https?://\S+/simple\b|(?:index-url|find-links|registry)[ =]+https?:", re.I),
}
# Deliberate examples: addresses that the product must refuse because they hold a password.
EXAMPLES = {"tests/archive/test_elastic.py", "tests/console/test_source_add.py", "tests/console/test_sources.py", "tests/crawlers/test_addresses.py"}


def files() -> list[str]:
    """What a clone would hold; every file when this is no checkout."""
    git = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if git.returncode == 0:
        return [name for name in git.stdout.split("\0") if name and (ROOT / name).is_file()]
    kept = (p.relative_to(ROOT) for p in ROOT.rglob("*") if p.is_file())
    return [str(p) for p in kept if not p.parts[0].startswith((".venv", ".git", ".cache", "var"))]


@pytest.mark.parametrize("what", NEVER)
def test_no_file_holds(what):
    found = []
    for name in files():
        if name in EXAMPLES:
            continue
        try:
            text = (ROOT / name).read_text()
        except UnicodeDecodeError:
            continue
        found += [f"{name}: {match[0][:60]}" for match in NEVER[what].finditer(text)]
    assert not found, "\n".join(found)
