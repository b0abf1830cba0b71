from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from analysis.models import Unit
from config.cli import Refused, say
from config.management.base import Command as Base
from console.people import create_user
from flow.roles import ROLES


class Command(Base):
    help = "Make a user with one role. The password is the first line of a file, never an argument."

    def options_of(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--role", required=True, help=", ".join(f"{k} {v}" for k, v in ROLES.items()))
        parser.add_argument("--password-file", required=True)
        parser.add_argument("--unit", help="the unit they work in, by its name or an alias; who reads letters needs one")

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        unit = _unit(options["unit"])
        try:
            lines = Path(options["password_file"]).read_text().splitlines()
            password = lines[0].strip() if lines else ""
            if not password:
                raise Refused(f"{options['password_file']} 第一行是空的", "password_file")
            weak = _weakness(password)
            user = create_user(options["name"], options["role"], password, must_change=bool(weak), unit=unit)
        except OSError as e:
            raise Refused(f"{options['password_file']} 读不出：{e.strerror}", "password_file") from e
        except ValueError as e:
            field = "role" if options["role"] not in ROLES else "name"
            raise Refused(str(e), field) from e
        if weak:
            say(f"密码偏弱（{weak}），首次登录时须修改")
        return {"id": user.pk, "name": user.username, "role": options["role"], "must_change_password": bool(weak)}


def _unit(name: str | None) -> Unit | None:
    if not name:
        return None
    found = [u for u in Unit.objects.all() if name == u.name or name in u.aliases]
    if len(found) != 1:
        raise Refused(f"没有名为 {name} 的单位" if not found else f"{name} 指 {len(found)} 个单位，请写全称", "unit")
    return found[0]


def _weakness(password: str) -> str:
    """Why the password is weak, or ''. A weak one is good for one log-in: an operator hands it over, its owner changes it."""
    try:
        validate_password(password)
    except ValidationError as e:
        return "；".join(e.messages)
    return ""
