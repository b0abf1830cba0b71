from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connections

from config.cli import Refused
from config.management.base import policy
from config.management.prepare import prepare
from console.people import first_administrator
from flow import locks, up


class Command(BaseCommand):
    help = "Start everything: web, engine (with its readers and crawler) and auditor. Ctrl-C ends all within 5 seconds."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--only", nargs="+", choices=up.ROLES, default=list(up.ROLES), metavar="ROLE")
        parser.add_argument("--port", type=int, help="default: HUIYING_PORT, else a free one")
        parser.add_argument("--host", default=os.environ.get("HUIYING_HOST", "127.0.0.1"))

    def handle(self, *args: Any, **options: Any) -> None:
        prepare()
        policy()  # a mistake in a policy file stops the start here, with file, key, value and hint
        if "engine" in options["only"] and (pid := locks.running_pid()):
            raise Refused(f"这个数据目录上已有引擎在运行（进程 {pid}）；先停止它")
        password = first_administrator()
        port = options["port"] or int(os.environ.get("HUIYING_PORT") or 0) or up.free_port()
        address = f"http://{options['host']}:{port}"
        env = os.environ | {"HUIYING_PUBLIC_URL": os.environ.get("HUIYING_PUBLIC_URL") or address}
        connections.close_all()
        if "web" in options["only"]:
            self.stdout.write(address + "/")
        if password:
            self.stdout.write(f"首次启动已建立管理员 admin，初始密码（仅显示这一次，首次登录须修改）：{password}")
        self.stdout.flush()
        sys.exit(up.run(options["only"], f"{options['host']}:{port}", env))
