"""Sitemaps from bytes to addresses: index, gzip, news extension, plain text (sitemaps.org; sources.md §3.5). Pure."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urljoin

from lxml import etree

from crawlers.dates import DAY_ONLY, read_when

MOST_BYTES = 50 * 1024 * 1024  # sitemaps.org: a sitemap is at most 50 MB before compression…
MOST_ENTRIES = 50_000  # …and names at most so many addresses
_ADDRESS = re.compile(r"https?://\S+")


class NotASitemap(Exception):
    """Nothing in this body can be taken; the message says what it is instead."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One address that a sitemap names, with what it says of it; instants are aware UTC."""

    url: str
    lastmod: datetime | None = None
    published: datetime | None = None  # news:publication_date
    published_raw: str = ""
    title: str = ""  # news:title
    day_only: bool = False  # lastmod is a date: anything of that day may have changed

    @property
    def changed(self) -> datetime | None:
        """The last moment at which the page may have changed: of a bare date, that day's end."""
        known = [t for t in (self.lastmod, self.published) if t]
        return max(known) + (timedelta(days=1) if self.day_only else timedelta()) if known else None


@dataclass(frozen=True, kw_only=True)
class Sitemap:
    """`entries` are pages, `children` further sitemaps; `damage` says what could not be read ("" = all could)."""

    entries: tuple[Entry, ...] = ()
    children: tuple[Entry, ...] = ()
    damage: str = ""


def parse(body: bytes, *, url: str = "") -> Sitemap:
    """What this sitemap names, in its order. `url` resolves relative addresses. Raises NotASitemap."""
    body = unpacked(body)
    start = body[:2000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start:
        raise NotASitemap("网站地图是空的")
    if not start.startswith(b"<"):
        return _plain(body)
    # No entity is resolved, no DTD loaded: neither bombs nor files of ours come in (XXE).
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, recover=True, huge_tree=False)
    try:
        root = etree.fromstring(_as_gb18030(body), parser)
    except (etree.XMLSyntaxError, ValueError) as e:
        raise NotASitemap(f"网站地图无法解析：{str(e)[:120]}") from e
    kind = _name(root) if root is not None else ""
    if kind not in ("urlset", "sitemapindex"):
        raise NotASitemap(f"不是网站地图（根元素为 {kind or '空'}）" if kind != "html" else "返回的是网页而不是网站地图")
    found: list[Entry] = []
    damage = ""
    for element in root:
        if _name(element) not in ("url", "sitemap"):
            continue
        if len(found) == MOST_ENTRIES:
            damage = f"超过 {MOST_ENTRIES} 个地址，只读前面部分"
            break
        if entry := _entry(element, url):
            found.append(entry)
    damage = damage or (f"网站地图有误：{parser.error_log[0].message[:120]}" if len(parser.error_log) else "")
    return Sitemap(children=tuple(found), damage=damage) if kind == "sitemapindex" else Sitemap(entries=tuple(found), damage=damage)


def unpacked(body: bytes) -> bytes:
    """The body, un-gzipped when it is gzip (by its first bytes: servers name the type either way). Raises NotASitemap."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    unzip = zlib.decompressobj(wbits=31)
    try:
        text = unzip.decompress(body, MOST_BYTES)
    except zlib.error as e:
        raise NotASitemap("压缩的网站地图已损坏") from e
    if unzip.unconsumed_tail:
        raise NotASitemap("网站地图解压后超过 50 MB，未读取")
    return text


def _plain(body: bytes) -> Sitemap:
    lines = [line.strip() for line in body.decode("utf-8", "replace").lstrip("\ufeff").splitlines()]
    urls = [line for line in lines if _ADDRESS.fullmatch(line)]
    if not urls:
        raise NotASitemap("既不是 XML 网站地图，也不是地址清单")
    return Sitemap(entries=tuple(Entry(url=u) for u in urls[:MOST_ENTRIES]))


def _as_gb18030(body: bytes) -> bytes:
    """libxml2 knows gb2312 as the small set only: declared gb2312 and gbk mean gb18030 (sources.md §3.7)."""
    return re.sub(rb"""^(.{0,120}?encoding=["'])(?:gb2312|gbk)(["'])""", rb"\1gb18030\2", body, count=1, flags=re.I | re.S)


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _entry(element: etree._Element, base: str) -> Entry | None:
    """The <url> or <sitemap>; elements are found by local name, for sites get the namespaces wrong."""
    texts: dict[str, str] = {}
    for child in element.iter():
        if child is not element and isinstance(child.tag, str) and child.text and child.text.strip():
            # <image:loc> and <video:title> are not the page's own.
            space = etree.QName(child).namespace or ""
            if "sitemap-image" not in space and "sitemap-video" not in space:
                texts.setdefault(_name(child), child.text.strip())
    try:
        loc = urljoin(base, texts.get("loc", ""))
    except ValueError:
        return None
    if not loc.startswith(("http://", "https://")):
        return None
    lastmod = read_when(texts["lastmod"]) if "lastmod" in texts else None
    published = read_when(texts["publication_date"]) if "publication_date" in texts else None
    return Entry(
        url=loc,
        lastmod=lastmod.at if lastmod else None,
        published=published.at if published else None,
        published_raw=texts.get("publication_date", ""),
        title=texts.get("title", ""),
        day_only=bool(lastmod and lastmod.note == DAY_ONLY),
    )
