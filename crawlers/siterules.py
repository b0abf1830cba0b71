"""How one news site is read: Source.options of the kind `site`, understood and checked. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from crawlers import lists, sitemaps
from crawlers.lists import BadRule, ListRules

LIST, SITEMAP = "list", "sitemap"
ARTICLE_RULES = ("body", "title", "published", "source", "author", "drop")  # CSS, as crawlers.extraction.sites
MOST_PAGES = 50
# Marks of a headline that the list has cut.
_CUT = re.compile(r"(?:…|\.{2,}|⋯)\s*$")


@dataclass(frozen=True, kw_only=True)
class SiteRules:
    """Source.url is the list page or the sitemap; `article` are selectors for the article pages, "" = by itself."""

    reads: str = LIST
    list: ListRules = field(default_factory=ListRules)
    article: Mapping[str, str] = field(default_factory=dict)
    only: str = ""  # addresses that count, with * for anything: */202*/t*.html
    whole: bool = True  # fetch the articles; False keeps headline and link only

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> SiteRules:
        stored = options.get("list")
        pages = stored.get("pages", 1) if isinstance(stored, dict) else 1
        return cls(
            reads=SITEMAP if options.get("reads") == SITEMAP else LIST,
            list=ListRules.of({**stored, "pages": pages if isinstance(pages, int) else 1} if isinstance(stored, dict) else {}),
            article={k: v for k, v in (options.get("article") or {}).items() if k in ARTICLE_RULES and v},
            only=str(options.get("only") or ""),
            whole=options.get("whole") is not False,
        )

    def stored(self) -> dict[str, Any]:
        """As Source.options holds it; what is empty is left out."""
        kept: dict[str, Any] = {"reads": self.reads}
        if self.reads == LIST:
            kept["list"] = {k: v for k, v in vars(self.list).items() if v}
        if self.article:
            kept["article"] = dict(self.article)
        if self.only:
            kept["only"] = self.only
        return kept if self.whole else kept | {"whole": False}

    def wants(self, url: str) -> bool:
        return not self.only or fnmatchcase(url, self.only)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An address that may be an article, with what the list or sitemap says of it."""

    url: str
    title: str = ""
    cut: bool = False  # the title is not whole
    time: datetime | None = None
    time_raw: str = ""
    day_only: bool = False
    changed: datetime | None = None  # a sitemap's lastmod, to the second


def of_list(page: lists.ListPage, rules: SiteRules) -> list[Candidate]:
    return [
        Candidate(
            url=i.url, title=_CUT.sub("", i.title), cut=bool(_CUT.search(i.title)), time=i.time, time_raw=i.time_raw, day_only=i.day_only
        )
        for i in page.items
        if rules.wants(i.url)
    ]


def of_sitemap(entries: tuple[sitemaps.Entry, ...], rules: SiteRules) -> list[Candidate]:
    """Newest first; what has no date comes last, in the sitemap's order."""
    wanted = sorted((e for e in entries if rules.wants(e.url)), key=lambda e: -(e.changed.timestamp() if e.changed else 0.0))
    return [
        Candidate(
            url=e.url,
            title=e.title,
            time=e.published,
            time_raw=e.published_raw,
            changed=None if e.day_only else e.lastmod,
            day_only=e.published is None,
        )
        for e in wanted
    ]


def wrong(rules: SiteRules) -> list[BadRule]:
    """Every rule that cannot be understood, the article's too (their field is "article_NAME")."""
    found = lists.check(rules.list)
    if not 1 <= rules.list.pages <= MOST_PAGES:
        found.append(BadRule(f"页数应为 1 到 {MOST_PAGES}", "pages"))
    for name, rule in rules.article.items():
        try:
            lists.compiled(rule, f"article_{name}")
        except BadRule as e:
            found.append(e)
    return found
