"""A search as its address says it: read, narrowed, turned into what the archive understands. No tables, no clock."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.http import QueryDict

from archive.query import Filter, QueryError, Tag
from archive.results import Sort
from archive.search import period
from config.clock import SHANGHAI

# Facet -> its word. Each narrows by ?source=X and excludes by ?not_source=X, any number of times.
FACET_WORDS = {
    "source": "来源", "platform": "平台", "grade": "等级", "type": "类型", "unit": "单位", "place": "地点", "event": "事件",
}  # fmt: skip
# What an excluded value is in the index: a source by its whole name, not by words of it.
TAGS = {"source": "site"}
SORTS: dict[str, str] = {"newest": "最新在前", "best": "最相关在前", "mixed": "相关且较新在前"}
LAST = {"24h": ("近 24 小时", timedelta(hours=24)), "7d": ("近 7 天", timedelta(days=7)), "30d": ("近 30 天", timedelta(days=30)), "365d": ("近一年", timedelta(days=365))}  # fmt: skip
MOST_VALUES = 50  # of one facet; more is no narrowing but an attack on the address


class DateError(QueryError):
    """A date that cannot be read: there is no character of the query to point at."""

    def __init__(self, message: str) -> None:
        super().__init__(-1, message)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the address holds. `last` (a key of LAST) is relative to now; `start` and `end` are days or instants as typed."""

    q: str = ""
    start: str = ""
    end: str = ""
    last: str = ""
    sort: Sort = "newest"
    folded: bool = True
    page: int = 1
    topic: str = ""
    only: dict[str, tuple[str, ...]] = field(default_factory=dict)
    without: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def narrowed(self) -> bool:
        return bool(self.start or self.end or self.last or self.only or self.without)

    @property
    def timed(self) -> bool:
        return bool(self.start or self.end or self.last)

    def window(self, now: datetime) -> tuple[datetime | None, datetime | None]:
        """[start, end). Raises DateError."""
        if self.last:
            return now - LAST[self.last][1], None
        try:
            return period(self.start or None, self.end or None)
        except QueryError as e:
            raise DateError(str(e)) from e

    def filters(self, now: datetime) -> Filter:
        """Raises DateError; QueryError for an event that is no number."""
        start, end = self.window(now)
        only = {name: self.only.get(name, ()) for name in FACET_WORDS}
        return Filter(
            start=start, end=end, sources=only["source"], grades=only["grade"], platforms=only["platform"],
            types=only["type"], units=only["unit"], places=only["place"], events=tuple(int(e) for e in only["event"]),
        )  # fmt: skip

    def excluded(self) -> tuple[Tag, ...]:
        return tuple(Tag(TAGS.get(name, name), value) for name, values in self.without.items() for value in values)

    def address(self, **changes: object) -> str:
        """The query string of this search with some of it changed; always from its first page."""
        kept = {name: getattr(self, name) for name in ("q", "start", "end", "last", "sort", "folded", "topic")}
        kept |= {"only": self.only, "without": self.without} | changes
        pairs: list[tuple[str, object]] = [("q", kept["q"]), ("from", kept["start"]), ("to", kept["end"]), ("last", kept["last"])]
        for prefix, facets in (("", kept["only"]), ("not_", kept["without"])):
            pairs += [(prefix + name, value) for name, values in facets.items() for value in values]
        pairs += [("sort", kept["sort"] if kept["sort"] != "newest" else ""), ("folded", "" if kept["folded"] else "0")]
        pairs += [("topic", kept["topic"]), ("page", kept.get("page", ""))]
        return urlencode([(name, value) for name, value in pairs if value not in ("", None)])

    def narrow(self, name: str, value: str) -> str:
        return self.address(only=_with(self.only, name, value), without=_less(self.without, name, value))

    def exclude(self, name: str, value: str) -> str:
        return self.address(without=_with(self.without, name, value), only=_less(self.only, name, value))

    def release(self, name: str, value: str) -> str:
        return self.address(only=_less(self.only, name, value), without=_less(self.without, name, value))

    def fixed(self, now: datetime) -> str:
        """The address with its relative time written out, for a link that must show the same tomorrow."""
        start, end = self.window(now)
        end = end or now
        written = {"start": _typed(start) if start else "", "end": _typed(end)}
        return self.address(last="", **written)


def read(given: QueryDict) -> Asked:
    """What an address asks for; what it holds beside is ignored, nonsense becomes the default."""
    sort = given.get("sort", "")
    last = given.get("last", "")
    page = given.get("page", "")
    return Asked(
        q=given.get("q", "").strip(),
        start=given.get("from", "").strip(),
        end=given.get("to", "").strip(),
        last=last if last in LAST else "",
        sort=sort if sort in SORTS else "newest",  # type: ignore[arg-type]
        folded=given.get("folded") != "0",
        page=max(1, int(page)) if re.fullmatch(r"[0-9]{1,9}", page) else 1,
        topic=given.get("topic", "") if re.fullmatch(r"[0-9]{1,9}", given.get("topic", "")) else "",
        only=_facets(given, ""),
        without=_facets(given, "not_"),
    )


def _facets(given: QueryDict, prefix: str) -> dict[str, tuple[str, ...]]:
    found = {}
    for name in FACET_WORDS:
        values = [v.strip() for v in given.getlist(prefix + name) if v.strip()]
        if name == "event":
            values = [v for v in values if re.fullmatch(r"[0-9]{1,15}", v)]
        if values:
            found[name] = tuple(dict.fromkeys(values))[:MOST_VALUES]
    return found


def _with(facets: dict[str, tuple[str, ...]], name: str, value: str) -> dict[str, tuple[str, ...]]:
    return facets | {name: tuple(dict.fromkeys((*facets.get(name, ()), value)))}


def _less(facets: dict[str, tuple[str, ...]], name: str, value: str) -> dict[str, tuple[str, ...]]:
    left = tuple(v for v in facets.get(name, ()) if v != value)
    return {n: v for n, v in facets.items() if n != name} | ({name: left} if left else {})


def _typed(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M:%S")


def composed(every: str, any_of: str, exact: str, none_of: str, in_title: str, near: tuple[str, str, int] | None) -> str:
    """The query that the form 高级检索 describes, in the language of the box."""
    parts = [_quoted(w) for w in words(every)]
    if any_words := [_quoted(w) for w in words(any_of)]:
        parts.append(any_words[0] if len(any_words) == 1 else f"({' 或 '.join(any_words)})")
    if exact.strip():
        parts.append("“" + re.sub("[“”\"„‟＂]", "", exact.strip()) + "”")
    parts += [f"标题:{_quoted(w)}" for w in words(in_title)]
    if near and near[0].strip() and near[1].strip():
        parts.append(f"({_quoted(near[0])} NEAR/{near[2]} {_quoted(near[1])})")
    parts += [f"非 {_quoted(w)}" for w in words(none_of)]
    return " ".join(parts)


def words(text: str) -> list[str]:
    """What people type as several words: between spaces, commas of both kinds, 、 or semicolons."""
    return [word for word in re.split(r"[\s、，,;；]+", text) if word]


def _quoted(word: str) -> str:
    """As typed where that can mean only itself, else in quotes."""
    plain = re.sub("[“”\"„‟＂]", "", word.strip())
    return plain if re.fullmatch(r"[0-9A-Za-z\u4e00-\u9fff]{2,}", plain) and not re.fullmatch(r"(?i)and|or|not|near", plain) else f"“{plain}”"
