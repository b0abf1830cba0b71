from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from analysis.models import Event
from config.cli import Refused
from config.management.base import Command as Base
from config.management.base import policy, shown_now
from flow import status


class Command(Base):
    help = "Show events whole: clocks, posts, timeline."

    def options_of(self, parser: ArgumentParser) -> None:
        parser.add_argument("event", nargs="*", type=int)
        parser.add_argument("--all", action="store_true")

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        if not options["event"] and not options["all"]:
            raise Refused("give event numbers or --all", "event")
        events = Event.objects.order_by("id")
        if not options["all"]:
            events = events.filter(id__in=options["event"])
            missing = sorted(set(options["event"]) - {e.id for e in events})
            if missing:
                raise Refused(f"没有编号为 {', '.join(map(str, missing))} 的事件", "event")
        now, ladder = shown_now(), policy().ladder
        return {"events": [status.whole(e, now, ladder) for e in events]}

    def tell(self, answer: dict[str, Any]) -> None:
        for e in answer["events"]:
            self.stdout.write(f"#{e['id']} 【{e['grade'] or '未定级'}】{e['title']}")
            for reason in e["reasons"]:
                self.stdout.write(f"   {reason}")
            for step in e["timeline"]:
                self.stdout.write(f"   {step['at']}  {step['text']}")
            for a in e["alerts"]:
                coming = a["next"]
                following = f"{coming['at']}（{coming['in_seconds']} 秒后）→ {coming['told']}" if coming["at"] else coming["text"]
                self.stdout.write(f"   告警 {a['key']} 第 {a['level']} 级 {a['state']}；接下来 {following}")
            for post in e["posts"]:
                self.stdout.write(f"   {post['published_at']} [{post['source']}] {post['title']} {post['url']}")
