"""The [channel.*] half of config/escalation.toml, and the environment variables it names.

A channel is on when the variables it needs are there. Secrets stay where they are (channels.base.Secret): only their
presence is looked at here, and addresses to show are taken from them without the part that is secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from alerts.channels.base import Secret
from alerts.ladder import ChannelSettings
from config.door import ConfigError, Table, read_toml
from config.settings import secret

FILE = "escalation.toml"
# Delivery.key holds alert key, channel and address.
LONGEST_ADDRESS = 70


@dataclass(frozen=True)
class Variable:
    """One environment variable of a channel: its key in the file, its usual name, what it is in Chinese."""

    key: str
    usual: str
    words: str
    needed: bool = True
    hidden: bool = False  # a secret: never shown, never stored
    # May be set on the page. Never where a secret is sent to: whoever could type that address would read the secret.
    settable: bool = False


@dataclass(frozen=True)
class Variables:
    """The variables a channel's table names."""

    names: Mapping[str, str]  # key -> environment variable
    saved: Mapping[str, str] = field(default_factory=dict)  # key -> what the page says instead

    def get(self, key: str) -> str | None:
        return self.saved.get(key) or secret(self.names[key])

    def need(self, key: str, because: str) -> str:
        value = self.get(key)
        if not value:
            raise self.wrong(key, f"missing, though {because}")
        return value

    def kept(self, key: str) -> Secret | None:
        """Where the secret is read at each use; None when it is not given."""
        return Secret(self.names[key]) if self.get(key) else None

    def wrong(self, key: str, hint: str, value: str | None = None) -> ConfigError:
        """`value` only where it is no secret."""
        return ConfigError("environment", self.names[key], value, hint)

    def addresses(self, key: str, because: str) -> tuple[str, ...]:
        parts = [part.strip() for part in self.need(key, because).split(",")]
        for part in parts:
            if not part or len(part) > LONGEST_ADDRESS or re.search(r"\s", part):
                hint = f"give addresses of at most {LONGEST_ADDRESS} characters, separated by commas"
                raise self.wrong(key, hint, part)
        return tuple(dict.fromkeys(parts))

    def host(self, key: str) -> str:
        """The host[:port] of an http(s) address, which is all of it that may be shown."""
        try:
            parts = urlsplit(self.get(key) or "")
            port = parts.port
        except ValueError:
            raise self.wrong(key, "not an address") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise self.wrong(key, "give an address beginning with https:// or http://")
        host = f"{parts.hostname}:{port}" if port else parts.hostname
        return host[:LONGEST_ADDRESS]


Read = tuple[tuple[str, ...], Mapping[str, Any]]
OFF: Read = ((), {})


def _slack(v: Variables) -> Read:
    if v.get("base_url"):
        v.host("base_url")
    if not v.get("token") and not v.get("to"):
        return OFF
    addresses = v.addresses("to", "a Slack token is given")
    v.need("token", "a Slack channel is given")
    return addresses, {
        "token": v.kept("token"),
        "base_url": v.get("base_url"),
        "app_token": v.kept("app_token"),
        "signing_secret": v.kept("signing_secret"),
    }


def _wecom_app(v: Variables) -> Read:
    if not v.get("secret"):
        return OFF
    because = "the secret of a WeCom app is given"
    agent, addresses = v.need("agent_id", because), v.addresses("to", because)
    if not agent.isdecimal():
        raise v.wrong("agent_id", "give the app's number, for example 1000002", agent)
    if v.get("base_url"):
        v.host("base_url")
    return addresses, {
        "corp_id": v.need("corp_id", because),
        "agent_id": agent,
        "secret": v.kept("secret"),
        "base_url": v.get("base_url"),
    }


def _robot(v: Variables) -> Read:
    """A robot in a group: its address holds its key."""
    if not v.get("url"):
        return OFF
    return (v.host("url"),), {"url": v.kept("url")}


def _signing_robot(v: Variables) -> Read:
    addresses, options = _robot(v)
    return (addresses, {**options, "secret": v.kept("secret")}) if addresses else OFF


def _webhook(v: Variables) -> Read:
    if not v.get("url"):
        return OFF
    v.need("secret", "a webhook address is given; the receiver checks the signature with it")
    return (v.host("url"),), {"url": v.kept("url"), "secret": v.kept("secret")}


def _email(v: Variables) -> Read:
    host = v.get("host")
    if not host:
        return OFF
    because = "a mail server is given"
    sender, addresses = v.need("sender", because), v.addresses("to", because)
    for key, address in (("sender", sender), *(("to", a) for a in addresses)):
        if not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
            raise v.wrong(key, "give a mail address such as duty@example.cn", address)
    user = v.get("user")
    if user:
        v.need("password", "a mail user is given")
    return addresses, {
        "host": host,
        "port": _port(v),
        "tls": _tls(v),
        "user": user,
        "password": v.kept("password") if user else None,
        "sender": sender,
    }


def _port(v: Variables) -> int:
    port = v.get("port") or "587"
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise v.wrong("port", "give a port number, for example 587", port)
    return int(port)


def _tls(v: Variables) -> str:
    tls = v.get("tls") or "starttls"
    if tls not in ("starttls", "tls", "none"):
        raise v.wrong("tls", "give starttls, tls or none", tls)
    return tls


