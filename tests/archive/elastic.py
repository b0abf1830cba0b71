"""A real Elasticsearch for the tests marked so: one server a session, started while other tests already run."""

from __future__ import annotations

import atexit
import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPT = str(ROOT / "scripts" / "elasticsearch.sh")


class Nodes:
    """`nodes` nodes of `version` in a folder of their own; `wait` gives the environment that reaches them."""

    def __init__(self, nodes: int = 1, version: str = "") -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="huiying-elasticsearch-"))
        self._starting = subprocess.Popen(
            ["bash", SCRIPT, "up", str(self.folder), str(nodes), *([version] if version else [])],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        atexit.register(self.stop)

    def wait(self) -> dict[str, str] | str:
        """ELASTICSEARCH_… to set, or why there is no server."""
        _, said = self._starting.communicate(timeout=600)
        if self._starting.returncode:
            return said.strip().splitlines()[-1] if said.strip() else "it did not start"
        lines = (self.folder / "env").read_text().split()
        return dict(line.split("=", 1) for line in lines)

    def pid(self, node: int) -> int:
        return int((self.folder / f"n{node}.pid").read_text())

    def stop(self) -> None:
        atexit.unregister(self.stop)
        if self._starting.poll() is None:
            self._starting.terminate()
            self._starting.wait()
        subprocess.run(["bash", SCRIPT, "down", str(self.folder)], check=False, capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)
