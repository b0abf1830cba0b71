"""huiying backfill SOURCE --from T --to T: fetch a past window of a source beside its live reading."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from archive.models import Source
from config import clock
from config.cli import Refused
from config.clock import real_now
from config.management.base import Command as Base
from config.management.base import instant
from crawlers.models import Errand
from flow import audit


class Command(Base):
    help = "补采一个信源过去一段时间的信息（站点地图、列表页、订阅源存档）；不动实时读取的游标；默认不开事件、不告警"

    def options_of(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", help="信源名称")
        parser.add_argument("--from", dest="start", required=True, help="起，例如 2026-11-01T00:00+08:00")
        parser.add_argument("--to", dest="end", help="止；不写则到现在")
        parser.add_argument("--alert", action="store_true", help="当作新信息研读：会开事件、起计时、告警")
        parser.add_argument("--by", default="", help="谁要求的（登录名），记入审计")

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        from crawlers import (  # Scrapy takes a second to import: not for `huiying help`
            backfilling,
            errand_process,
        )

        source = Source.objects.filter(name=options["source"]).first()
        if source is None:
            raise Refused(f"没有这个信源：{options['source']}", "source")
        now = clock.now()
        start, end = instant(options["start"], "from"), instant(options["end"], "to") if options["end"] else now
        if start >= end:
            raise Refused("起须早于止", "from")
        ask = {"from": start.isoformat(), "to": end.isoformat(), "alert": options["alert"]}
        errand = Errand.objects.create(
            kind=Errand.Kind.BACKFILL, source=source, ask=ask, by=options["by"] or "command", at=now, beat_at=real_now()
        )
        audit.record(options["by"] or "command", "source.backfill", f"source:{source.pk}", now, **ask)
        errand_process.run(errand, backfilling.work)
        errand.refresh_from_db()
        if errand.state != Errand.State.DONE and not errand.found.get("new"):
            raise Refused(errand.said, "source")
        found = errand.found
        counts = {name: found[name] for name in ("new", "known", "outside", "refusals", "refused")}
        return {"source": source.name, "state": str(errand.state), "said": errand.said, **counts}

    def tell(self, answer: dict[str, Any]) -> None:
        self.stdout.write(f"{answer['source']}：{answer['said']}")
        for reason in answer["refused"]:
            self.stdout.write(f"  {reason}")
