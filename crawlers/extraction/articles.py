"""The bytes of a news page in, its article out: site rules first, then the general way, each part by its own module. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from urllib.parse import urljoin, urlsplit

from lxml.cssselect import CSSSelector
from lxml.html import HtmlElement

from crawlers.decoding import decode
from crawlers.extraction.bodies import Span, find_span, kept_lines, paragraphs, shade_sections
from crawlers.extraction.bylines import find_byline
from crawlers.extraction.embedded import embedded_html
from crawlers.extraction.pages import Page, read_page, tidy
from crawlers.extraction.paging import next_pages
from crawlers.extraction.sites import FOR_SEARCH, GENERIC, SITES, SiteRule
from crawlers.extraction.times import Published, find_published
from crawlers.extraction.titles import find_title

_NO_PICTURE = re.compile(r"logo|icon|qr_?code|erweima|ewm|share|blank|spacer|loading|placeholder|1x1|avatar|\.gif(?:$|\?)|^data:", re.I)

_SAVED = re.compile(r"<!--\s*saved from url=\(\d+\)(https?://\S+?)\s*-->")

NOTHING = "没有可读的网页内容"
ENOUGH = 20  # characters of prose by which a block that a rule names is believed
THIN = 40  # characters of text so few that a script must hold the article


class NotAPage(Exception):
    """There is no HTML with any text in these bytes."""


@dataclass(frozen=True, kw_only=True)
class Article:
    """What a page reports. Empty strings and None mean that the page does not say."""

    title: str = ""
    published_at: datetime | None = None  # aware UTC
    precision: str = ""  # minute, day; "" without a time
    published_raw: str = ""
    author: str = ""
    editor: str = ""
    source: str = ""
    paragraphs: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()  # addresses only
    next_pages: tuple[str, ...] = ()  # further pages of the same article, in order

    @property
    def text(self) -> str:
        return "\n".join(self.paragraphs)


def extract(body: bytes | str, *, url: str = "", content_type: str = "", rule: SiteRule | None = None) -> Article:
    """The article of a page; `rule` goes before the built-in ones.

    Raises NotAPage when there is nothing to read, Garbled when no encoding makes sense of the bytes.
    """
    text = decode(body, content_type).text if isinstance(body, bytes) else body
    page = read_page(text, url or _saved_from(text))
    if page is None:
        raise NotAPage(NOTHING)
    block, site = _named_block(page, [*([rule] if rule and rule.body else []), *_fitting(page)])
    used, known = _merged(_merged(rule, site), FOR_SEARCH), bool(rule) or (site is not None and _is_of(site, _host(page)))
    title = find_title(page, _said(page, used.title, 120), trusted=bool(rule and rule.title))
    shade_sections(page, title.line)
    span = page.ranges[block] if block is not None else find_span(page, title.line)
    published = find_published(page, title.line, span, _said(page, used.published, 200), trusted=known)
    dropped = _select(page, used.drop)
    kept = kept_lines(page, span, title.text, dropped, chosen=block is not None)
    texts = paragraphs(page, kept)
    if sum(len(t) for t in texts) < THIN:
        texts = _from_data(page, title.text) or texts
    if not texts and not page.lines:
        raise NotAPage(NOTHING)
    byline = find_byline(
        page,
        _around(page, title.line, published, span),
        [line.text for line in page.lines[(kept[-1] + 1 if kept else span[1]) : span[1] + 20]],
        texts,
        source=_said(page, used.source, 120),
        author=_said(page, used.author, 60),
    )
    return Article(
        title=title.text,
        published_at=published.at if published else None,
        precision=published.precision if published else "",
        published_raw=published.raw if published else "",
        author=byline.author,
        editor=byline.editor,
        source=byline.source,
        paragraphs=tuple(texts),
        pictures=tuple(_pictures(page, kept)),
        next_pages=tuple(next_pages(page, span)),
    )


def joined(first: Article, rest: Sequence[Article]) -> Article:
    """One article of several pages: head and time of the first, text and pictures of all, nothing twice."""
    pages = (first, *rest)
    texts = dict.fromkeys(p for page in pages for p in page.paragraphs)
    pictures = dict.fromkeys(p for page in pages for p in page.pictures)
    return replace(first, paragraphs=tuple(texts), pictures=tuple(pictures), next_pages=())


def _from_data(page: Page, title: str) -> list[str]:
    inner = read_page(embedded_html(page), page.url)
    return paragraphs(inner, kept_lines(inner, (0, len(inner.lines)), title)) if inner else []


def _saved_from(text: str) -> str:
    """The address a browser notes in a page it saves."""
    m = _SAVED.search(text[:3000])
    return m[1] if m else ""


def _fitting(page: Page) -> list[SiteRule]:
    host = _host(page)
    if host:
        own = [r for r in SITES if _is_of(r, host)]
        return own + [r for r in SITES if not r.hosts]
    return list(SITES)


def _merged(rule: SiteRule | None, site: SiteRule | None) -> SiteRule:
    """What an operator's rule names goes before the built-in one; what both drop is dropped."""
    if rule is None or site is None or rule is site:
        return rule or site or FOR_SEARCH
    named = {name: getattr(rule, name) or getattr(site, name) for name in ("body", "title", "published", "source", "author")}
    return SiteRule(drop=",".join(filter(None, (rule.drop, site.drop))), **named)


