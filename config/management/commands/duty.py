from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from config.cli import Refused
from config.management.base import Command as Base
from config.management.base import acting_now, instant, person, policy, shown_now
from flow import status, subjects


class Command(Base):
    help = "Duties of letters and units: list, open, settle, extend; appear records a head or deputy before the press."

    def options_of(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=["list", "open", "settle", "extend", "appear"])
        parser.add_argument("subject", nargs="?", default="", help="letter:12, unit:办公室:2026Q4; the unit for appear")
        parser.add_argument("--duty", default="", help="K5, K5-close, K5-object, K5b, K6, K8")
        parser.add_argument("--title", default="")
        parser.add_argument("--at", help="when it started, was done, took place; default now")
        parser.add_argument("--note", default="", help="settle: the record that proves it")
        parser.add_argument("--days", type=int, default=30)
        parser.add_argument("--reason", default="")
        parser.add_argument("--name", default="", help="appear: who")
        parser.add_argument("--post", default="", help="appear: head | deputy")
        parser.add_argument("--form", default="conference", help="appear: conference | interview")
        parser.add_argument("--by", default="")

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        act, subject, code = options["act"], options["subject"], options["duty"]
        if act == "list":
            return {"duties": status.duties(shown_now())}
        if not options["by"]:
            raise Refused("请用 --by 写明办理人", "by")
        user, files = person(options["by"], "by"), policy()
        at = instant(options["at"], "at") if options["at"] else None
        now, _ = acting_now(at)
        at = at or now
        if act == "appear":
            made = subjects.appear(
                subject, options["name"], options["post"], options["form"], at, files, user, now, options["note"]
            )  # fmt: skip
            return {"id": made.pk, "unit": made.unit, "post": made.post, "form": made.form}
        if act == "open":
            ob = subjects.open_obligation(subject, options["title"] or subject, code, at, files, now, user.username)
        elif act == "settle":
            ob = subjects.settle(subject, code, options["note"], at, user, now)
        else:
            ob = subjects.extend(subject, code, options["days"], user, options["reason"], now)
        return {"id": ob.id, "subject": ob.subject, **status.obligation_json(ob, now)}
