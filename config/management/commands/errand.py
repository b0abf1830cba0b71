"""An errand's process: started by the console, with the number of the row that says what to do."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from config.cli import Refused
from crawlers.models import Errand


class Command(BaseCommand):
    help = "（内部）差事进程：由控制台启动，查看一个地址或补采一段时间"
    requires_system_checks = ()  # pages and routes are not this command's business

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("errand", type=int)

    def handle(self, *args: Any, **options: Any) -> None:
        errand = Errand.objects.select_related("source").filter(pk=options["errand"]).first()
        if errand is None:
            raise Refused("没有这件差事", "errand")
        # Scrapy takes a second to import: not for `huiying help`.
        from crawlers import backfilling, errand_process, probing

        work = probing.probe if errand.kind == Errand.Kind.PROBE else backfilling.work
        errand_process.run(errand, work, sent=True)
