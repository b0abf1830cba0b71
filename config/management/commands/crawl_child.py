"""The crawler child: JSON lines of source ids in, one JSON line per finished source out."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "（内部）读取进程：由引擎启动，从标准输入接收信源编号"
    requires_system_checks = ()  # pages and routes are not this command's business

    def handle(self, *args: Any, **options: Any) -> None:
        from crawlers.process import run  # Scrapy takes a second to import: not for `huiying help`

        run()
