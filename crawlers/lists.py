"""List pages by selectors: which links are articles, with the title and time that stand beside them. Pure.

Rules are CSS (with ::text and ::attr(name)) or XPath (what begins with / or . or ( is XPath).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from urllib.parse import urljoin

from lxml import etree, html
from parsel.csstranslator import HTMLTranslator

from crawlers.dates import read_when

MOST_ITEMS = 500  # of one page: more is no list of news
MOST_CHARS = 3_000_000
_SPACE = re.compile(r"\s+")
_TIME = re.compile(r"\d{4}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}日?(?:[T\s]*\d{1,2}[:：时点]\d{1,2}(?:[:：分]\d{1,2})?秒?)?")


class BadRule(Exception):
    """A selector that cannot be understood; `field` is the rule's name."""

    def __init__(self, said: str, field: str) -> None:
        super().__init__(said)
        self.field = field


@dataclass(frozen=True, kw_only=True)
class ListRules:
    """How one site's list page is read. Within an item every rule but `items` is relative to it."""

    items: str = ""  # one entry each
    link: str = ""  # "" = the item's first link, or the item itself
    title: str = ""  # "" = the link's title attribute or text
    time: str = ""  # "" = the first date in the item's text
    next: str = ""  # the next page's link, on the whole page; "" = none is followed
    pages: int = 1  # how many pages are followed at most, the first included

    @classmethod
    def of(cls, stored: Mapping[str, object]) -> ListRules:
        """From Source.options["list"]; what is unknown there is ignored."""
        known = {f.name: stored[f.name] for f in fields(cls) if stored.get(f.name)}
        return cls(**known)  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True)
class Item:
    """One entry of a list page."""

    url: str
    title: str = ""
    time: datetime | None = None
    time_raw: str = ""
    day_only: bool = False  # the list says the day only: the article knows better


@dataclass(frozen=True, kw_only=True)
class ListPage:
    items: tuple[Item, ...]
    next_url: str = ""
    matched: int = 0  # elements that `items` found, those without a usable link too


class Page:
    """A parsed page; rules are asked of it. `text` is decoded already."""

    def __init__(self, text: str, url: str) -> None:
        """Raises BadRule("items") when there is nothing to parse."""
        try:
            root = html.document_fromstring(_declared_away(text[:MOST_CHARS]), parser=html.HTMLParser(huge_tree=False))
        except (etree.ParserError, ValueError) as e:
            raise BadRule(f"页面无法解析：{e}", "items") from e
        self.root, self.url = root, _base(root, url)

    def read(self, rules: ListRules) -> ListPage:
        """The list's entries in the page's order, each address once. Raises BadRule."""
        found = [e for e in select(self.root, rules.items or "a", "items") if isinstance(e, etree._Element)]
        asked = {name: compiled(rule, name) for name in ("link", "title", "time") if (rule := getattr(rules, name))}
        items: dict[str, Item] = {}
        for element in found[:MOST_ITEMS]:
            item = self._item(element, asked)
            if item and item.url not in items:
                items[item.url] = item
        return ListPage(items=tuple(items.values()), next_url=self._next(rules), matched=len(found))

    def _item(self, element: etree._Element, asked: Mapping[str, etree.XPath]) -> Item | None:
        anchor = element if element.tag == "a" else next(element.iter("a"), None)
        href = _first(asked["link"], element, "link") if "link" in asked else (anchor.get("href") if anchor is not None else "")
        url = absolute(self.url, href or "")
        if not url:
            return None
        if "title" in asked:
            title = _first(asked["title"], element, "title")
        else:
            title = (anchor.get("title") if anchor is not None else "") or _text(anchor if anchor is not None else element)
        raw = _first(asked["time"], element, "time") if "time" in asked else _dated(_text(element))
        raw = _dated(raw) or raw
        when = read_when(raw) if raw else None
        return Item(
            url=url, title=_SPACE.sub(" ", title).strip()[:500], time=when.at if when else None, time_raw=raw[:80], day_only=bool(when and when.note)
        )

    def _next(self, rules: ListRules) -> str:
        if not rules.next:
            return ""
        for found in select(self.root, rules.next, "next"):
            href = found.get("href", "") if isinstance(found, etree._Element) else str(found)
            if url := absolute(self.url, href):
                return url
        return ""


def select(node: etree._Element, rule: str, field: str) -> list[etree._Element | str]:
    """What a rule finds. Raises BadRule."""
    return _asked(compiled(rule, field), node, field)


def check(rules: ListRules) -> list[BadRule]:
    """Every rule that cannot be understood."""
    wrong = []
    for f in fields(rules):
        rule = getattr(rules, f.name)
        if isinstance(rule, str) and rule:
            try:
                compiled(rule, f.name)
            except BadRule as e:
                wrong.append(e)
    return wrong


def absolute(base: str, href: str) -> str:
    """The address a link leads to, without its fragment; "" for scripts, mail, places on this page, and no address."""
    try:
        url = urljoin(base, href.strip())
    except ValueError:
        return ""
    leads_on = bool(href.strip()) and not href.strip().startswith("#")
    return url.partition("#")[0] if url.startswith(("http://", "https://")) and leads_on else ""


def compiled(rule: str, field: str) -> etree.XPath:
    """The rule as XPath. Raises BadRule."""
    try:
        xpath = rule if rule.lstrip().startswith(("/", ".//", "./", "(", "..")) else HTMLTranslator().css_to_xpath(rule)
        # Without EXSLT: its regular expressions could be made to run for ever.
        return etree.XPath(xpath, regexp=False, smart_strings=False)
    except Exception as e:  # cssselect and lxml each have a family of errors
        raise BadRule(f"选择器“{rule[:80]}”写错了：{str(e)[:120]}", field) from e


def _asked(compiled: etree.XPath, node: etree._Element, field: str) -> list[etree._Element | str]:
    try:
        found = compiled(node)
    except etree.XPathError as e:
        raise BadRule(f"选择器“{compiled.path[:80]}”无法执行：{str(e)[:120]}", field) from e
    return found if isinstance(found, list) else [str(found)]


def _first(compiled: etree.XPath, node: etree._Element, field: str) -> str:
    for found in _asked(compiled, node, field):
        if not isinstance(found, etree._Element):
            text = str(found)
        elif field == "link":
            text = found.get("href") or ""
        else:
            text = _text(found)
        if text.strip():
            return text.strip()
    return ""


def _text(element: etree._Element) -> str:
    return _SPACE.sub(" ", "".join(str(t) for t in element.itertext())).strip()


def _dated(text: str) -> str:
    found = _TIME.search(text)
    return found[0].strip() if found else ""


def _base(root: etree._Element, url: str) -> str:
    href = next((e.get("href") for e in root.iter("base") if e.get("href")), "")
    return absolute(url, href or "") or url


def _declared_away(text: str) -> str:
    """lxml refuses decoded text that still declares an encoding."""
    return re.sub(r"^\s*<\?xml[^>]*\?>", "", text, count=1) or "<html/>"


def linked(root: etree._Element, rel: str, types: Iterable[str]) -> list[tuple[str, str]]:
    """(href, title) of <link rel=… type=…> in the page's order."""
    wanted = tuple(types)
    return [
        (e.get("href") or "", e.get("title") or "")
        for e in root.iter("link")
        if rel in (e.get("rel") or "").lower().split() and (e.get("type") or "").lower().split(";")[0].strip() in wanted
    ]
