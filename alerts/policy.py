"""Reads config/escalation.toml and the environment variables it names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from alerts.escalation import CONSOLE, FINAL_KINDS, OTHER_GRADES, ChannelSettings, Ladder, Level
from alerts.messages import KINDS
from config.door import ConfigError, Table, read_toml
from config.settings import secret
from sla.engine import GRADES

FILE = "escalation.toml"
LEVELS = 4
CHANNELS = ("slack", "webhook", "email")
# Delivery.key holds alert key, channel and address.
LONGEST_ADDRESS = 70


def load_ladder(folder: Path) -> Ladder:
    """The ladder of `folder`/escalation.toml with the channels that are switched on.

    Raises ConfigError naming file (or "environment"), key, value and hint.
    """
    top, digest = read_toml(folder / FILE)
    levels = _levels(top)
    ladder = Ladder(
        levels=levels,
        escalates=_escalates(top),
        delays=_delays(top.table("delay"), len(levels)),
        at_once=_at_once(top.table("at_once", {}), len(levels)),
        shift_starts=_shift_starts(top),
        channels=_channels(top.table("channel", {})),
        edition=f"{top.text('edition')}#{digest}",
        contact_test_before=timedelta(minutes=top.number("contact_test_minutes", 60, least=0)),
    )
    top.done()
    return ladder


def _levels(top: Table) -> tuple[Level, ...]:
    tables = top.tables("level")
    if len(tables) != LEVELS:
        raise ConfigError(FILE, "level", len(tables), f"give {LEVELS} tables [[level]], lowest first")
    levels = tuple(_level(n, table) for n, table in enumerate(tables, 1))
    for table, level in zip(tables, levels, strict=True):
        if sum(other.role == level.role for other in levels) > 1:
            raise table.error("role", "each level needs a role of its own")
    return levels


def _level(n: int, table: Table) -> Level:
    channels = table.texts("channels", (CONSOLE,))
    if CONSOLE not in channels:
        raise table.error("channels", f'"{CONSOLE}" must be among them: it is the inbox that cannot fail')
    if not set(channels) <= {CONSOLE, *CHANNELS}:
        raise table.error("channels", "give some of " + ", ".join((CONSOLE, *CHANNELS)))
    level = Level(
        n=n, role=table.text("role"), name=table.text("name"), channels=tuple(dict.fromkeys(channels))
    )
    table.done()
    return level


def _escalates(top: Table) -> frozenset[str]:
    kinds = top.texts("escalates")
    possible = [kind for kind in KINDS if kind not in FINAL_KINDS]
    if not set(kinds) <= set(possible):
        raise top.error("escalates", "give some of " + ", ".join(possible))
    return frozenset(kinds)


def _shift_starts(top: Table) -> tuple[time, ...]:
    texts = top.texts("shift_starts")
    if not texts or not all(re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text) for text in texts):
        raise top.error("shift_starts", 'give times of day, for example ["08:00", "20:00"]')
    starts = tuple(time.fromisoformat(text) for text in texts)
    if list(starts) != sorted(set(starts)):
        raise top.error("shift_starts", "give each time once, earliest first")
    return starts


def _delays(tables: Table, levels: int) -> dict[str, dict[str, tuple[timedelta, ...]]]:
    found = {}
    for kind, table in tables.items():
        _known_kind(tables, kind, ("default",))
        found[kind] = {grade: _minutes(table, grade, levels) for grade in _grades(table)}
        table.done()
    if "default" not in found:
        raise ConfigError(
            FILE,
            "delay.default",
            None,
            f'missing; give [delay.default] with "{OTHER_GRADES}" = [30, 60, 120]',
        )
    return found


def _minutes(table: Table, grade: str, levels: int) -> tuple[timedelta, ...]:
    minutes = table.numbers(grade)
    if not minutes or len(minutes) >= levels or any(m <= 0 for m in minutes):
        raise table.error(grade, f"give 1 to {levels - 1} numbers of minutes above 0, one per level")
    return tuple(timedelta(minutes=m) for m in minutes)


def _at_once(tables: Table, levels: int) -> dict[str, dict[str, int]]:
    found = {}
    for kind, table in tables.items():
        _known_kind(tables, kind, ())
        found[kind] = {grade: _highest(table, grade, levels) for grade in _grades(table)}
        table.done()
    return found


def _highest(table: Table, grade: str, levels: int) -> int:
    n = table.number(grade)
    if n not in range(1, levels + 1):
        raise table.error(grade, f"give a level from 1 to {levels}")
    return int(n)


def _known_kind(tables: Table, kind: str, others: tuple[str, ...]) -> None:
    known = (*others, *(k for k in KINDS if k not in FINAL_KINDS))
    if kind not in known:
        raise tables.error(kind, "unknown kind; known: " + ", ".join(known))


def _grades(table: Table) -> list[str]:
    """The grades a table speaks of: always 其余, so that no grade is ever without a value."""
    if not table.has(OTHER_GRADES):
        raise table.error(OTHER_GRADES, "missing; it holds for every grade not named")
    return [OTHER_GRADES, *(grade for grade in GRADES if table.has(grade))]


def _channels(tables: Table) -> dict[str, ChannelSettings]:
    found = {}
    for name, table in tables.items():
        if name not in CHANNELS:
            raise tables.error(name, "unknown channel; known: " + ", ".join(CHANNELS))
        enabled = table.flag("enabled", True)
        per_minute = int(table.number("per_minute", 60, least=1))
        reserved = int(table.number("reserved", 0, least=0))
        if reserved >= per_minute:
            raise table.error(
                "reserved", f"give less than per_minute ({per_minute}), or ordinary alerts never go"
            )
        read, keys = _READ[name]
        variables = _Variables(table, keys)
        table.done()
        addresses, options = read(variables) if enabled else OFF
        if addresses:
            found[name] = ChannelSettings(
                name=name, addresses=addresses, per_minute=per_minute, reserved=reserved, options=options
            )
    return found


class _Variables:
    """The environment variables a channel's table names, read with their `*_FILE` twins."""

    def __init__(self, table: Table, keys: tuple[str, ...]) -> None:
        self._names = {key: table.text(key) for key in keys}

    def get(self, key: str, default: str | None = None) -> str | None:
        return secret(self._names[key], default)

    def need(self, key: str, because: str) -> str:
        value = self.get(key)
        if not value:
            raise self.wrong(key, f"missing, though {because}")
        return value

    def wrong(self, key: str, hint: str, value: str | None = None) -> ConfigError:
        """`value` only where it is no secret."""
        return ConfigError("environment", self._names[key], value, hint)

    def addresses(self, key: str, because: str) -> tuple[str, ...]:
        parts = [part.strip() for part in self.need(key, because).split(",")]
        for part in parts:
            if not part or len(part) > LONGEST_ADDRESS or re.search(r"\s", part):
                hint = f"give addresses of at most {LONGEST_ADDRESS} characters, separated by commas"
                raise self.wrong(key, hint, part)
        return tuple(dict.fromkeys(parts))


