"""新闻网站: a list page or a sitemap says what is there; articles are fetched when they are new or were changed."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from scrapy.http import Response

from archive.models import Post, Source
from crawlers import showing, sitemaps
from crawlers.adapters.base import Fetch, Reading, Unread, header
from crawlers.addresses import registrable
from crawlers.articles import item_of, page_of, read_article
from crawlers.lists import BadRule, Page
from crawlers.politeness import in_thread
from crawlers.posts import BATCH, ParsedItem, Refused, key_of
from crawlers.siterules import SITEMAP, Candidate, SiteRules, of_list, of_sitemap

ARTICLES = 20  # of one reading; what is left is read next time, which is at once (Reading.more)
READING_S = 40.0  # a reading that lasts longer hands over what it has: an alert must not wait for the twentieth article
MAPS, MAP_LEVELS = 20, 3  # sitemaps fetched in one reading, and how deep an index may lead
FIRST_DAYS = timedelta(days=3)  # what a new source takes from the past; more is a back-fill's business
OVERLAP = timedelta(hours=2)  # of lastmod: sites write it before the page is out
TRIES = 3  # an address that gave no article so often is not asked again
REMEMBERED = 2000  # addresses in cursor["seen"]
SETTLED = 99
ROBOTS = "blocked_by_robots"
AGAIN = 500  # addresses in cursor["again"]
REREAD_AFTER = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))  # since it was received: looked at once more
TITLE_HEAD = 20  # characters of a headline that are compared
REREADS = 3  # of one reading, after what is new


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the list or the sitemap named, newest first, and what it said of itself."""

    candidates: Sequence[Candidate]
    said: str
    damage: str = ""
    validators: dict[str, str] = field(default_factory=dict)
    newest: datetime | None = None  # of the sitemap's lastmods
    in_order: bool = False  # a list page, read without a gap: what our own outlet no longer shows is missing from it


UNCHANGED = Found(candidates=(), said="未变化（304）")


async def read(source: Source, fetch: Fetch, now: datetime) -> Reading:
    """List or sitemap once, then the new articles. Raises Unread when the list itself cannot be read."""
    rules = SiteRules.of(source.options)
    found = await (find_in_sitemap if rules.reads == SITEMAP else find_in_list)(source, fetch, rules, now)
    if found is UNCHANGED and source.outlet == Source.Outlet.OWN:
        await in_thread(showing.unchanged, source, now)
    visit = Visit(source, fetch, rules, now)
    todo = await in_thread(visit.todo, found.candidates)
    await visit.read(todo)
    left = len(todo) - visit.done
    finished = not left and not visit.stopped and not visit.failed
    advance: dict[str, Any] = {"cursor": {"seen": visit.seen, "again": visit.again}}
    if finished and not found.damage:  # else the next reading must see the same list again
        advance |= found.validators
        if found.newest:
            advance["cursor"]["lastmod"] = found.newest.isoformat()
    stop = visit.stopped or (visit.failed if not visit.items else None)
    said = found.said + (f"（站外 {visit.foreign} 条不读）" if visit.foreign else "") + f"，新读 {len(visit.items)} 篇"
    said += f"，还有 {left} 篇接着读" if left else ""
    return Reading(
        items=visit.items,
        refused=visit.refused,
        said=f"{said}；中断：{stop.said}" if stop else said,
        damage=found.damage,
        state=stop.state if stop else "alive",
        code=stop.code if stop else "",
        retry_at=stop.retry_at if stop else None,
        advance=advance,
        shows=[key_of(ParsedItem(url=c.url), source) for c in found.candidates] if found.in_order else None,
        more=bool(left) and not stop,
    )


# --- what is there --------------------------------------------------------------------------------------------


