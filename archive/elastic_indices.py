"""The monthly indices: `posts-2024.05` behind the alias `posts`, their template, building beside and swapping.

A rebuilt month is `posts-2024.05-k3f9`; the alias says which index of a month serves. Whatever the alias does not
name is rubbish of a crash, swept by the next rebuild.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError

from archive.months import SCHEMA, IndexOutdated

_TEXT = {"type": "text", "analyzer": "whitespace", "index_options": "positions"}
_KEYWORD = {"type": "keyword", "doc_values": True}
MAPPING: dict[str, Any] = {
    "dynamic": "strict",
    # The posts table is the truth: nothing is read back, and what was erased shall not linger here.
    "_source": {"enabled": False},
    "_meta": {"schema": SCHEMA},
    "properties": {
        "post_id": {"type": "long"},
        "rank": {"type": "long"},
        **dict.fromkeys(("title", "body", "source"), _TEXT),
        **dict.fromkeys(("site", "platform", "grade", "type", "unit", "place"), _KEYWORD),
        "event": {"type": "long"},
        "heat": {"type": "byte"},
        "reposts": {"type": "long"},
        "day": {"type": "integer"},
        "digest": {"type": "long", "index": False},
    },
}
SETTINGS: dict[str, Any] = {
    "number_of_shards": 1,
    "auto_expand_replicas": "0-1",  # a copy wherever there is a second node
    "refresh_interval": "1s",
    "max_terms_count": 65_536,
}
# While an index is built beside the serving one nobody reads it, and if the server dies it is built again.
BUILDING: dict[str, Any] = {"refresh_interval": "-1", "translog.durability": "async"}


class Indices:
    """Which index serves a month; asks the cluster once and then knows, as there is one writer."""

    def __init__(self, client: Elasticsearch, prefix: str) -> None:
        self._client = client
        self.alias = prefix
        self._known: dict[str, str] | None = None

    def months(self, *, fresh: bool = False) -> dict[str, str]:
        """Month -> index. Raises IndexOutdated when one was made by another version of this program."""
        if self._known is None or fresh:
            try:
                found = self._client.indices.get_mapping(index=self.alias, filter_path="*.mappings._meta")
            except NotFoundError:
                found = {}  # type: ignore[assignment]
            for name, made in found.items():
                version = made["mappings"].get("_meta", {}).get("schema")
                if version != SCHEMA:
                    raise IndexOutdated(f"检索库 {name} 是第 {version} 版的，本程序用第 {SCHEMA} 版")
            self._known = {self._month(name): name for name in found}
        return self._known

    def of(self, month: str) -> str:
        """The index of a month, made when there is none."""
        months = self.months()
        if month not in months:
            name = f"{self.alias}-{month.replace('-', '.')}"
            self._make(name, {self.alias: {}})
            months[month] = name
        return months[month]

    def beside(self, month: str) -> str:
        """A new index of a month that does not serve yet."""
        name = f"{self.alias}-{month.replace('-', '.')}-{secrets.token_hex(4)}"
        self._make(name, {}, BUILDING)
        return name

    def built(self, names: Iterable[str]) -> None:
        """What was written to these is on disk and seen, and from now on each write is on disk before it is acknowledged."""
        for name in names:
            self._client.indices.put_settings(
                index=name, settings={"refresh_interval": SETTINGS["refresh_interval"], "translog.durability": "request"}
            )
            self._client.indices.flush(index=name)
            self._client.indices.refresh(index=name)

    def swap(self, fresh: dict[str, str], gone: Iterable[str]) -> None:
        """In one step `fresh` (month -> index) serves and `gone` no longer does; then `gone` is deleted."""
        gone = list(gone)
        actions: list[dict[str, Any]] = [{"add": {"index": name, "alias": self.alias}} for name in fresh.values()]
        actions += [{"remove_index": {"index": name}} for name in gone]
        if actions:
            self._client.indices.update_aliases(actions=actions)
        self._known = None

    def drop(self, names: Iterable[str]) -> None:
        for name in names:
            self._client.indices.delete(index=name, ignore_unavailable=True)
        self._known = None

    def serving(self) -> list[str]:
        """Every index behind the alias, of whatever version."""
        try:
            return list(self._client.indices.get_alias(name=self.alias))
        except NotFoundError:
            return []

    def sweep(self) -> None:
        """Remove what a rebuild that died has left."""
        made = set(self._client.indices.get(index=f"{self.alias}-*", filter_path="*.aliases"))
        self.drop(name for name in made - set(self.serving()) if self._is_ours(name))

    def template(self) -> None:
        self._client.indices.put_index_template(
            name=self.alias,
            index_patterns=[f"{self.alias}-*"],
            priority=200 + len(self.alias),  # of two prefixes that fit, the longer one is meant
            template={"settings": SETTINGS, "mappings": MAPPING},
        )

    def _make(self, name: str, aliases: dict[str, Any], settings: dict[str, Any] | None = None) -> None:
        self.template()
        self._client.options(ignore_status=400).indices.create(index=name, aliases=aliases, settings=settings)

    def _is_ours(self, name: str) -> bool:
        return bool(re.fullmatch(re.escape(self.alias) + r"-\d+\.\d\d(-[0-9a-f]{8})?", name))

    def _month(self, name: str) -> str:
        return name.removeprefix(self.alias + "-")[:7].replace(".", "-")