Read = tuple[tuple[str, ...], Mapping[str, Any]]
OFF: Read = ((), {})


def _slack(variables: _Variables) -> Read:
    token, base_url = variables.get("token"), variables.get("base_url")
    if base_url:
        _host(variables, "base_url", base_url)
    if not token and not variables.get("to"):
        return OFF
    addresses = variables.addresses("to", "a Slack token is given")
    return addresses, {"token": variables.need("token", "a Slack channel is given"), "base_url": base_url}


def _webhook(variables: _Variables) -> Read:
    url = variables.get("url")
    if not url:
        return OFF
    key = variables.need("secret", "a webhook address is given; the receiver checks the signature with it")
    # The whole address may hold a key, so only its host is shown as the delivery's address.
    return (_host(variables, "url", url)[:LONGEST_ADDRESS],), {"url": url, "secret": key}


def _email(variables: _Variables) -> Read:
    host = variables.get("host")
    if not host:
        return OFF
    because = "a mail server is given"
    sender, addresses = variables.need("sender", because), variables.addresses("to", because)
    for key, address in (("sender", sender), *(("to", a) for a in addresses)):
        if not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
            raise variables.wrong(key, "give a mail address such as duty@example.cn", address)
    user = variables.get("user")
    return addresses, {
        "host": host,
        "port": _port(variables),
        "tls": _tls(variables),
        "user": user,
        "password": variables.need("password", "a mail user is given") if user else None,
        "sender": sender,
    }


def _port(variables: _Variables) -> int:
    port = variables.get("port") or "587"
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise variables.wrong("port", "give a port number, for example 587", port)
    return int(port)


def _tls(variables: _Variables) -> str:
    tls = variables.get("tls") or "starttls"
    if tls not in ("starttls", "tls", "none"):
        raise variables.wrong("tls", "give starttls, tls or none", tls)
    return tls


def _host(variables: _Variables, key: str, url: str) -> str:
    """The host[:port] of an http(s) address."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as e:
        raise variables.wrong(key, f"not an address: {e}") from e
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise variables.wrong(key, "give an address beginning with https:// or http://")
    return f"{parts.hostname}:{port}" if port else parts.hostname


_READ = {
    "slack": (_slack, ("token", "to", "base_url")),
    "webhook": (_webhook, ("url", "secret")),
    "email": (_email, ("host", "port", "user", "password", "sender", "to", "tls")),
}
