from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from config.management.base import Command as Base
from config.management.base import acting_now, person, policy
from flow import regroup


class Command(Base):
    help = "Make one event of two: the posts and clocks of the second join the first. Undone by `regroup undo`."

    def options_of(self, parser: ArgumentParser) -> None:
        parser.add_argument("into", type=int)
        parser.add_argument("gone", type=int)
        for name in ("by", "reason"):
            parser.add_argument(f"--{name}", required=True)

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        now, held = acting_now()
        act = regroup.Act(
            user=person(options["by"], "by"), reason=options["reason"], policy=policy(), now=now, held=held
        )
        row = regroup.merge(options["into"], options["gone"], act)
        return {"id": row.into_id, "regroup": row.pk, "posts": len(row.posts)}
