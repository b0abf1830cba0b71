from __future__ import annotations

import os
import shlex
import shutil
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connections

from config import clock
from config.cli import Refused
from config.management.base import policy
from config.management.prepare import prepare
from drill import cast, city, script
from drill.prompter import Prompter
from drill.standin import StandIn
from flow import up

MARK = "drill"  # a file that says: this folder was made by a drill and may be emptied by the next
# What reading the settings has just put into a folder named by HUIYING_DATA.
BY_SETTINGS = {"secret-key", "pseudonym-key", "static"}
FAST = 300.0
READY = "HUIYING_DRILL_READY"


class Command(BaseCommand):
    help = "演练: a scripted city with a grave incident and a fast clock, on this machine only."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--speed", type=float, default=60.0, help="drill seconds per second (default 60)")
        parser.add_argument("--fast", action="store_const", const=FAST, dest="speed", help=f"the same as --speed {FAST:g}")
        parser.add_argument("--port", type=int, default=0, help="of the console; default a free one")
        parser.add_argument("--release-after", type=float, metavar="MINUTES", help="publish the K1 release at this drill minute")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["speed"] > 0:
            raise Refused("--speed 须大于 0", "speed")
        if os.environ.get(READY) == "1":
            play(options, self.stdout.write)
        else:
            begin_again(options["speed"])


def begin_again(speed: float) -> None:
    """Empty the drill's folder and start this command anew in the drill's environment: settings are read only once."""
    folder = Path(os.environ.get("HUIYING_DATA") or settings.BASE_DIR / "var-drill").resolve()
    empty(folder)
    real = clock.real_now()
    own = {
        "HUIYING_DATA": str(folder),
        "HUIYING_DRILL": "1",
        "HUIYING_DRILL_CLOCK": f"{real.timestamp():.3f},{script.day_start(real).timestamp():.0f},{speed:g}",
        "HUIYING_ALLOW_PRIVATE_SOURCES": "1",
        "HUIYING_CRAWL_DELAY": "0.2",
        READY: "1",
    }
    (folder / "env").write_text("".join(f"{name}={shlex.quote(value)}\n" for name, value in own.items() if name != READY))
    # A drill writes to its own folder only and tells nobody outside: no server, channel or address of the real service.
    kept = {k: v for k, v in os.environ.items() if k not in OUTSIDE and not k.startswith(CHANNELS)}
    os.execve(sys.executable, [sys.executable, "-m", "config.cli", *sys.argv[1:]], kept | own)


OUTSIDE = ("DATABASE_URL", "DATABASE_URL_FILE", "ELASTICSEARCH_URL", "HUIYING_PUBLIC_URL")
CHANNELS = tuple(f"HUIYING_{name}_" for name in ("SLACK", "WECOM", "DINGTALK", "FEISHU", "WEBHOOK", "SMTP"))


def empty(folder: Path) -> None:
    """Make the folder new. Raises Refused when it holds what no drill has made."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists() and {p.name for p in folder.iterdir()} - BY_SETTINGS:
            raise Refused(f"{folder} 不是演练的目录，演练会清空它；请用 HUIYING_DATA 另指一个空目录", "HUIYING_DATA")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()


def play(options: dict[str, Any], write: Any) -> None:
    start = script.day_start(clock.now())
    port = options["port"] or up.free_port()
    address = f"http://127.0.0.1:{port}"
    write(f"{address}/")
    sys.stdout.flush()
    stand_in = StandIn(clock.now)
    os.environ |= {"HUIYING_PUBLIC_URL": address, **stand_in.env}
    outlets = city.open_city(start, clock.now)
    prepare()
    policy()
    people = cast.enrol(start)
    cast.approve(outlets, options["speed"], start)
    connections.close_all()
    write(f"演练开始于 {clock.shanghai(start)}，时间加快 {options['speed']:g} 倍；Ctrl-C 结束")
    write(f"倒计时大屏 {address}/wall/   渠道收到的消息 {stand_in.url}")
    write("账号 " + "，".join(f"{name}（{role}）" for name, role, _ in people) + f"；密码均为 {people[0][2]}")
    sys.stdout.flush()
    prompter = Prompter(start, settings.DATA, options["release_after"])
    prompter.start()
    try:
        code = up.run(up.ROLES, f"127.0.0.1:{port}", dict(os.environ))
    finally:
        prompter.stop()
    sys.exit(code)
