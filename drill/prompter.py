"""What the drill does at its minutes besides publishing: hands over a vendor file and, when asked to, releases."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from analysis.models import Event
from config import clock
from config.cli import say
from drill import vendor
from drill.script import VENDOR_FILE_AT

Cue = tuple[float, Callable[[], None]]  # drill minute, what to do


class Prompter(threading.Thread):
    """Runs cues at their minutes by calling the product's own commands, one after another."""

    def __init__(self, start: datetime, folder: Path, release_after: float | None) -> None:
        super().__init__(name="prompter", daemon=True)
        self._begin, self._folder = start, folder
        self._over = threading.Event()
        self._running: subprocess.Popen[bytes] | None = None
        self._release_after = release_after

    def cues(self, vendor_file_at: float) -> list[Cue]:
        found: list[Cue] = [(vendor_file_at, self._hand_over)]
        if self._release_after is not None:
            found.append((self._release_after, self._release))
        return sorted(found, key=lambda cue: cue[0])

    def run(self) -> None:
        for minute, act in self.cues(VENDOR_FILE_AT):
            wait = (minute * 60 - (clock.now() - self._begin).total_seconds()) / clock.speed()
            if self._over.wait(max(0.0, wait)):
                return
            act()

    def stop(self) -> None:
        self._over.set()
        if self._running is not None and self._running.poll() is None:
            self._running.terminate()

    def _hand_over(self) -> None:
        path = self._folder / "incoming" / f"舆情导出-{clock.now().astimezone(clock.SHANGHAI):%Y%m%d-%H%M}.xlsx"
        path.parent.mkdir(exist_ok=True)
        rows = vendor.write(path, clock.now())
        say(f"演练：供应商文件 {path.name}（{rows} 行）已送到，正在导入")
        self._command("import", str(path))

    def _release(self) -> None:
        """The gravest event's authoritative release, by three people, with the published page as evidence."""
        event = Event.objects.filter(obligations__duty="K1", obligations__superseded_at__isnull=True).first()
        if event is None:
            say("演练：没有事件负有发布权威信息的职责，不发布")
            return
        folder = self._folder / "release"
        folder.mkdir(exist_ok=True)
        body, page = folder / "通报.txt", folder / "通报.html"
        body.write_text(BULLETIN)
        page.write_text(f'<!doctype html><meta charset="utf-8"><title>{TITLE}</title><h1>{TITLE}</h1><p>{BULLETIN}</p>')
        say("演练：发布权威信息（K1）")
        self._command(
            "release", str(event.pk), "--duty", "K1", "--title", TITLE, "--body", str(body), "--channel", "weibo",
            "--url", "https://weibo.example/drill/release", "--published-at", clock.now().isoformat(),
            "--drafted-by", "zhiban", "--reviewed-by", "daiban", "--published-by", "zhuren", "--page", str(page),
        )  # fmt: skip

    def _command(self, *argv: str) -> None:
        command: Sequence[str] = [sys.executable, "-m", "config.cli", *argv]
        self._running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        if (code := self._running.wait()) and not self._over.is_set():
            say(f"演练：huiying {argv[0]} 以 {code} 结束")


TITLE = "情况通报（演练）"
BULLETIN = "灞桥区新筑街道一企业发生火灾，公安机关已会同消防、应急等部门开展救援和调查，企业负责人已被控制，后续情况将及时公布。"
