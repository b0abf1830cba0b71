from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from config.cli import Refused
from config.management.base import Command as Base
from config.management.base import acting_now, instant, person, policy
from flow import clock_acts

WORDS = {
    "start": "更正起算时间（--at）",
    "exempt": "批准免予履行（--duty --basis）",
    "pause": "暂停非法定时限（--duty）",
    "resume": "恢复计时（--duty）",
    "answer": "应予回应，开 K3",
    "no-answer": "不需回应，撤 K3",
}


class Command(Base):
    help = "Change an event's clocks by a named person: " + "; ".join(f"{k} {v}" for k, v in WORDS.items())

    def options_of(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=[*WORDS])
        parser.add_argument("event", type=int)
        parser.add_argument("--by", required=True)
        parser.add_argument("--reason", default="")
        parser.add_argument("--duty", default="")
        parser.add_argument("--at", help="start: when it really began")
        parser.add_argument("--basis", default="", help="exempt: the legal ground")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen to clocks and alerts, change nothing")

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        now, held = acting_now()
        event, user, files = options["event"], person(options["by"], "by"), policy()
        duty, reason, act = options["duty"], options["reason"], options["act"]
        if act == "start" and not options["at"]:
            raise Refused("请用 --at 写明起算时间", "at")
        at = instant(options["at"], "at") if options["at"] else now
        acts = {
            "start": lambda: clock_acts.correct_start(event, at, user, reason, files, now, held),
            "exempt": lambda: clock_acts.exempt(event, duty, user, reason, options["basis"], files, now, held),
            "pause": lambda: clock_acts.pause(event, duty, user, reason, now),
            "resume": lambda: clock_acts.resume(event, duty, user, files, now, held),
            "answer": lambda: clock_acts.rule_on_answer(event, True, user, reason, files, now, held),
            "no-answer": lambda: clock_acts.rule_on_answer(event, False, user, reason, files, now, held),
        }
        run = clock_acts.preview if options["dry_run"] else clock_acts.perform
        return {"id": event, "act": act, "dry_run": options["dry_run"], "effects": run(acts[act], event, now)}
