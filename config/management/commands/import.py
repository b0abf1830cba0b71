"""huiying import FILE: take a vendor's XLSX, CSV or JSONL file in."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from tqdm import tqdm

from config import clock
from config.cli import Refused, say
from config.management.prepare import prepare
from crawlers.importing import import_file
from crawlers.tables import Unreadable

SHOWN = 20


class Command(BaseCommand):
    help = "导入厂商交付的文件（XLSX、CSV、JSONL）；有行被退回时退出码为 1，文件读不了为 2"
    requires_system_checks = ()  # pages and routes are not this command's business

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="XLSX、CSV（utf-8、gb18030）或 JSONL 文件")
        parser.add_argument("--mapping", help="mappings.toml 里的表头模板名")
        parser.add_argument("--dry-run", action="store_true", help="只检查并报告，不写入")
        parser.add_argument("--past", action="store_true", help="过去一段时间的存量：可检索、可统计，不开事件、不告警")
        parser.add_argument("--json", action="store_true", help="在标准输出打印一个 JSON 文档")

    def handle(self, *args: Any, **options: Any) -> None:
        prepare()
        quiet = options["json"] or not sys.stderr.isatty()
        with tqdm(unit=" 行", disable=quiet, leave=False) as bar:
            try:
                report = import_file(
                    options["file"],
                    clock.now(),
                    mapping=options["mapping"],
                    dry_run=options["dry_run"],
                    past=options["past"],
                    progress=bar.update,
                )
            except Unreadable as e:
                raise Refused(str(e), "file") from e
        if options["json"]:
            self.stdout.write(json.dumps(report, ensure_ascii=False))
        else:
            self._tell(report, rehearsed=options["dry_run"])
        if report["rejected"]:
            sys.exit(1)

    def _tell(self, report: dict[str, Any], *, rehearsed: bool) -> None:
        rejected = report["rejected"]
        done = "试运行，未写入：" if rehearsed else ""
        counts = f"新增 {report['new']}，已有 {report['known']}，退回 {len(rejected)}"
        self.stdout.write(f"{done}共 {report['rows']} 行：{counts}")
        for r in rejected[:SHOWN]:
            say(f"第 {r['row']} 行{' ' + r['field'] if r['field'] else ''}：{r['reason']}")
        if len(rejected) > SHOWN:
            say(f"……另有 {len(rejected) - SHOWN} 行被退回（--json 列出全部）")
        for warning in report["warnings"]:
            say(f"注意：{warning}")
        if report["unknown_headers"]:
            say(f"未采用的列：{'、'.join(report['unknown_headers'])}")
        if report["not_stored_headers"]:
            say(f"按规定不收录的列：{'、'.join(report['not_stored_headers'])}")
