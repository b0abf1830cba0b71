"""huiying opml FILE: the feeds of an OPML list become sources that wait for their approval."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings

from archive.models import Source
from config.cli import Refused
from config.management.base import Command as Base
from config.management.base import acting_now, person
from crawlers import opml
from crawlers.addresses import AddressRefused, check_url
from flow import source_acts

MOST_BYTES = 5 << 20


class Command(Base):
    help = "导入 OPML 订阅列表：每个地址成为一个待批准的订阅源；已有的地址不重复，退回的逐条说明"

    def options_of(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--by", required=True, help="提出人（登录名）；批准须另一人")
        parser.add_argument("--purpose", required=True, help="用途")
        parser.add_argument("--basis", required=True, help="依据（网络数据安全管理条例第十八条）")
        parser.add_argument("--outlet", default="media", choices=Source.Outlet.values, help="主体")

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        now, _ = acting_now()
        user = person(options["by"], "by")
        try:
            if options["file"].stat().st_size > MOST_BYTES:
                raise Refused(f"{options['file'].name} 超过 5 MB，不是订阅列表", "file")
            outlines = opml.feeds_of(options["file"].read_bytes())
        except OSError as e:
            raise Refused(f"无法读取 {options['file']}：{e.strerror}", "file") from e
        except opml.NotOpml as e:
            raise Refused(f"{options['file'].name}：{e}", "file") from e
        known = set(Source.objects.values_list("url", flat=True))
        names = set(Source.objects.values_list("name", flat=True))
        new, rejected = 0, []
        for outline in outlines:
            if outline.url in known:
                continue
            try:
                check_url(outline.url, allow_private=settings.ALLOW_PRIVATE_SOURCES)
            except AddressRefused as e:
                rejected.append({"row": outline.row, "field": "xmlUrl", "reason": str(e), "name": outline.name, "url": outline.url})
                continue
            source = Source(
                name=_free(outline.name, names), kind=Source.Kind.FEED, outlet=options["outlet"], url=outline.url,
                purpose=options["purpose"], legal_basis=options["basis"],
            )  # fmt: skip
            source_acts.add(source, user, now)
            known.add(source.url)
            names.add(source.name)
            new += 1
        return {"rows": len(outlines), "new": new, "known": len(outlines) - new - len(rejected), "rejected": rejected}


def _free(name: str, taken: set[str]) -> str:
    """The name, with a number behind it when another source has it."""
    found, n = name, 1
    while found in taken:
        n += 1
        found = f"{name[:112]} {n}"
    return found
