from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from config import clock
from config.cli import Refused
from config.management.base import Command as Base
from config.management.base import instant, policy
from config.management.serving import readers
from flow import locks, rounds


class Command(Base):
    help = "Play one round of the service: read posts, watch deadlines, write alerts (--at replays an instant)."

    def options_of(self, parser: ArgumentParser) -> None:
        parser.add_argument("--at", help="the instant to play the service at; default now")
        parser.add_argument("--send", action="store_true", help="also send to the network channels")

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        at = instant(options["at"], "at") if options["at"] else None
        files = policy()
        reading = readers(files)
        try:
            with locks.engine_role():
                return rounds.play(
                    files, reading, at or clock.now(), replay=at is not None, send=options["send"] or at is None
                )
        except locks.Taken as e:
            raise Refused(str(e), "at") from e
        except rounds.TooEarly as e:
            raise Refused(str(e), "at") from e
        finally:
            reading.close()

    def tell(self, answer: dict[str, Any]) -> None:
        words = {
            "read": "读入", "joined": "并入事件", "opened": "新开事件", "not_relevant": "无关", "set_aside": "搁置", "kept": "补采存档",
            "alerts": "告警", "deliveries": "送达",
        }  # fmt: skip
        self.stdout.write(f"{answer['now']}  " + "  ".join(f"{words[k]} {answer[k]}" for k in words))
