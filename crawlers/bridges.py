"""RSSHub and other bridges: a helper service of the operator's own that makes feeds. Its key, and what its errors mean. Pure."""

from __future__ import annotations

import hashlib
import re
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from crawlers.markup import plain

KINDS = ("rsshub", "other")  # Source.options["bridge"]
# Only variables made for this purpose: an operator who may add sources must not be able to send any secret anywhere.
KEY_VARIABLE = re.compile(r"HUIYING_BRIDGE_KEY(?:_[A-Z0-9]+)*")
_EMPTY = re.compile(r"route is empty|路由为空|暂无内容", re.I)
_MESSAGE = re.compile(r"Error Message:?(.{1,300}?)(?:Route:|Full Route|Node Version|Git Hash|$)", re.S | re.I)


def bridge_of(options: dict[str, Any]) -> str:
    """The kind of bridge a source is read through, "" for a feed of the publisher's own."""
    return str(options.get("bridge") or "")


def key_variable(options: dict[str, Any]) -> str:
    """The environment variable that holds the bridge's key, "" for none. Raises ValueError for any other variable."""
    name = str(options.get("key") or "")
    if name and not KEY_VARIABLE.fullmatch(name):
        raise ValueError(f"密钥变量名应为 HUIYING_BRIDGE_KEY 或以 HUIYING_BRIDGE_KEY_ 开头，读到 {name[:40]}")
    return name


def with_key(url: str, kind: str, key: str) -> str:
    """The address that is asked. RSSHub takes md5(path + key) in the key's place (sources.md §3.2), so no log can hold it."""
    if not key:
        return url
    parts = urlsplit(url)
    own = f"code={hashlib.md5((parts.path + key).encode()).hexdigest()}" if kind == "rsshub" else f"key={quote(key)}"
    return urlunsplit(parts._replace(query=f"{parts.query}&{own}" if parts.query else own))


def is_empty(status: int, text: str) -> bool:
    """RSSHub answers 503 and an HTML page for a route that has nothing just now."""
    return status == 503 and bool(_EMPTY.search(text))


def error_of(status: int, text: str) -> tuple[str, str]:
    """(what went wrong in Chinese, code) for any other answer that is no feed."""
    if status in (401, 403):
        return f"桥接服务拒绝访问（HTTP {status}）：密钥不对或没有设置", "auth_required"
    if status == 404:
        return "桥接服务没有这条路由（HTTP 404）", ""
    if status == 429:
        return "桥接服务要求放慢（HTTP 429）", "rate_limited"
    found = _MESSAGE.search(plain(text))
    said = " ".join(found[1].split())[:120] if found else ""
    return f"桥接服务出错（HTTP {status}）{'：' + said if said else ''}", ""
