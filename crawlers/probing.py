"""Looking at an address: what of it can be read (feeds, sitemaps, lists), and the first ten posts as they would be stored."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

from protego import Protego
from scrapy.http import Response

from archive.models import Source
from config import clock
from crawlers import feeds, guessing, sitemaps
from crawlers.adapters.base import Fetch, Unread, header
from crawlers.adapters.site import walk
from crawlers.addresses import origin, registrable
from crawlers.articles import is_page, item_of, page_of, read_article
from crawlers.decoding import Garbled, decode
from crawlers.errand_process import Teller
from crawlers.lists import Page, absolute, linked
from crawlers.models import Errand, RobotsFile
from crawlers.politeness import in_thread
from crawlers.posts import ParsedItem, Refused, post_of
from crawlers.siterules import SITEMAP, Candidate, SiteRules, of_list, of_sitemap

PAGE_CHARS = 1_000_000  # of a page that selectors are tried on
POSTS = 10  # shown as they would be stored
FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/xml", "text/xml")
COMMON_FEEDS = ("/rss.xml", "/feed")  # asked for only when the page and robots.txt name none
COMMON_SITEMAP = "/sitemap.xml"
MOST_FEEDS, MOST_MAPS = 3, 2
RECENT = timedelta(days=30)  # how far back an index of sitemaps is followed for a look
Reads = Callable[[Source], Fetch]
Way = dict[str, Any]  # one way to read the site: kind, url, options, label, count, sample


async def probe(errand: Errand, reads: Reads, tell: Teller) -> str:
    """The work of an errand `probe`: {"url"}, or {"way"} to see the posts of one way alone. Raises Unread."""
    look = Look(errand, reads, tell)
    if way := errand.ask.get("way"):
        look.found["ways"] = errand.ask.get("ways") or [way]
        look.found["title"] = errand.ask.get("title", "")
        await look.show(way)
    else:
        await look.survey()
        if look.ways:
            await look.show(look.ways[0])
    shown = len(look.found.get("posts", []))
    if not look.ways:
        return "没有找到可以读取的订阅源、网站地图或新闻列表"
    return f"找到 {len(look.ways)} 种读取方式，看到 {shown} 条" if shown else f"找到 {len(look.ways)} 种读取方式，但没有读到信息"


class Look:
    def __init__(self, errand: Errand, reads: Reads, tell: Teller) -> None:
        self.url: str = errand.ask.get("url") or errand.ask["way"]["url"]
        self.fetch = reads(Source(url=self.url))
        self.tell = tell
        self.found: dict[str, Any] = {"ways": [], "posts": [], "notes": []}
        self.pages: dict[str, dict[str, str]] = {}

    @property
    def ways(self) -> list[Way]:
        return self.found["ways"]

    async def say(self, said: str) -> None:
        await self.tell.say(said, found=self.found, pages=self.pages)

    # --- what there is ---

    async def survey(self) -> None:
        """The address itself, then what the page and robots.txt name, then the usual places."""
        await self.say("正在读 robots.txt 和这个地址")
        response = await self.fetch(self.url)
        if response.status != 200:
            raise Unread(f"这个地址回答 HTTP {response.status}")
        if self._feed(response) or await self._sitemap(response):
            return
        page = await asyncio.to_thread(page_of, response, self.url)
        self.found["title"] = _title(page)
        await self._feeds_named(page)
        await self._sitemaps_named()
        await self._usual_places()
        self._lists(page, response)
        self.ways.sort(key=lambda way: way["rank"])

    async def _feeds_named(self, page: Page) -> None:
        for href, title in linked(page.root, "alternate", FEED_TYPES)[:MOST_FEEDS]:
            if url := absolute(page.url, href):
                await self._try(url, title)

    async def _sitemaps_named(self) -> None:
        rules = await in_thread(RobotsFile.objects.filter(origin=origin(self.url)).first)
        named = list(Protego.parse(rules.body).sitemaps) if rules and rules.body else []
        for url in [urljoin(self.url, u) for u in named][:MOST_MAPS]:
            await self._try(url)

    async def _usual_places(self) -> None:
        kinds = {way["options"].get("reads", way["kind"]) for way in self.ways}
        guesses = [p for p in COMMON_FEEDS if Source.Kind.FEED not in kinds] + ([COMMON_SITEMAP] if SITEMAP not in kinds else [])
        for path in guesses:
            if await self._try(urljoin(self.url, path), quiet=True) and path in COMMON_FEEDS:
                return

    async def _try(self, url: str, title: str = "", *, quiet: bool = False) -> bool:
        """Whether a feed or a sitemap is there; what is refused or missing is noted, not raised."""
        if registrable(url) != registrable(self.url):
            self._note(f"{url[:120]} 在另一个网站，请另行添加")
            return False
        await self.say(f"正在看 {url[:200]}")
        try:
            response = await self.fetch(url)
        except Unread as e:
            if e.retry_at or e.code == "rate_limited":
                raise
            if not quiet:
                self._note(f"{url[:120]}：{e.said}")
            return False
        if response.status == 200 and (self._feed(response, title) or await self._sitemap(response)):
            return True
        if not quiet:
            self._note(f"{url[:120]}：不是订阅源或网站地图（HTTP {response.status}）")
        return False

    def _feed(self, response: Response, title: str = "") -> bool:
        try:
            parsed = feeds.parse(response.body, url=response.url, content_type=header(response, "Content-Type"))
        except feeds.NotAFeed:
            return False
        named = re.search(rb"<title[^>]*>\s*(?:<!\[CDATA\[)?\s*([^<\]]{1,80})", response.body[:5000])
        title = title or (named[1].decode("utf-8", "replace").strip() if named else "")
        self.found.setdefault("title", title)
        self._add(Source.Kind.FEED, response.url, {}, f"订阅源{'：' + title if title else ''}", [i.title or i.body[:40] for i in parsed.items], rank=0)
        return True

    async def _sitemap(self, response: Response) -> bool:
        try:
            read = await asyncio.to_thread(sitemaps.parse, response.body, url=response.url)
        except sitemaps.NotASitemap:
            return False
        if response.body.lstrip()[:1] not in (b"<", b"\x1f"):
            return False  # a list of addresses is a sitemap where robots.txt says so, not wherever it is met
        names = [e.title or e.url for e in of_sitemap(read.entries, SiteRules(reads=SITEMAP))]
        names = names or [c.url for c in read.children]
        what = f"网站地图索引（{len(read.children)} 个）" if read.children else "网站地图"
        dated = any(e.changed for e in (*read.entries, *read.children))
        self._add(Source.Kind.SITE, response.url, {"reads": SITEMAP}, what, names, rank=2 if dated else 3)
        if not dated:
            self._note("网站地图没有写更新时间，新增内容要靠逐次比对发现")
        return True

    def _lists(self, page: Page, response: Response) -> None:
        for place, guess in enumerate(guessing.guess(page)):
            options = SiteRules(list=guess.rules).stored()
            self._add(
                Source.Kind.SITE, self.url, options, f"新闻列表：{guess.rules.items}", [i.title for i in page.read(guess.rules).items],
                rank=1 if guess.score >= 2.5 and not place else 4 + place,
            )  # fmt: skip
        self.pages["list"] = _page_kept(response)

    def _add(self, kind: Source.Kind, url: str, options: dict[str, Any], label: str, names: list[str], *, rank: int) -> None:
        if any(w["url"] == url and w["options"] == options for w in self.ways):
            return
        self.ways.append(
            {"kind": str(kind), "url": url, "options": options, "label": label[:200], "count": len(names), "sample": [n[:80] for n in names[:3]], "rank": rank}
        )

    def _note(self, said: str) -> None:
        self.found["notes"].append(said)

    # --- what would be stored ---

    async def show(self, way: Way) -> None:
        """The first POSTS of this way, each shown as soon as it is read."""
        source = Source(url=way["url"], kind=way["kind"], options=way["options"], name=self.found.get("title") or "（未命名）")
        self.found["shown"] = self.ways.index(way) if way in self.ways else 0
        await self.say("正在读最近的信息")
        response = await self.fetch(source.url)
        if way["kind"] == Source.Kind.FEED:
            parsed = feeds.parse(response.body, url=response.url, content_type=header(response, "Content-Type"))
            for entry in parsed.items[:POSTS]:
                self._keep(entry, source)
            await self.say("读完")
            return
        rules = SiteRules.of(source.options)
        for row, candidate in enumerate((await self._candidates(source, response, rules))[:POSTS], start=1):
            await self.say(f"正在读第 {row} 篇：{(candidate.title or candidate.url)[:60]}")
            item: ParsedItem | Refused
            try:
                item = await read_article(self._watched, candidate, rules, row) if rules.whole else item_of(candidate, row)
            except Unread as e:
                if e.retry_at or e.code:
                    self._note(f"读到第 {row} 篇时中断：{e.said}")
                    break
                item = Refused(row=row, field="url", reason=e.said)
            if isinstance(item, Refused):
                self._note(f"第 {row} 篇没有读到：{item.reason}")
            else:
                self._keep(item, source)
        await self.say("读完")

    async def _watched(self, url: str, **more: Any) -> Response:
        """Fetch, with the first article kept: rules are tried on it."""
        response = await self.fetch(url, **more)
        if "article" not in self.pages and response.status == 200 and is_page(response):
            self.pages["article"] = _page_kept(response)
        return response

    async def _candidates(self, source: Source, response: Response, rules: SiteRules) -> list[Candidate]:
        if rules.reads == SITEMAP:
            entries, damage = await walk(self.fetch, response, clock.now() - RECENT)
            if damage:
                self._note(damage)
            return [c for c in of_sitemap(tuple(entries), rules) if registrable(c.url) == registrable(source.url)]
        page = await asyncio.to_thread(page_of, response, source.url)
        self.pages["list"] = _page_kept(response)
        listed = of_list(page.read(rules.list), rules)
        foreign = [c for c in listed if registrable(c.url) != registrable(source.url)]
        if foreign:
            self._note(f"列表里有 {len(foreign)} 条链接到别的网站，不读取")
        return [c for c in listed if c not in foreign]

    def _keep(self, item: ParsedItem, source: Source) -> None:
        """As a row would hold it: masked, dated, with its notes; nobody's name."""
        post = post_of(item, source, clock.now(), live=True)
        self.found["posts"].append(
            {
                "title": post.title,
                "body": post.body[:300],
                "chars": len(post.body),
                "url": post.url,
                "published_at": post.published_at.isoformat(),
                "published_raw": post.published_raw,
                "details": {"origin": post.details.get("origin", ""), "pictures": len(post.details.get("pictures", []))},
                "notes": post.notes,
            }
        )


def _page_kept(response: Response) -> dict[str, str]:
    try:
        text = decode(response.body, header(response, "Content-Type")).text
    except Garbled:
        text = ""
    return {"url": response.url, "text": text[:PAGE_CHARS]}


def _title(page: Page) -> str:
    """What the site calls itself: the last part of the page's title, which templates put there."""
    whole = next((" ".join("".join(e.itertext()).split()) for e in page.root.iter("title")), "")
    parts = [p.strip() for p in re.split(r"[_|—–]|\s-\s|-{2,}", whole) if p.strip()]
    return (" · ".join(dict.fromkeys((parts[-1], parts[0]))) if len(parts) > 1 else whole or urlsplit(page.url).netloc)[:100]
