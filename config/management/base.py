"""What every command shares: a ready data folder, one JSON document on stdout, instants, people."""

from __future__ import annotations

import json
import re
from argparse import ArgumentParser
from datetime import datetime
from typing import Any, NoReturn

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandParser

from config import clock
from config.cli import Refused
from config.management.prepare import prepare
from flow import locks
from flow.lived import last_instant
from flow.models import Round
from flow.policy import Policy, live_policy


class Command(BaseCommand):
    """A `huiying` command: `answer()` returns what --json prints; `tell()` prints it for a person."""

    requires_system_checks = []
    requires_migrations_checks = False

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        usage = parser.format_usage

        def refuse(message: str) -> NoReturn:
            # As any refusal: exit 2, and under --json {"error", "field"} of the first option that is wrong.
            named = re.search(r"--?([a-z-]+)|required: (\w+)", message)
            field = (named[1] or named[2]).replace("-", "_") if named else ""
            raise Refused(f"{message}\n{usage()}".rstrip(), field)

        parser.error = refuse  # type: ignore[method-assign]
        return parser

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout, logs on stderr")
        self.options_of(parser)

    def options_of(self, parser: ArgumentParser) -> None:
        """Further options of this command."""

    def handle(self, *args: Any, **options: Any) -> None:
        prepare()
        answer = self.answer(options)
        if options["json"]:
            self.stdout.write(json.dumps(answer, ensure_ascii=False))
        else:
            self.tell(answer)

    def answer(self, options: dict[str, Any]) -> Any:
        raise NotImplementedError

    def tell(self, answer: Any) -> None:
        self.stdout.write(json.dumps(answer, ensure_ascii=False, indent=2))


def policy() -> Policy:
    return live_policy(settings.POLICY)


def person(name: str, field: str) -> User:
    """The active user with this log-in name. Raises Refused naming the option."""
    user = User.objects.filter(username=name, is_active=True).first()
    if user is None:
        raise Refused(f"没有名为 {name} 的在用账号；先用 createuser 建立", field)
    return user


def instant(text: str, field: str) -> datetime:
    """An ISO 8601 instant; without a zone it is Asia/Shanghai. Raises Refused naming the option."""
    try:
        value = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        raise Refused(f"{text} 不是 ISO 8601 时间，例如 2026-11-23T14:05:00+08:00", field) from None
    return value if value.tzinfo else value.replace(tzinfo=clock.SHANGHAI)


def acting_now(happened_at: datetime | None = None) -> tuple[datetime, bool]:
    """(the `now` at which a person acts by command, whether messages are held as in a replay).

    Beside a running engine it is the service's time. On a folder that is being replayed it is the last round's
    instant, or `happened_at` when what is recorded happened after it.
    """
    if locks.running_pid() is not None:
        return clock.now(), False
    last = Round.objects.order_by("-now").first()
    if last is None:
        real = clock.now()
        return (min(happened_at, real) if happened_at else real), True
    if last.live:
        return max(clock.now(), last.now), False
    return max(filter(None, (last.now, happened_at))), True


def shown_now() -> datetime:
    """The instant of the last round (what `status` shows), or the service's time when there was none."""
    return last_instant() or clock.now()
