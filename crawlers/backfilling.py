"""补采: a past window of one source fetched, beside its live reading: no cursor, validator or health of it is touched."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from archive.models import Source
from config import clock
from config.clock import SHANGHAI
from crawlers import feeds
from crawlers.adapters.base import Fetch, Unread, header
from crawlers.adapters.site import known_posts, walk
from crawlers.addresses import registrable
from crawlers.articles import item_of, page_of, read_article
from crawlers.errand_process import Teller
from crawlers.lists import BadRule
from crawlers.models import Errand
from crawlers.politeness import in_thread
from crawlers.posts import ParsedItem, Refused, save
from crawlers.siterules import SITEMAP, Candidate, SiteRules, of_list, of_sitemap

PAGES = 300  # list pages or feed documents of one back-fill
MAPS = 400  # sitemaps of one back-fill
STORED_EACH = 10  # articles; what was read is kept when the rest fails
REFUSED_SHOWN = 50
READABLE = (Source.Kind.FEED, Source.Kind.SITE)
Reads = Callable[[Source], Fetch]
# RFC 5005 §4 and §3: the document before this one.
_EARLIER = re.compile(r"""<(?:\w+:)?link\b(?=[^>]*\brel=["'](?:prev-archive|next)["'])[^>]*\bhref=["']([^"']+)["']""", re.I)


async def work(errand: Errand, reads: Reads, tell: Teller) -> str:
    """The work of an errand `backfill`: {"from", "to"} ISO instants, {"alert"}: whether it may open events. Raises Unread."""
    source = errand.source
    assert source
    fill = Fill(source, reads(source), tell, errand.ask)
    if source.kind not in READABLE:
        raise Unread(f"{source.get_kind_display()}不能按地址补采；请用文件导入（huiying import 文件 --past）")
    await tell.say(f"开始补采 {source.name}：{fill.window}", found=fill.found)
    try:
        await (fill.feed() if source.kind == Source.Kind.FEED else fill.site())
    finally:
        await fill.store()
        await tell.say("正在收尾", found=fill.found)
    return fill.summary()


class Fill:
    def __init__(self, source: Source, fetch: Fetch, tell: Teller, ask: dict[str, Any]) -> None:
        self.source, self.fetch, self.tell = source, fetch, tell
        self.start, self.end = datetime.fromisoformat(ask["from"]), datetime.fromisoformat(ask["to"])
        self.past = not ask.get("alert")
        self.found: dict[str, Any] = {"new": 0, "known": 0, "outside": 0, "refused": [], "refusals": 0, "earliest": "", "notes": []}
        self.waiting: list[ParsedItem] = []

    @property
    def window(self) -> str:
        start, end = (t.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") for t in (self.start, self.end))
        return f"{start} 至 {end}"

    def summary(self) -> str:
        f = self.found
        said = f"新增 {f['new']} 条，已有 {f['known']} 条，不在时段内 {f['outside']} 条"
        said += f"，未能读取 {f['refusals']} 条" if f["refusals"] else ""
        return "；".join([said, *f["notes"]])

    # --- feeds ---

    async def feed(self) -> None:
        """The feed and the documents before it, as far as it names any."""
        url = self.source.url
        visited: set[str] = set()
        while url and len(visited) < PAGES:
            visited.add(url)
            response = await self.fetch(url)
            if response.status != 200:
                raise Unread(f"HTTP {response.status}：{url[:120]}")
            try:
                parsed = feeds.parse(response.body, url=url, content_type=header(response, "Content-Type"))
            except feeds.NotAFeed as e:
                raise Unread(str(e)) from e
            for item in parsed.items:
                await self.keep(item)
            dated = [i.published_at for i in parsed.items if i.published_at]
            if dated and max(dated) < self.start:
                return
            await self.tell.say(f"已读 {len(visited)} 份，{self.counts()}", found=self.found)
            earlier = _EARLIER.search(response.body.decode("utf-8", "replace")[:20_000])
            url = urljoin(url, earlier[1].replace("&amp;", "&")) if earlier else ""
            url = url if url not in visited and registrable(url) == registrable(self.source.url) else ""
        self._short_of_start("订阅源没有更早的存档")

    # --- sites ---

    async def site(self) -> None:
        rules = SiteRules.of(self.source.options)
        row = 0
        async for candidates in self._in_map(rules) if rules.reads == SITEMAP else self._in_lists(rules):
            own = [c for c in candidates if registrable(c.url) == registrable(self.source.url)]
            known = await in_thread(known_posts, self.source, [c.url for c in own])
            self.found["known"] += len(known)
            for candidate in own:
                # A day is not known to the minute: whether it lies in the window is the article's to say.
                if candidate.url in known or (candidate.time and not candidate.day_only and not self._within(candidate.time)):
                    self.found["outside"] += candidate.url not in known
                    continue
                row += 1
                await self._article(candidate, rules, row)

    async def _article(self, candidate: Candidate, rules: SiteRules, row: int) -> None:
        await self.tell.say(f"{self.counts()}；正在读 {(candidate.title or candidate.url)[:80]}", found=self.found)
        try:
            item: ParsedItem | Refused
            item = await read_article(self.fetch, candidate, rules, row) if rules.whole else item_of(candidate, row)
        except Unread as e:
            if e.retry_at or (e.state == "capped" and e.code != "blocked_by_robots") or e.code == "auth_required":
                raise
            item = Refused(row=row, field="url", reason=f"{e.said}：{candidate.url}"[:300])
        if isinstance(item, Refused):
            self.found["refusals"] += 1
            self.found["refused"] = [*self.found["refused"], item.reason][:REFUSED_SHOWN]
        else:
            await self.keep(item)

    async def _in_lists(self, rules: SiteRules) -> AsyncIterator[list[Candidate]]:
        """Page after page, until one holds nothing young enough, or there is no further one."""
        url = self.source.url
        visited: set[str] = set()
        while url and len(visited) < PAGES:
            visited.add(url)
            response = await self.fetch(url)
            if response.status != 200:
                self.found["notes"].append(f"第 {len(visited)} 页 HTTP {response.status}，没有再往前")
                return
            page = await asyncio.to_thread(page_of, response, url)
            try:
                listed = page.read(rules.list)
            except BadRule as e:
                raise Unread(f"规则 {e.field} 有误：{e}") from e
            found = of_list(listed, rules)
            if not found:
                self.found["notes"].append(f"第 {len(visited)} 页没有条目，没有再往前")
                return
            yield found
            dated = [c.time for c in found if c.time]
            if dated and max(dated) < self.start:
                return
            url = listed.next_url if listed.next_url not in visited else ""
        self._short_of_start("列表没有下一页" if not url else f"已翻 {PAGES} 页")

    async def _in_map(self, rules: SiteRules) -> AsyncIterator[list[Candidate]]:
        response = await self.fetch(self.source.url)
        entries, damage = await walk(self.fetch, response, self.start, most=MAPS)
        if damage:
            self.found["notes"].append(damage)
        # A lastmod tells when a page changed last, never that it was published then: only older ones are out.
        yield of_sitemap(tuple(e for e in entries if e.changed is None or e.changed >= self.start), rules)

    # --- what is kept ---

    async def keep(self, item: ParsedItem) -> None:
        if item.published_at is None or not self._within(item.published_at):
            self.found["outside"] += 1
            return
        self.found["earliest"] = min(self.found["earliest"] or "~", item.published_at.isoformat())
        self.waiting.append(item)
        if len(self.waiting) >= STORED_EACH:
            await self.store()

    async def store(self) -> None:
        items, self.waiting = self.waiting, []
        if items:
            # live=False: no edit of a post is believed from a back-fill; without `also` no column of the source moves.
            saved = await in_thread(save, items, self.source, clock.now(), live=False, past=self.past)
            self.found["new"] += saved.new
            self.found["known"] += saved.known

    def counts(self) -> str:
        return f"新增 {self.found['new'] + len(self.waiting)} 条"

    def _within(self, at: datetime) -> bool:
        return self.start <= at <= self.end

    def _short_of_start(self, why: str) -> None:
        earliest = self.found["earliest"]
        reached = datetime.fromisoformat(earliest).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if earliest else ""
        self.found["notes"].append(f"{why}，只回补到 {reached}" if reached else f"{why}，时段内没有读到信息")
