from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from alerts.models import Alert
from config.cli import Refused
from config.management.base import Command as Base
from config.management.base import person, policy, shown_now
from flow import explaining


class Command(Base):
    help = "Why an alert was told to whom, what happens next, to whom and when; --user: why that person was (not) told."

    def options_of(self, parser: ArgumentParser) -> None:
        parser.add_argument("key")
        parser.add_argument("--user", help="log-in name of the person who asks")

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        alert = Alert.objects.filter(key=options["key"]).first()
        if alert is None:
            raise Refused(f"没有编号为 {options['key']} 的告警", "key")
        user = person(options["user"], "user") if options["user"] else None
        return explaining.explained(alert, policy().ladder, shown_now(), user)

    def tell(self, answer: dict[str, Any]) -> None:
        out = self.stdout.write
        out(f"{answer['key']}  {answer['state']}  第 {answer['level']} 级  策略 {answer['policy']}")
        for row in answer["why"]:
            out(f"  {row['channel']} → {row['address']}  {row['because']}  [{row['state']}] {row['reason']}")
        for row in answer["handled"]:
            out(f"  {row['at']} {row['what']} {row['by'] or '—'} {row['reason']}")
        for row in (answer["next"], *answer["then"]):
            if row["at"]:
                to = "、".join(t["address"] for t in row["to"])
                out(f"  {row['at']}（{row['in_seconds']} 秒后）→ {row['told']}：{to}")
        if "user" in answer:
            out(f"{answer['user']['name']} {'已被告知' if answer['user']['told'] else '未被告知'}")
            for reason in answer["user"]["because"]:
                out(f"  {reason}")
