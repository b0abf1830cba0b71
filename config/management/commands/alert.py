from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from alerts.models import Alert, Escalation
from config.cli import Refused
from config.management.base import Command as Base
from config.management.base import acting_now, person, policy
from flow import handling

ACTS = ("refuse", "reassign", "snooze", "close", "reapply")


class Command(Base):
    help = "Handle an alert: refuse it, hand it to somebody, put it off, close it, or apply the policy file as it now is."

    def options_of(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=ACTS)
        parser.add_argument("key")
        parser.add_argument("--by", required=True)
        parser.add_argument("--reason", default="")
        parser.add_argument("--to", help="reassign: log-in name of the person who takes it")
        parser.add_argument("--minutes", type=int, help="snooze: how long")
        parser.add_argument("--version", dest="expected", type=int, help="refuse when the alert has changed since this version")

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        # Django's own --version would take the name; here it is the alert's.
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        (now, held), files, user = acting_now(), policy(), person(options["by"], "by")
        given = {"version": options["expected"], "via": "command"}
        key, reason = options["key"], options["reason"]
        match options["act"]:
            case "refuse":
                step = handling.refuse(key, user, reason, files, now, held=held, **given)
            case "reassign":
                if not options["to"]:
                    raise Refused("请以 --to 指明转交给谁", "to")
                step = handling.reassign(key, user, person(options["to"], "to"), reason, files, now, held=held, **given)
            case "snooze":
                if options["minutes"] is None:
                    raise Refused("请以 --minutes 指明暂缓几分钟", "minutes")
                step = handling.snooze(key, user, options["minutes"], files, now, **given)
            case "close":
                step = handling.close(key, user, reason, files, now, **given)
            case _:
                step = handling.reapply(key, user, files, now, **given)
        return _told(step)


def _told(step: Alert) -> dict[str, Any]:
    version = Escalation.objects.filter(cause=step.cause).values_list("version", flat=True).first()
    return {"id": step.id, "key": step.key, "level": step.level, "version": version}
