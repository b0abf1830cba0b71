"""Sitemaps from bytes: index, gzip, news extension, and what is none."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import pytest

from crawlers.sitemaps import MOST_ENTRIES, Entry, NotASitemap, parse

NEWS = """<?xml version="1.0" encoding="gb2312"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"
 xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
<url><loc>http://e.cn/1.html</loc><image:image><image:loc>http://e.cn/1.jpg</image:loc><image:title>图</image:title></image:image>
<news:news><news:publication><news:name>某报</news:name><news:language>zh-cn</news:language></news:publication>
<news:publication_date>2024-05-20T10:00:00+08:00</news:publication_date><news:title>西安𠮷祥村火情</news:title></news:news></url>
</urlset>"""


def urlset(*urls: str) -> bytes:
    inner = "".join(f"<url>{u}</url>" for u in urls)
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{inner}</urlset>'.encode()


def test_the_news_extension_gives_title_and_moment_even_in_gb2312_and_gzip() -> None:
    at = datetime(2024, 5, 20, 2, 0, tzinfo=UTC)
    expected = Entry(url="http://e.cn/1.html", published=at, published_raw="2024-05-20T10:00:00+08:00", title="西安𠮷祥村火情")
    body = NEWS.encode("gb18030")
    assert parse(body).entries == parse(gzip.compress(body)).entries == (expected,)


def test_a_bare_date_may_mean_any_moment_of_that_day() -> None:
    day, moment = parse(
        urlset("<loc>http://e.cn/1</loc><lastmod>2024-05-20</lastmod>", "<loc>/2</loc><lastmod>2024-05-20T10:00:00Z</lastmod>"),
        url="http://e.cn/sitemap.xml",
    ).entries
    assert day.changed == datetime(2024, 5, 20, 16, 0, tzinfo=UTC)  # the end of that day in Shanghai
    assert moment.changed == datetime(2024, 5, 20, 10, 0, tzinfo=UTC) and moment.url == "http://e.cn/2"


def test_an_index_leads_on() -> None:
    read = parse(b"<sitemapindex><sitemap><loc>http://e.cn/a.xml.gz</loc><lastmod>2024-05-20</lastmod></sitemap></sitemapindex>")
    assert [c.url for c in read.children] == ["http://e.cn/a.xml.gz"] and read.entries == ()


def test_a_plain_list_of_addresses_is_a_sitemap() -> None:
    assert [e.url for e in parse("\ufeffhttp://e.cn/1\r\nhttp://e.cn/2\n".encode()).entries] == ["http://e.cn/1", "http://e.cn/2"]


def test_entities_and_files_never_come_in() -> None:
    bomb = b'<!DOCTYPE z [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    body = bomb + urlset("<loc>http://e.cn/1</loc><title>&b;&f;root</title>", "<loc>http://e.cn/2</loc>")
    assert "root:" not in str(parse(body)) and "aaaa" not in str(parse(body))
    assert parse(body).entries[-1].url == "http://e.cn/2"


def test_what_is_cut_off_gives_what_was_whole_and_says_so() -> None:
    read = parse(urlset("<loc>http://e.cn/1</loc>", "<loc>http://e.cn/2</loc>")[:-40])
    assert read.entries[0].url == "http://e.cn/1" and "有误" in read.damage


def test_more_than_the_protocol_allows_is_not_read_on() -> None:
    body = urlset(*(f"<loc>http://e.cn/{n}</loc>" for n in range(MOST_ENTRIES + 1)))
    assert len(parse(body).entries) == MOST_ENTRIES and "超过" in parse(body).damage


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "空"),
        (b"<html><body>404</body></html>", "网页"),
        (b"<rss><channel/></rss>", "rss"),
        (b"not found", "既不是"),
        (b"\x1f\x8bnonsense", "损坏"),
        (gzip.compress(b"<urlset>" + b" " * 60_000_000), "50 MB"),
    ],
)
def test_what_is_no_sitemap_says_what_it_is(body: bytes, said: str) -> None:
    with pytest.raises(NotASitemap, match=said):
        parse(body)
