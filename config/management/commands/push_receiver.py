"""The receiver of one push stream, started by the engine; ends when its standard input does."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from crawlers import processes
from crawlers.weibo.receiver import Receiver


class Command(BaseCommand):
    help = "（内部）推送流接收进程：由引擎启动，接收一个信源"
    requires_system_checks = ()  # pages and routes are not this command's business

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source_id", type=int, help="信源编号")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for sig in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sig, lambda number, frame: stop.set())
        processes.tell_when_alone(stop)
        Receiver(options["source_id"], stop).run()
