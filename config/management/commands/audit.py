from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from config.management.base import Command as Base
from flow import audit


class Command(Base):
    help = "Verify the audit chain: exit 1 when an entry was changed or is missing."

    def options_of(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=["verify"])

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if self.broken:
            sys.exit(1)

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        checked, problem = audit.verify()
        self.broken = problem is not None
        seq, head = audit.head()
        return {"entries": checked, "ok": problem is None, "problem": problem, "head": {"seq": seq, "hash": head}}