_URL = "机器人地址（含密钥）"
KINDS: dict[str, tuple[Callable[[Variables], Read], tuple[Variable, ...]]] = {
    "slack": (
        _slack,
        (
            Variable("token", "HUIYING_SLACK_TOKEN", "机器人令牌 xoxb-", hidden=True),
            Variable("to", "HUIYING_SLACK_CHANNEL", "频道，逗号分隔", settable=True),
            Variable("base_url", "HUIYING_SLACK_URL", "接口地址", needed=False),
            Variable("app_token", "HUIYING_SLACK_APP_TOKEN", "应用令牌 xapp-（按钮，长连接）", needed=False, hidden=True),
            Variable(
                "signing_secret", "HUIYING_SLACK_SIGNING_SECRET", "签名密钥（按钮，回调）", needed=False, hidden=True
            ),
        ),
    ),
    "wecom_app": (
        _wecom_app,
        (
            Variable("corp_id", "HUIYING_WECOM_CORP_ID", "企业 ID"),
            Variable("agent_id", "HUIYING_WECOM_AGENT_ID", "应用 AgentId", settable=True),
            Variable("secret", "HUIYING_WECOM_SECRET", "应用 Secret", hidden=True),
            Variable("to", "HUIYING_WECOM_TO", "成员账号，逗号分隔；一条发多人用 |", settable=True),
            Variable("base_url", "HUIYING_WECOM_URL", "接口地址（私有化部署）", needed=False),
        ),
    ),
    "wecom_robot": (_robot, (Variable("url", "HUIYING_WECOM_ROBOT_URL", _URL, hidden=True),)),
    "dingtalk": (
        _signing_robot,
        (
            Variable("url", "HUIYING_DINGTALK_URL", _URL, hidden=True),
            Variable("secret", "HUIYING_DINGTALK_SECRET", "加签密钥", needed=False, hidden=True),
        ),
    ),
    "feishu": (
        _signing_robot,
        (
            Variable("url", "HUIYING_FEISHU_URL", _URL, hidden=True),
            Variable("secret", "HUIYING_FEISHU_SECRET", "签名密钥", needed=False, hidden=True),
        ),
    ),
    "webhook": (
        _webhook,
        (
            Variable("url", "HUIYING_WEBHOOK_URL", "接收地址", hidden=True),
            Variable("secret", "HUIYING_WEBHOOK_SECRET", "共用签名密钥", hidden=True),
        ),
    ),
    "email": (
        _email,
        (
            Variable("host", "HUIYING_SMTP_HOST", "邮件服务器"),
            Variable("port", "HUIYING_SMTP_PORT", "端口，缺省 587", needed=False),
            Variable("user", "HUIYING_SMTP_USER", "登录名", needed=False),
            Variable("password", "HUIYING_SMTP_PASSWORD", "密码", needed=False, hidden=True),
            Variable("sender", "HUIYING_SMTP_FROM", "发件地址", settable=True),
            Variable("to", "HUIYING_SMTP_TO", "收件地址，逗号分隔", settable=True),
            Variable("tls", "HUIYING_SMTP_TLS", "starttls（缺省）、tls 或 none", needed=False),
        ),
    ),
}
CHANNELS = tuple(KINDS)


@dataclass(frozen=True)
class Entry:
    """One [channel.NAME] table as it was written, whether the channel is on or not."""

    name: str
    enabled: bool
    per_minute: int
    reserved: int
    fallback: str
    variables: Variables

    @property
    def kinds(self) -> tuple[Variable, ...]:
        return KINDS[self.name][1]

    def missing(self) -> list[str]:
        """The environment variables it needs and does not find."""
        return [self.variables.names[v.key] for v in self.kinds if v.needed and not self.variables.get(v.key)]

    def saying(self, values: Mapping[str, str]) -> Entry:
        """The same with what a page says; keys that may not be set there are left out."""
        settable = {v.key for v in self.kinds if v.settable}
        kept = {key: text.strip() for key, text in values.items() if key in settable and text.strip()}
        return replace(self, variables=replace(self.variables, saved=kept))

    def settings(self) -> ChannelSettings | None:
        """The channel ready to send; None when it lacks its variables. Raises ConfigError when it has half of them."""
        addresses, options = KINDS[self.name][0](self.variables)
        if not addresses:
            return None
        return ChannelSettings(
            name=self.name, addresses=addresses, per_minute=self.per_minute, reserved=self.reserved,
            fallback=self.fallback, options=options,
        )  # fmt: skip


def read_entries(tables: Table) -> dict[str, Entry]:
    """Every table under [channel]. Raises ConfigError."""
    found = {}
    for name, table in tables.items():
        if name not in CHANNELS:
            raise tables.error(name, "unknown channel; known: " + ", ".join(CHANNELS))
        found[name] = _entry(name, table)
    for name, table in tables.items():
        fallback = found[name].fallback
        if fallback and (fallback == name or fallback not in found):
            raise ConfigError(table.file, f"channel.{name}.fallback", fallback, "give another channel of this file")
    return found


def _entry(name: str, table: Table) -> Entry:
    enabled = table.flag("enabled", True)
    per_minute = int(table.number("per_minute", 60, least=1))
    reserved = int(table.number("reserved", 0, least=0))
    if reserved >= per_minute:
        raise table.error("reserved", f"give less than per_minute ({per_minute}), or ordinary alerts never go")
    fallback = table.text("fallback", "")
    variables = Variables({v.key: table.text(v.key, v.usual) for v in KINDS[name][1]})
    table.done()
    return Entry(name, enabled, per_minute, reserved, fallback, variables)


def entries_of(folder: Path) -> dict[str, Entry]:
    """The channels of `folder`/escalation.toml. Raises ConfigError."""
    return read_entries(read_toml(folder / FILE)[0].table("channel", {}))


def load_channels(tables: Table) -> dict[str, ChannelSettings]:
    """The channels that are on."""
    on = {name: entry.settings() for name, entry in read_entries(tables).items() if entry.enabled}
    return {name: settings for name, settings in on.items() if settings}
