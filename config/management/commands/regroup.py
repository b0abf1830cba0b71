from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from config.cli import Refused
from config.management.base import Command as Base
from config.management.base import acting_now, person, policy
from flow import regroup


class Command(Base):
    help = "Split posts out of an event, move them to another, or take a merge, split or move back."

    def options_of(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=("split", "move", "undo"))
        parser.add_argument("number", type=int, help="the event; for undo the number that merge, split or move gave back")
        parser.add_argument("--posts", default="", help="post numbers, separated by commas")
        parser.add_argument("--into", type=int, help="where moved posts go")
        parser.add_argument("--title", default="", help="the new event's name; without it one is chosen from its posts")
        for name in ("by", "reason"):
            parser.add_argument(f"--{name}", required=True)

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        now, held = acting_now()
        act = regroup.Act(
            user=person(options["by"], "by"), reason=options["reason"], policy=policy(), now=now, held=held
        )
        if options["what"] == "undo":
            row = regroup.undo(options["number"], act)
        elif options["what"] == "split":
            row = regroup.split(options["number"], _numbers(options["posts"]), act, options["title"])
        elif options["into"] is None:
            raise Refused("移动须写明 --into", "into")
        else:
            row = regroup.move(options["number"], _numbers(options["posts"]), options["into"], act)
        return {"id": row.into_id, "regroup": row.pk, "posts": len(row.posts), "undone": row.undone_at is not None}


def _numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise Refused(f"{text} 不是以逗号隔开的信息编号", "posts") from None
