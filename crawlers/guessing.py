"""Which links of a page look like its list of news: repeated links under one kind of element, scored. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from urllib.parse import urlsplit

from lxml import etree

from crawlers.addresses import registrable
from crawlers.lists import ListRules, Page, absolute

LEAST = 3  # links of one pattern: fewer are no list
_DIGITS = re.compile(r"\d+")
_DATED = re.compile(r"\d{4}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}|\d{1,2}[-/月]\d{1,2}日?|\d{1,2}:\d{2}")
_ARTICLE = re.compile(r"\d{4}[-/]?\d{2}|\d{5,}|/(?:content|article|detail|news|info|art)[/_]|\.s?html?$", re.I)
_NEXT = re.compile(r"^(下一?页|后页|next(?:\s+page)?|›|»|>)$", re.I)
_PLAIN_NAME = re.compile(r"[A-Za-z_][\w-]*")


@dataclass(frozen=True, kw_only=True)
class Guess:
    """Rules that find `count` links, with some of their titles; the best guess has the highest score."""

    rules: ListRules
    count: int
    score: float
    titles: tuple[str, ...]


def guess(page: Page, most: int = 4) -> list[Guess]:
    """Candidate rules for the page's lists, the likeliest first; [] when no links repeat."""
    groups: dict[str, list[etree._Element]] = defaultdict(list)
    here = registrable(page.url)
    for anchor in page.root.iter("a"):
        url = absolute(page.url, anchor.get("href") or "")
        if url and registrable(url) == here and len(_words(anchor)) >= 4:
            groups[_pattern(anchor)].append(anchor)
    next_rule = _next_rule(page.root)
    found = [g for pattern, anchors in groups.items() if len(anchors) >= LEAST if (g := _scored(page, pattern, anchors, next_rule))]
    return sorted(found, key=lambda g: -g.score)[:most]


def _scored(page: Page, pattern: str, anchors: list[etree._Element], next_rule: str) -> Guess | None:
    rules = ListRules(items=pattern, next=next_rule, pages=2 if next_rule else 1)
    read = page.read(rules)
    if len(read.items) < LEAST:
        return None
    titles = [item.title for item in read.items]
    paths = [urlsplit(item.url).path for item in read.items]
    long = sum(len(t) >= 10 for t in titles) / len(titles)  # headlines are sentences, menus are words
    dated = sum(bool(item.time_raw or _DATED.search(_words(a))) for item, a in zip(read.items, anchors, strict=False)) / len(titles)
    articles = sum(bool(_ARTICLE.search(p)) for p in paths) / len(paths)
    alike = 1 / len({_DIGITS.sub("0", p) for p in paths})  # addresses that differ in numbers only are of one kind
    score = min(len(titles), 30) / 30 + 2 * long + dated + articles + alike
    return Guess(rules=rules, count=len(titles), score=round(score, 3), titles=tuple(titles[:3]))


def _pattern(anchor: etree._Element) -> str:
    """A CSS selector for the anchor's item: the nearest <li>, <tr>, <dd>, <article> (or named <div>), under its named list."""
    item = anchor
    for parent in anchor.iterancestors():
        if parent.tag in ("li", "tr", "dd", "dt", "article"):
            item = parent
            break
        if parent.tag in ("ul", "ol", "table", "body", "nav"):
            break
        if parent.tag in ("div", "section", "p", "h2", "h3") and _repeated(parent):
            item = parent
            break
    return _path(item)


def _repeated(element: etree._Element) -> bool:
    parent = element.getparent()
    return parent is not None and sum(e.tag == element.tag and _class(e) == _class(element) for e in parent) >= LEAST


def _path(element: etree._Element) -> str:
    """Up to the nearest element that has an id, or three steps."""
    steps = [_step(element)]
    for parent in element.iterancestors():
        if parent.tag in ("body", "html") or len(steps) == 3:
            break
        if parent.tag in ("tbody",):  # browsers and parsers disagree on it
            continue
        steps.append(_step(parent))
        if "#" in steps[-1]:
            break
    return " ".join(reversed(steps))


def _step(element: etree._Element) -> str:
    name = element.get("id") or ""
    if _PLAIN_NAME.fullmatch(name) and not _DIGITS.search(name):
        return f"{element.tag}#{name}"
    return str(element.tag) + (f".{_class(element)}" if _class(element) else "")


def _class(element: etree._Element) -> str:
    """The first class that names a kind, not a state or a number."""
    for name in (element.get("class") or "").split():
        if _PLAIN_NAME.fullmatch(name) and not _DIGITS.search(name) and name not in ("on", "active", "first", "last", "odd", "even", "cur", "current"):
            return name
    return ""


def _next_rule(root: etree._Element) -> str:
    for anchor in root.iter("a"):
        if (anchor.get("rel") or "") == "next":
            return 'a[rel="next"]'
        said = _words(anchor)
        if _NEXT.match(said) and not (anchor.get("href") or "#").startswith(("#", "javascript")):
            return f'//a[normalize-space(.)="{said}"]'
    return ""


def _words(element: etree._Element) -> str:
    return re.sub(r"\s+", " ", "".join(str(t) for t in element.itertext())).strip()