async def find_in_list(source: Source, fetch: Fetch, rules: SiteRules, now: datetime) -> Found:
    """The list page, and the pages after it for as long as they hold something unknown."""
    response = await fetch(source.url, headers=_conditions(source))
    if response.status == 304:
        return UNCHANGED
    _must_be_page(response)
    page = await asyncio.to_thread(page_of, response, source.url)
    candidates: dict[str, Candidate] = {}
    read_pages, damage, seen_urls = 0, "", {source.url}
    while True:
        try:
            listed = await asyncio.to_thread(page.read, rules.list)
        except BadRule as e:
            raise Unread(f"规则 {e.field} 有误：{e}", code="degraded") from e
        read_pages += 1
        fresh = [c for c in of_list(listed, rules) if c.url not in candidates]
        candidates.update((c.url, c) for c in fresh)
        known = await in_thread(known_urls, source, [c.url for c in fresh])
        if not listed.next_url or read_pages >= rules.list.pages or listed.next_url in seen_urls or len(known) == len(fresh):
            break
        seen_urls.add(listed.next_url)
        try:
            page = await _next_page(fetch, listed.next_url)
        except Unread as e:
            damage = f"第 {read_pages + 1} 页没有读到：{e.said}"
            break
    if not candidates:
        what = "选择器没有命中任何条目" if not listed.matched else f"命中 {listed.matched} 处，但没有可用的链接"
        raise Unread(f"列表页上{what}；网站可能改版，请核对规则", code="degraded")
    said = f"列表 {len(candidates)} 条" + (f"（{read_pages} 页）" if read_pages > 1 else "")
    return Found(
        candidates=list(candidates.values()), said=said, damage=damage, validators=_validators(response), in_order=not damage
    )


async def _next_page(fetch: Fetch, url: str) -> Page:
    response = await fetch(url)
    _must_be_page(response)
    return await asyncio.to_thread(page_of, response, url)


async def find_in_sitemap(source: Source, fetch: Fetch, rules: SiteRules, now: datetime) -> Found:
    """The sitemap's entries changed since the cursor; an index leads to the sitemaps changed since."""
    last = source.cursor.get("lastmod")
    since = (datetime.fromisoformat(last) if last else now - FIRST_DAYS) - OVERLAP
    response = await fetch(source.url, headers=_conditions(source))
    if response.status == 304:
        return UNCHANGED
    entries, damage = await walk(fetch, response, since)
    fresh = [e for e in entries if e.changed is None or e.changed >= since]
    # A clock ahead of ours must not carry the cursor into the future, where it would hide what comes.
    moments = [e.lastmod or e.published for e in fresh]
    newest = max((m for m in moments if m and m <= now), default=None)
    return Found(
        candidates=of_sitemap(tuple(fresh), rules),
        said=f"网站地图 {len(entries)} 条，其中近期 {len(fresh)} 条",
        damage=damage,
        validators=_validators(response) if not damage else {},
        newest=newest,
    )


async def walk(fetch: Fetch, response: Response, since: datetime, most: int = MAPS) -> tuple[list[sitemaps.Entry], str]:
    """The pages named by a sitemap and the sitemaps it leads to, those changed since; and what could not be read."""
    entries: dict[str, sitemaps.Entry] = {}
    damages: list[str] = []
    top = await _sitemap(response)
    entries.update((e.url, e) for e in top.entries)
    damages += [top.damage] if top.damage else []
    # An index of sitemaps that are all named without a date would be fetched whole at each reading: the newest first.
    waiting = [(child, 2) for child in _worth(top.children, since)]
    visited: set[str] = {response.url}
    while waiting:
        child, level = waiting.pop(0)
        if child.url in visited:
            continue
        if len(visited) > most:
            damages.append(f"索引里的网站地图超过 {most} 个，本次没有读完")
            break
        visited.add(child.url)
        try:
            answer = await fetch(child.url)
            below = await _sitemap(answer)
        except Unread as e:
            if e.retry_at:  # the host asks for patience: no further request
                raise
            damages.append(f"{child.url[-60:]} 没有读到：{e.said}")
            continue
        entries.update((e.url, e) for e in below.entries)
        damages += [below.damage] if below.damage else []
        if level < MAP_LEVELS:
            waiting += [(c, level + 1) for c in _worth(below.children, since)]
    return list(entries.values()), "；".join(damages)[:300]


