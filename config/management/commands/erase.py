from __future__ import annotations

import getpass
from argparse import ArgumentParser
from typing import Any

from archive import indexing
from archive.models import Change, Erasure
from archive.months import IndexBusy
from config import clock
from config.cli import Refused
from config.management.base import Command as Base
from config.management.base import acting_now
from flow import documents, erasing, locks


class Command(Base):
    help = "Erase what a post said from tables and search; --now also rewrites the search files at once and proves it."

    def options_of(self, parser: ArgumentParser) -> None:
        parser.add_argument("post", type=int)
        parser.add_argument("--now", action="store_true", help="rewrite the month's search files now, not within 24 hours")
        parser.add_argument("--by", default="", help="who decided it")
        parser.add_argument("--reason", default="", help="for the audit trail; no personal text")

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        by = options["by"] or getpass.getuser()
        now, _ = acting_now()
        try:
            row = erasing.erase(options["post"], by, options["reason"], now, at_once=options["now"])
        except erasing.Held as e:
            raise Refused(str(e), "post") from e
        if row is None:
            raise Refused(f"没有编号为 {options['post']} 的信息", "post")
        pid = locks.running_pid()
        if pid is None:
            try:
                indexing.drain(documents.documents)
            except IndexBusy as e:
                raise Refused(f"信息已从数据库删除，检索库稍后跟上：{e}") from e
            row = Erasure.objects.get(pk=row.pk)
        hidden = not Change.objects.filter(post_id=row.post_id).exists()
        return {
            "post_id": row.post_id,
            "state": "erased" if row.rewritten_at else "hidden" if hidden else "requested",
            "month": row.month,
            "due_at": clock.shanghai(row.due_at),
            "rewritten_at": clock.shanghai(row.rewritten_at),
            "proof": row.proof,
            "pid": pid,
        }

    def tell(self, answer: dict[str, Any]) -> None:
        words = {
            "erased": f"已删除，{answer['month']} 的检索文件已重写并核验：不再含有它的字词",
            "hidden": f"已删除并从检索中隐去；{answer['month']} 的检索文件将于 {answer['due_at']} 前重写",
            "requested": f"已从数据库删除，引擎（pid {answer['pid']}）随即从检索中隐去",
        }
        self.stdout.write(f"信息 {answer['post_id']}：{words[answer['state']]}")