def _is_of(rule: SiteRule, host: str) -> bool:
    return any(host == h or host.endswith("." + h) for h in rule.hosts)


def _host(page: Page) -> str:
    canonical = (x.get("href") or "" for x in page.root.iter("link") if x.get("rel") == "canonical")
    for address in (page.url, page.meta.get("og:url", ""), *canonical):
        try:
            if host := urlsplit(address if "//" in address else "").hostname:
                return host.lower()
        except ValueError:
            continue
    return ""


def _named_block(page: Page, rules: Sequence[SiteRule]) -> tuple[HtmlElement | None, SiteRule | None]:
    """The block a rule names, when there is text in it: of several that fit one selector, the one with most.

    Names that any site may use for anything count only on the site whose rule it is.
    """
    host = _host(page)
    for rule in rules:
        own = rule not in SITES or _is_of(rule, host)
        for selector in rule.body.split(","):
            blocks = [b for b in _select(page, selector, anyone=own) if b in page.ranges]
            best = max(blocks, key=lambda b: _text_in(page, b), default=None)
            if best is not None and _text_in(page, best) >= ENOUGH:
                return best, rule
    return None, None


def _text_in(page: Page, block: HtmlElement) -> float:
    return sum(max(0.0, line.prose) for line in page.lines[slice(*page.ranges[block])])


@cache
def _compiled(selector: str) -> CSSSelector:
    return CSSSelector(selector)


@cache
def _parts(selectors: str) -> tuple[tuple[str, str, frozenset[str]], ...]:
    """Each selector, the one name that it is when it is no more than that, and the names without which it cannot fit."""
    found = []
    for part in filter(None, (p.strip() for p in selectors.split(","))):
        names = frozenset(re.findall(r"[#.][A-Za-z_][\w-]*", re.sub(r"\[[^\]]*\]", "", part)))
        found.append((part, part if part in names else "", names))
    return tuple(found)


def _select(page: Page, selectors: str, *, anyone: bool = True) -> list[HtmlElement]:
    """Elements in the order of the selectors, then of the page. Most selectors are settled by a look at the names."""
    found: list[HtmlElement] = []
    for part, name, needs in _parts(selectors):
        if not anyone and (name in GENERIC or not needs):
            continue
        if name:
            found += page.named.get(name, ())
        elif part.isalnum():
            found += page.root.iter(part)
        elif needs <= page.named.keys():
            found += _compiled(part)(page.root)
    return found


def _said(page: Page, selectors: str, longest: int) -> str:
    """The text of the first element that says anything; "" when it is too long to be the thing meant."""
    for element in _select(page, selectors) if selectors else ():
        if text := tidy(str(element.text_content())):
            return text if len(text) <= longest else ""
    return ""


def _around(page: Page, title_line: int, published: Published | None, span: Span) -> list[str]:
    first = min(i for i in (title_line, published.line if published else -1, span[0]) if i >= 0)
    return [line.text for line in page.lines[max(0, first - 2) : max(span[0], first + 10) + 3] if len(line.text) < 160]


def _pictures(page: Page, kept: Sequence[int]) -> list[str]:
    if not kept:
        return []
    base, found = page.url or page.meta.get("og:url", ""), []
    for place, img in page.pictures:
        address = next((v for v in (img.get(k) for k in ("data-src", "data-original", "data-lazy-src", "data-echo", "_src", "original", "src")) if v), "").strip()
        small = any((img.get(k) or "").rstrip("px").isdigit() and int((img.get(k) or "").rstrip("px")) < 60 for k in ("width", "height"))
        if kept[0] - 1 <= place <= kept[-1] + 1 and address and not small and not _NO_PICTURE.search(address):
            try:
                address = urljoin(base, address)
            except ValueError:
                continue
            if address.startswith(("http://", "https://", "//")) or not base:
                found.append(address)
    return list(dict.fromkeys(found))
