"""What a person may set for a Weibo source (Source.options), checked: a wrong value says which and why. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

QUERIES, ACCOUNTS = 50, 200
FORBIDDEN = re.compile(r'[{}"]')  # in `q` of search/statuses/limited (sources.md §1.6)


class BadOption(ValueError):
    """`field` names the option; the message is Chinese."""

    def __init__(self, field: str, said: str) -> None:
        super().__init__(said)
        self.field = field


@dataclass(frozen=True, kw_only=True)
class Options:
    """`budget`: calls a day. `queries`, `mentions_of`: what commercial search asks. `subid`, `path`: the push stream."""

    budget: int
    queries: tuple[str, ...] = ()
    mentions_of: tuple[str, ...] = ()
    subid: str = ""
    path: str = "2/commercial/push.json"


def read_options(given: Mapping[str, Any], *, budget: int) -> Options:
    """`budget` is the usual one. Raises BadOption."""
    calls = given.get("budget", budget)
    if not isinstance(calls, int) or isinstance(calls, bool) or not 1 <= calls <= 1_000_000:
        raise BadOption("budget", f"每日调用额度 {calls!r} 无效；请填 1 至 1000000 的整数")
    subid = str(given.get("subid") or "")
    if subid and not (subid.isascii() and subid.isdigit()):
        raise BadOption("subid", f"订阅编号 {subid[:40]!r} 无效；请填数字")
    path = str(given.get("path") or Options.path)
    if not re.fullmatch(r"[a-zA-Z0-9_/.]{1,100}", path) or ".." in path:
        raise BadOption("path", f"推送接口路径 {path[:60]!r} 无效，例如 2/commercial/push.json")
    queries = _texts(given, "queries", QUERIES)
    for query in queries:
        if FORBIDDEN.search(query) or len(query) > 200:
            raise BadOption("queries", f'检索词 {query[:40]!r} 无效：不得含 {{ }} "，不超过 200 字')
    accounts = _texts(given, "mentions_of", ACCOUNTS)
    for uid in accounts:
        if not (uid.isascii() and uid.isdigit()):
            raise BadOption("mentions_of", f"账号编号 {uid[:40]!r} 无效；请填数字 uid")
    return Options(budget=calls, queries=queries, mentions_of=accounts, subid=subid, path=path)


def _texts(given: Mapping[str, Any], name: str, most: int) -> tuple[str, ...]:
    found = given.get(name) or []
    if not isinstance(found, (list, tuple)) or not all(isinstance(text, str) for text in found):
        raise BadOption(name, f"{name} 应为文字的列表")
    texts = tuple(dict.fromkeys(text.strip() for text in found if text.strip()))
    if len(texts) > most:
        raise BadOption(name, f"{name} 最多 {most} 项，现有 {len(texts)} 项")
    return texts
