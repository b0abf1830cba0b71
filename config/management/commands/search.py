from __future__ import annotations

from argparse import ArgumentParser
from contextlib import suppress
from typing import Any

from archive import indexing, search
from archive.highlight import bracketed
from archive.months import IndexBusy, SearchUnavailable
from archive.query import GRADES, Filter, QueryError
from config import clock
from config.cli import Refused, say
from config.management.base import Command as Base
from flow import documents, locks
from flow.naming import NAMES

SMALL = 5000  # posts that a search indexes itself when nobody else does


class Command(Base):
    help = "Search the archive: words, “strings”, 与 或 非, brackets, 标题: 正文: 来源: 等级: 事件: 平台: 类型:"

    def options_of(self, parser: ArgumentParser) -> None:
        parser.add_argument("query")
        parser.add_argument("--from", dest="start", metavar="DAY", help="2024-05-01 or an instant, Shanghai time")
        parser.add_argument("--to", dest="end", metavar="DAY", help="the day is included")
        parser.add_argument("--source", action="append", default=[])
        parser.add_argument("--grade", action="append", default=[])
        parser.add_argument("--event", action="append", default=[], type=int)
        parser.add_argument("--sort", choices=["newest", "best", "mixed"], default="newest")
        parser.add_argument("--limit", type=int, default=20)
        parser.add_argument("--offset", type=int, default=0)

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        filters = _filters(options)
        limit, offset = options["limit"], options["offset"]
        for name, value in (("limit", limit), ("offset", offset)):
            if value < 0:
                raise Refused(f"--{name} 不能小于 0", name)
        if limit + offset > search.DEEPEST:
            raise Refused(f"最多翻到第 {search.DEEPEST} 条：请用 --from --to 缩小时间范围", "offset")
        behind = _catch_up()
        try:
            result = search.search(options["query"], filters, sort=options["sort"], limit=limit, offset=offset, names=NAMES)
        except QueryError as e:
            raise Refused(str(e), "query") from e
        except SearchUnavailable as e:
            raise Refused(str(e)) from e
        return {
            "total": result.total,
            "hits": [_shown(hit) for hit in result.hits],
            "facets": {
                name: [{"value": value, "count": count} for value, count in counts]
                for name, counts in result.facets.items()
            },
            "behind": behind,
            "at_least": result.at_least,
            "excerpts_to": clock.shanghai(result.excerpts_to),
        }

    def tell(self, answer: dict[str, Any]) -> None:
        least = "至少 " if answer["at_least"] else ""
        self.stdout.write(f"共 {least}{answer['total']} 条，显示 {len(answer['hits'])} 条")
        for hit in answer["hits"]:
            event = f" 事件 #{hit['event']}【{hit['grade'] or '未定级'}】" if hit["event"] else ""
            self.stdout.write(f"\n{hit['published_at'][:16].replace('T', ' ')} {hit['source']}{event} #{hit['post_id']}")
            if hit["title"]:
                self.stdout.write(f"  {hit['title']}")
            self.stdout.write(f"  {hit['snippet']}")
            if hit["url"]:
                self.stdout.write(f"  {hit['url']}")
        sources = "，".join(f"{f['value']} {f['count']}" for f in answer["facets"]["source"][:8])
        if sources:
            self.stdout.write(f"\n来源：{sources}")
        if answer["excerpts_to"]:
            say(f"{answer['excerpts_to'][:10]} 及以前的个人信息只留摘要：摘要以外的文字已不能检索")
        if answer["behind"]:
            say(f"还有 {answer['behind']} 条信息等待编入检索库")


def _filters(options: dict[str, Any]) -> Filter:
    try:
        start, end = search.period(options["start"], options["end"])
    except QueryError as e:
        raise Refused(str(e), "to" if e.position else "from") from e
    if unknown := [g for g in options["grade"] if g not in GRADES]:
        raise Refused(f"没有“{unknown[0]}”这个等级；可写 {'、'.join(GRADES)}", "grade")
    if any(e < 1 for e in options["event"]):
        raise Refused("事件编号从 1 开始", "event")
    return Filter(
        start=start,
        end=end,
        sources=tuple(options["source"]),
        grades=tuple(options["grade"]),
        events=tuple(options["event"]),
    )


def _catch_up() -> int:
    """Without an engine nobody indexes what a command has just changed; how many posts still wait."""
    waiting = indexing.waiting()
    if 0 < waiting <= SMALL and locks.running_pid() is None:
        with suppress(IndexBusy):
            indexing.drain(documents.documents)
            return 0
    return waiting


def _shown(hit: search.Hit) -> dict[str, Any]:
    return {
        "post_id": hit.post_id,
        "title": hit.title,
        "url": hit.url,
        "source": hit.source,
        "platform": hit.platform,
        "published_at": clock.shanghai(hit.published_at),
        "snippet": hit.snippet,
        "title_marked": bracketed(hit.title_pieces),
        "event": hit.event,
        "grade": hit.grade,
    }
