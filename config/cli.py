"""The command `huiying`: Django's commands with this project's exit codes (0 ran, 1 found wrong, 2 could not run)."""

from __future__ import annotations

import json
import os
import sys


class Refused(Exception):
    """A command that was understood and not carried out; `field` names the option that is wrong."""

    def __init__(self, error: str, field: str = "") -> None:
        super().__init__(error)
        self.field = field


def say(message: str) -> None:
    """One line for a person, on stderr: stdout belongs to the answer."""
    sys.stderr.write(message + "\n")


def main(argv: list[str] | None = None) -> None:
    argv = list(sys.argv if argv is None else argv)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    as_json = "--json" in argv
    try:
        from django.core.management import ManagementUtility, get_commands
        from django.core.management.base import BaseCommand, CommandError

        from config.door import ConfigError
        from sla.engine import Unmet
    except ImportError as e:  # started outside its environment
        say(f"huiying: {e}; run `make setup` first")
        sys.exit(2)
    class Commands(ManagementUtility):
        def fetch_command(self, subcommand: str) -> BaseCommand:
            if subcommand not in get_commands():  # Django's own answer is exit code 1, which means "found wrong" here
                raise Refused(f"没有 {subcommand} 这个命令；huiying help 列出全部")
            return super().fetch_command(subcommand)

    try:
        Commands(argv).execute()
    except (Refused, Unmet) as e:
        if as_json:
            sys.stdout.write(json.dumps({"error": str(e), "field": e.field}, ensure_ascii=False) + "\n")
        say(f"huiying: {e}")
        sys.exit(2)
    except ConfigError as e:
        say(f"huiying: {e}")
        sys.exit(2)
    except CommandError as e:
        say(f"huiying: {e}")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
    except SystemExit:
        raise
    except Exception as e:
        if os.environ.get("HUIYING_LOG") == "DEBUG":
            raise
        say(f"huiying: {type(e).__name__}: {e} (HUIYING_LOG=DEBUG shows where)")
        sys.exit(2)


if __name__ == "__main__":
    main()