def _worth(children: Iterable[sitemaps.Entry], since: datetime) -> list[sitemaps.Entry]:
    """Sitemaps that may name something changed since, the newest first; undated ones after them."""
    worth = [c for c in children if c.changed is None or c.changed >= since]
    return sorted(worth, key=lambda c: -(c.changed.timestamp() if c.changed else 0.0))


async def _sitemap(response: Response) -> sitemaps.Sitemap:
    if response.status != 200:
        raise Unread(f"网站地图 HTTP {response.status}", code="auth_required" if response.status == 401 else "")
    try:
        return await asyncio.to_thread(sitemaps.parse, response.body, url=response.url)
    except sitemaps.NotASitemap as e:
        raise Unread(str(e)) from e


# --- what is read ---------------------------------------------------------------------------------------------


class Visit:
    """The articles of one reading. `stopped` is why it ended before its list did; `foreign` counts links to other sites."""

    def __init__(self, source: Source, fetch: Fetch, rules: SiteRules, now: datetime) -> None:
        self.source, self.fetch, self.rules, self.now = source, fetch, rules, now
        self.items: list[ParsedItem] = []
        self.refused: list[Refused] = []
        self.done = 0
        self.stopped: Unread | None = None
        self.failed: Unread | None = None  # the last article that could not be fetched
        self.foreign = 0
        # Addresses without a post of their own: how often they gave nothing, or SETTLED.
        self.seen: dict[str, int] = dict(source.cursor.get("seen", {}))
        # Addresses read again: what was known of them then (a sitemap's lastmod, a list's title).
        self.again: dict[str, str] = dict(source.cursor.get("again", {}))
        self.again_of: dict[Candidate, Post] = {}

    def todo(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """What is new, in the order given, then what was changed at the source or is due to be looked at again."""
        own = [c for c in candidates if registrable(c.url) == registrable(self.source.url)]
        self.foreign, candidates = len(candidates) - len(own), own
        posts = known_posts(self.source, [c.url for c in candidates])
        new = [c for c in candidates if c.url not in posts and self.seen.get(mark(c.url), 0) < TRIES]
        if not self.rules.whole:
            return new
        changed = {c.url: (c, posts[c.url]) for c in candidates if c.url in posts and self._changed(c, posts[c.url])}
        for post in self._of_age():
            changed.setdefault(post.url, (Candidate(url=post.url, title=post.title, time=post.published_at), post))
        self.again_of = dict(list(changed.values())[:REREADS])
        return new + list(self.again_of)

    def _changed(self, candidate: Candidate, post: Post) -> bool:
        """Whether list or sitemap says so; each such word counts once. Withdrawn posts stay withdrawn."""
        if post.withdrawn_at:
            return False
        known = self.again.get(mark(candidate.url), "")
        if candidate.changed and candidate.changed > post.received_at:
            return known != candidate.changed.isoformat()
        said = candidate.title
        return bool(said) and not candidate.cut and said != known and not post.title.startswith(said[:TITLE_HEAD])

    def _of_age(self) -> list[Post]:
        """Posts whose age passed one of REREAD_AFTER since the last reading: edits that no list tells of."""
        last = self.source.last_run_at
        if last is None:
            return []
        passed = Q()
        for age in REREAD_AFTER:
            passed |= Q(received_at__gt=last - age, received_at__lte=self.now - age)
        rows = Post.objects.filter(passed, source=self.source, withdrawn_at=None, excerpted_at=None).exclude(url="")
        return list(rows.order_by("-received_at")[:REREADS])

    async def read(self, todo: Sequence[Candidate]) -> None:
        began = time.monotonic()
        for row, candidate in enumerate(todo, start=1):
            if self.done and (self.done >= ARTICLES or time.monotonic() - began > READING_S) and self.rules.whole:
                return
            try:
                item = await self._one(candidate, row)
            except Unread as e:
                if not _of_this_page(e):
                    self.stopped = e
                    return
                self.done += 1
                self.refused.append(Refused(row=row, field="url", reason=f"{e.said}：{candidate.url}"[:300]))
                self.failed = e
                continue
            self.done += 1
            self._note(candidate, item)

    async def _one(self, candidate: Candidate, row: int) -> ParsedItem | Refused:
        if self.rules.whole:
            item = await read_article(self.fetch, candidate, self.rules, row)
            known = self.again_of.get(candidate)
            # Read again it stays the same post, whatever address its page names today.
            return replace(item, url=known.url) if known and isinstance(item, ParsedItem) else item
        if not candidate.title:
            return Refused(row=row, field="title", reason=f"没有标题：{candidate.url}"[:300])
        return item_of(candidate, row)

    def _note(self, candidate: Candidate, item: ParsedItem | Refused) -> None:
        name, again = mark(candidate.url), candidate in self.again_of
        if isinstance(item, Refused):
            self.refused.append(item)
            if not again:
                _remember(self.seen, name, self.seen.get(name, 0) + 1, REMEMBERED)
        else:
            self.items.append(item)
            if key_of(item, self.source) != key_of(ParsedItem(url=candidate.url), self.source):
                _remember(self.seen, name, SETTLED, REMEMBERED)  # kept under the address the page names as its own
        if again and candidate.changed:
            _remember(self.again, name, candidate.changed.isoformat(), AGAIN)
        elif candidate.title and isinstance(item, ParsedItem) and not item.title.startswith(candidate.title[:TITLE_HEAD]):
            _remember(self.again, name, candidate.title, AGAIN)  # list and article call it differently: that is no change


def _of_this_page(reason: Unread) -> bool:
    """One broken or forbidden article must not keep back those behind it; a host that wants peace, or a log-in, does."""
    return reason.code == ROBOTS or (reason.state == "failing" and not reason.code and reason.retry_at is None)


def _remember(table: dict[str, Any], name: str, value: Any, most: int) -> None:
    """Newest last; the oldest go."""
    table.pop(name, None)
    table[name] = value
    while len(table) > most:
        del table[next(iter(table))]


def mark(url: str) -> str:
    """An address in the cursor: short, and nobody's reading list."""
    return hashlib.sha256(url.encode()).hexdigest()[:12]


def known_posts(source: Source, urls: Sequence[str]) -> dict[str, Post]:
    """The posts that stand for these addresses."""
    keys = {key_of(ParsedItem(url=url), source): url for url in urls}
    found: dict[str, Post] = {}
    wanted = list(keys)
    for start in range(0, len(wanted), BATCH):
        rows = Post.objects.filter(key__in=wanted[start : start + BATCH]).defer("body")
        found.update((keys[post.key], post) for post in rows)
    return found


def known_urls(source: Source, urls: Sequence[str]) -> set[str]:
    seen = source.cursor.get("seen", {})
    return set(known_posts(source, urls)) | {u for u in urls if seen.get(mark(u), 0) >= TRIES}


def _conditions(source: Source) -> dict[str, str]:
    asked = {"If-None-Match": source.etag, "If-Modified-Since": source.last_modified}
    return {name: value for name, value in asked.items() if value}


def _validators(response: Response) -> dict[str, str]:
    return {"etag": header(response, "ETag")[:300], "last_modified": header(response, "Last-Modified")[:100]}


def _must_be_page(response: Response) -> None:
    if response.status in (401, 403):
        raise Unread(f"HTTP {response.status}", code="auth_required" if response.status == 401 else "no_permission")
    if response.status != 200:
        raise Unread(f"HTTP {response.status}")
