"""huiying reread: stored posts read again by the reader of today."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from tqdm import tqdm

from archive.models import Source
from config import clock
from config.cli import Refused
from config.management.base import Command as Base
from config.management.base import instant, policy
from config.management.serving import readers
from flow import rereading


class Command(Base):
    help = "用现在的模型和词表重新研读已收录的信息；人工更正过的不动；默认不开事件、不告警"

    def options_of(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="start", help="发布时间起；不写则从最早的")
        parser.add_argument("--to", dest="end", help="发布时间止；不写则到现在")
        parser.add_argument("--source", default="", help="只读这个信源的")
        parser.add_argument("--alert", action="store_true", help="现在判为相关、又不在任何事件里的，当作新信息再走一遍：会开事件、起计时、告警")
        parser.add_argument("--dry-run", action="store_true", help="只计数，不写入")
        parser.add_argument("--by", default="", help="谁要求的（登录名），记入审计")

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        now = clock.now()
        source = Source.objects.filter(name=options["source"]).first()
        if options["source"] and source is None:
            raise Refused(f"没有这个信源：{options['source']}", "source")
        start = instant(options["start"], "from") if options["start"] else datetime(1990, 1, 1, tzinfo=UTC)
        end = instant(options["end"], "to") if options["end"] else now
        posts = rereading.chosen(start, end, source.pk if source else None)
        reading = readers(policy())
        try:
            with tqdm(total=posts.count(), unit=" 条", disable=options["json"] or not sys.stderr.isatty(), leave=False) as bar:
                counts = rereading.run(
                    posts, reading, options["by"] or "command", now, alert=options["alert"], dry_run=options["dry_run"], progress=bar.update
                )
        finally:
            reading.close()
        return dict(counts)

    def tell(self, answer: dict[str, Any]) -> None:
        words = {
            "read": "重读", "changed": "有变化", "relevant": "由无关变相关", "irrelevant": "由相关变无关", "failed": "读取失败", "again": "交回研读队列",
        }  # fmt: skip
        self.stdout.write("  ".join(f"{word} {answer[name]}" for name, word in words.items()))
