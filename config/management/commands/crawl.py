"""huiying crawl [SOURCE…]: read sources now."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from archive.models import Source
from config.cli import Refused
from config.management.prepare import prepare
from crawlers.adapters import ADAPTERS
from crawlers.child import Child, Report


class Command(BaseCommand):
    help = "立即读取信源（不写名称则读取全部启用的信源）；某个信源失败不影响退出码"
    requires_system_checks = ()  # pages and routes are not this command's business

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", nargs="*", help="信源名称")
        parser.add_argument("--json", action="store_true", help="在标准输出打印一个 JSON 文档")

    def handle(self, *args: Any, **options: Any) -> None:
        prepare()
        ids = _chosen(options["source"])
        reports: list[Report] = []
        child = Child(reports.append)
        try:
            child.crawl(ids)
            child.wait()
        finally:
            child.stop()
        reports.sort(key=lambda r: ids.index(r["id"]))
        shown = [{k: r[k] for k in ("name", "state", "fetched", "new", "error")} for r in reports]
        if options["json"]:
            self.stdout.write(json.dumps({"sources": shown}, ensure_ascii=False))
            return
        if not shown:
            self.stdout.write("没有启用的信源")
        for r in shown:
            state = Source.State(r["state"]).label
            self.stdout.write(f"{r['name']}：{state}，读到 {r['fetched']}，新增 {r['new']}{'；' if r['error'] else ''}{r['error']}")


def _chosen(names: list[str]) -> list[int]:
    asked = Source.objects.filter(kind__in=ADAPTERS)
    if not names:
        return list(asked.filter(enabled=True).order_by("name").values_list("pk", flat=True))
    known = dict(asked.values_list("name", "pk"))
    if unknown := [n for n in names if n not in known]:
        raise Refused(f"没有这个信源：{'、'.join(unknown)}；现有：{'、'.join(sorted(known)) or '无'}", "source")
    return [known[n] for n in dict.fromkeys(names)]
