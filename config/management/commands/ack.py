from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from config.management.base import Command as Base
from config.management.base import acting_now, person
from flow import handling


class Command(Base):
    help = "Acknowledge an alert: its escalation stops, its clock does not."

    def options_of(self, parser: ArgumentParser) -> None:
        parser.add_argument("key")
        parser.add_argument("--by", required=True)

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        now, _ = acting_now()
        alert = handling.acknowledge(options["key"], person(options["by"], "by"), now)
        who = alert.acked_by.username if alert.acked_by else None
        return {"id": alert.id, "key": alert.key, "acked_by": who}
