from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from config.management.base import Command as Base
from config.management.base import acting_now, person, policy
from flow import acts


class Command(Base):
    help = "Confirm or override an event's grade; a downgrade needs a second person."

    def options_of(self, parser: ArgumentParser) -> None:
        parser.add_argument("event", type=int)
        parser.add_argument("grade", help="特别重大 | 重大 | 较大 | 一般")
        for name in ("by", "reason"):
            parser.add_argument(f"--{name}", required=True)
        parser.add_argument("--second", help="the second person, for a downgrade")

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        now, held = acting_now()
        second = person(options["second"], "second") if options["second"] else None
        user = person(options["by"], "by")
        event = acts.grade_event(
            options["event"], options["grade"], user, options["reason"], second, policy(), now, held
        )
        return {"id": event.id, "grade": event.grade, "provisional": event.provisional}
