from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from config.management.base import Command as Base
from config.management.base import acting_now, instant, person, policy
from flow import acts


class Command(Base):
    help = "Open an event by hand (110, a unit, a leader); its clocks start as for any other."

    def options_of(self, parser: ArgumentParser) -> None:
        for name in ("title", "at", "type", "by", "knowledge"):
            parser.add_argument(f"--{name}", required=True)
        parser.add_argument("--grade", help="特别重大 | 重大 | 较大 | 一般")

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        at = instant(options["at"], "at")
        now, held = acting_now(at)
        event = acts.open_event(
            title=options["title"], at=at, type_=options["type"], grade=options["grade"] or None,
            user=person(options["by"], "by"), knowledge=options["knowledge"], policy=policy(), now=now, held=held,
        )  # fmt: skip
        return {"id": event.id, "title": event.title, "grade": event.grade, "owes_reason": event.owes_reason}
