from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from config.management.base import Command as Base
from config.management.base import acting_now, person, policy
from flow import clock_acts


class Command(Base):
    help = "Reopen a closed event: what was never met runs on from its own start."

    def options_of(self, parser: ArgumentParser) -> None:
        parser.add_argument("event", type=int)
        parser.add_argument("--by", required=True)
        parser.add_argument("--reason", required=True)
        parser.add_argument("--dry-run", action="store_true", help="say what would happen to clocks and alerts, change nothing")

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        now, held = acting_now()
        event, user, files = options["event"], person(options["by"], "by"), policy()
        run = clock_acts.preview if options["dry_run"] else clock_acts.perform
        effects = run(lambda: clock_acts.reopen(event, user, options["reason"], files, now, held), event, now)
        return {"id": event, "dry_run": options["dry_run"], "effects": effects}
