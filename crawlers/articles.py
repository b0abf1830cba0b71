"""One article page, or its several pages, fetched and made an item."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from urllib.parse import urlsplit

from scrapy.http import Response

from crawlers.adapters.base import Fetch, Unread, header
from crawlers.addresses import registrable
from crawlers.decoding import Garbled, decode
from crawlers.extraction.articles import Article, NotAPage, extract, joined
from crawlers.extraction.sites import SiteRule
from crawlers.lists import BadRule, Page, absolute
from crawlers.logins import CODE, wall
from crawlers.posts import ParsedItem, Refused, canonical_url
from crawlers.siterules import Candidate, SiteRules

MOST_PAGES = 10  # of one article
PICTURES = 20
NO_BODY = "没有提取到正文，只收录标题和链接"
ATTACHED = "正文是附件，只收录标题和链接"
DAY_ONLY = "发布时间只有日期，按当日零时计"
PAGES_LEFT = f"文章超过 {MOST_PAGES} 页，只收录前面部分"
PAGE_MISSING = "文章的第 {} 页没有读到"


async def read_article(fetch: Fetch, candidate: Candidate, rules: SiteRules, row: int) -> ParsedItem | Refused:
    """The article at the candidate's address as an item; Refused when there is none. Raises Unread, for a log-in too."""
    response = await fetch(candidate.url)
    if response.status == 401:
        raise Unread("要求登录（401）", code="auth_required")
    if response.status != 200:
        return Refused(row=row, field="url", reason=f"HTTP {response.status}：{candidate.url}"[:300])
    if not is_page(response):
        return item_of(candidate, row, notes=(ATTACHED,)) if candidate.title else _refused(row, candidate, "不是网页，也没有标题")
    first, address = await asyncio.to_thread(_read, response, candidate.url, rules)
    rest, note = await _further(fetch, first, candidate.url, rules)
    item = item_of(candidate, row, article=joined(first, rest), notes=(note,) if note else ())
    if not item.title and not item.body:
        return _refused(row, candidate, "没有标题也没有正文")
    return replace(item, url=address or candidate.url)


async def _further(fetch: Fetch, first: Article, asked: str, rules: SiteRules) -> tuple[list[Article], str]:
    """The article's other pages in their order, on the same site; and what must be said about them."""
    known, waiting, note = {canonical_url(asked)}, list(first.next_pages), ""
    found: list[Article] = []
    while waiting:
        url = waiting.pop(0)
        if canonical_url(url) in known or registrable(url) != registrable(asked):
            continue
        if len(known) == MOST_PAGES:
            return found, PAGES_LEFT
        known.add(canonical_url(url))
        response = await fetch(url)
        if response.status != 200 or not is_page(response):
            note = PAGE_MISSING.format(len(known))
            continue
        page, _ = await asyncio.to_thread(_read, response, url, rules)
        found.append(page)
        waiting += page.next_pages  # some pages name only the one that follows
    return found, note


def item_of(candidate: Candidate, row: int, *, article: Article | None = None, notes: tuple[str, ...] = ()) -> ParsedItem:
    """What the list says, put right by what the article says: its own time to the minute counts first. Pure."""
    published, raw, day_only = candidate.time, candidate.time_raw, candidate.day_only
    # A page that names the day only must not take the minute from a list that knows it.
    if article and article.published_at and (article.precision == "minute" or not published or day_only):
        published, raw, day_only = article.published_at, article.published_raw, article.precision != "minute"
    if published and day_only:
        notes = (*notes, DAY_ONLY)
    title = (article.title if article else "") or candidate.title
    text = article.text if article else ""
    if article and not text:
        notes = (*notes, NO_BODY)
    return ParsedItem(
        row=row,
        title=title,
        body="" if text == title else text,
        url=candidate.url,
        author=article.author if article else "",
        origin=article.source if article else "",
        pictures=article.pictures[:PICTURES] if article else (),
        published_at=published,
        published_raw=raw,
        notes=notes,
    )


def page_of(response: Response, asked: str) -> Page:
    """The parsed page. Raises Unread for a log-in page, and when there is nothing to parse."""
    return _parsed(_text_of(response, asked), response.url)


def _text_of(response: Response, asked: str) -> str:
    try:
        text = decode(response.body, header(response, "Content-Type")).text
    except Garbled as e:
        raise Unread(str(e)) from e
    if why := wall(text, response.url, asked):
        raise Unread(why, code=CODE)
    return text


def _parsed(text: str, url: str) -> Page:
    try:
        return Page(text, url)
    except BadRule as e:
        raise Unread(str(e)) from e


def is_page(response: Response) -> bool:
    kind = header(response, "Content-Type").lower()
    return not kind or "html" in kind or kind.startswith("text/plain")


def own_address(page: Page, asked: str) -> str:
    """The address the page names as its own, when it is of the same site and names a page; else "". Pure."""
    for element in page.root.iter("link", "meta"):
        href = ""
        if element.tag == "link" and (element.get("rel") or "").lower() == "canonical":
            href = element.get("href") or ""
        elif (element.get("property") or "").lower() == "og:url":
            href = element.get("content") or ""
        url = absolute(page.url, href) if href else ""
        # Templates often name the home page or the section on every page: two articles must not become one by it.
        if url and registrable(url) == registrable(asked) and canonical_url(url) and _same_page(url, asked):
            return url
    return ""


def _same_page(one: str, other: str) -> bool:
    """Two addresses that end in the same file, or carry the same long number last: www and m, http and https."""
    files = [urlsplit(u).path.rstrip("/").rpartition("/")[2] for u in (one, other)]
    numbers = [re.findall(r"\d{4,}", urlsplit(u).path) for u in (one, other)]
    return files[0] == files[1] != "" or (bool(numbers[0]) and numbers[0][-1:] == numbers[1][-1:])


def _read(response: Response, asked: str, rules: SiteRules) -> tuple[Article, str]:
    """The article of one page, and the address the page names as its own."""
    text = _text_of(response, asked)
    try:
        article = extract(text, url=response.url, rule=rule_of(rules))
    except NotAPage as e:
        raise Unread(str(e)) from e
    return article, own_address(_parsed(text, response.url), asked)


def rule_of(rules: SiteRules) -> SiteRule | None:
    """The site's own selectors as extraction takes them; None leaves everything to its general way."""
    said = rules.article
    if not said.get("body"):
        return None
    return SiteRule(
        body=said["body"], title=said.get("title", ""), published=said.get("published", ""), source=said.get("source", ""),
        author=said.get("author", ""), drop=said.get("drop", ""),
    )  # fmt: skip


def _refused(row: int, candidate: Candidate, why: str) -> Refused:
    return Refused(row=row, field="url", reason=f"{why}：{candidate.url}"[:300])
