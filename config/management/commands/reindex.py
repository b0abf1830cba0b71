from __future__ import annotations

import sys
import time
from typing import Any

from tqdm import tqdm

from archive import indexing, search
from archive.months import SearchUnavailable
from config.cli import Refused
from config.management.base import Command as Base
from flow import documents, locks


class Command(Base):
    help = "Build the search index anew from the posts while the old one serves; a running engine is asked to."

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        pid = locks.running_pid()
        if pid is not None:
            search.want_rebuild()
            return {"state": "requested", "pid": pid, "posts": None, "seconds": None}
        began = time.perf_counter()
        with tqdm(unit="条", desc="重建检索库", file=sys.stderr, mininterval=0.5) as bar:

            def progress(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            try:
                posts = indexing.rebuild(documents.documents, progress)
            except SearchUnavailable as e:
                raise Refused(str(e)) from e
        return {"state": "done", "pid": None, "posts": posts, "seconds": round(time.perf_counter() - began, 1)}

    def tell(self, answer: dict[str, Any]) -> None:
        if answer["state"] == "requested":
            self.stdout.write(f"引擎正在运行（pid {answer['pid']}），已请它重建；期间检索照常")
        else:
            self.stdout.write(f"已重建：{answer['posts']} 条信息，{answer['seconds']} 秒")
