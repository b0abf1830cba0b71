"""Feeds from bytes to items, format by format."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from crawlers.feeds import NotAFeed, parse

TEN = datetime(2024, 5, 20, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai
RSS_091 = '<rss version="0.91"><channel><item><title>甲</title><link>http://a.cn/1</link></item></channel></rss>'
RSS_10 = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="http://a.cn/"><title>t</title></channel>
 <item rdf:about="http://a.cn/1"><title>甲</title><link>http://a.cn/1</link><dc:date>2024-05-20T10:00:00+08:00</dc:date></item></rdf:RDF>"""
RSS_20 = """<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><item><title>甲</title>
 <link>http://a.cn/1</link><guid isPermaLink="false">g1</guid><pubDate>Mon, 20 May 2024 10:00:00 +0800</pubDate>
 <description>短</description><content:encoded><![CDATA[<p>一</p><script>x()</script><p>二&amp;三</p>]]></content:encoded></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><entry><id>tag:a.cn,2024:1</id><title type="html">&lt;b&gt;甲&lt;/b&gt;</title>
 <link href="http://a.cn/1"/><updated>2024-05-20T03:00:00Z</updated><published>2024-05-20T02:00:00Z</published><content>一</content></entry></feed>"""


@pytest.mark.parametrize(
    ("text", "guid", "at", "body"),
    [
        (RSS_091, "", None, ""),
        (RSS_10, "http://a.cn/1", TEN, ""),
        (RSS_20, "g1", TEN, "一\n二&三"),
        (ATOM, "tag:a.cn,2024:1", TEN, "一"),
    ],
    ids=["rss 0.91", "rss 1.0", "rss 2.0", "atom"],
)
def test_every_xml_format_gives_the_same_item(text: str, guid: str, at: datetime | None, body: str) -> None:
    feed = parse(f'<?xml version="1.0" encoding="utf-8"?>{text}'.encode())
    (item,) = feed.items
    assert (item.title, item.url, item.external_id, item.published_at, item.body) == ("甲", "http://a.cn/1", guid, at, body)
    assert feed.error == "" and feed.refused == ()


@pytest.mark.parametrize("version", ["1", "1.1"])
def test_json_feed(version: str) -> None:
    items = [{"id": "1", "title": "甲", "url": "http://a.cn/1", "content_text": "一", "date_published": "2024-05-20T10:00:00+08:00",
              "author": {"name": "记者"}}, "no object", {"id": "3"}]  # fmt: skip
    feed = parse(json.dumps({"version": f"https://jsonfeed.org/version/{version}", "items": items}).encode())
    (item,) = feed.items
    assert (item.title, item.body, item.author, item.published_at) == ("甲", "一", "记者", TEN)
    assert [(r.row, r.field) for r in feed.refused] == [(2, "items"), (3, "title")]


@pytest.mark.parametrize("declared", ["gb2312", "GBK", "gb18030", "utf-8"])
@pytest.mark.parametrize("header", ["", "text/xml", "text/xml; charset=ISO-8859-1", "text/xml; charset=utf-8"])
def test_gb18030_bytes_are_read_whatever_was_declared(declared: str, header: str) -> None:
    text = f'<?xml version="1.0" encoding="{declared}"?><rss version="2.0"><channel><item><title>𠮷祥村€</title></item></channel></rss>'
    feed = parse(text.encode("gb18030"), content_type=header)
    assert feed.items[0].title == "𠮷祥村€" and feed.error == ""


def test_utf8_bytes_under_a_gb2312_header_stay_utf8() -> None:
    feed = parse(RSS_091.encode(), content_type="text/xml; charset=gb2312")
    assert feed.items[0].title == "甲"


def test_bytes_in_no_encoding_are_read_with_the_damage_named() -> None:
    feed = parse(RSS_091.encode().replace("甲".encode(), "甲".encode() + b"\xff\xff"))
    assert feed.items[0].title.startswith("甲") and "无法解码" in feed.error


def test_a_control_character_does_not_cost_the_feed() -> None:
    feed = parse(RSS_20.replace("短", "短\x0b").encode())
    assert len(feed.items) == 1 and feed.error == ""


def test_an_error_is_named_by_line_and_what_stands_before_it_is_kept() -> None:
    text = RSS_20.replace("</item>", "</item>\n<item><title>乙 & 丙</title></item>\n")
    feed = parse(text.encode())
    assert feed.items[0].title == "甲" and "XML 第 4 行" in feed.error


def test_an_entity_bomb_is_not_expanded() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
    feed = parse(f'<?xml version="1.0"?>{bomb}<rss version="2.0"><channel><item><title>甲&b;&c;</title></item></channel></rss>'.encode())
    assert "aaaa" not in feed.items[0].title and "root:" not in feed.items[0].title


def test_one_guid_for_all_items_does_not_make_them_one() -> None:
    item = "<item><title>{0}</title><link>http://a.cn/{0}</link><guid>http://a.cn/</guid></item>"
    feed = parse(f'<rss version="2.0"><channel>{item.format(1)}{item.format(2)}</channel></rss>'.encode())
    assert len({i.external_id for i in feed.items}) == 2


def test_a_guid_that_is_no_address_does_not_become_the_link() -> None:
    feed = parse(b'<rss version="2.0"><channel><item><title>x</title><guid>4711</guid></item></channel></rss>', url="http://a.cn/f")
    assert feed.items[0].url == "" and feed.items[0].external_id == "4711"


def test_a_date_nobody_can_read_is_noted_and_kept_as_written() -> None:
    feed = parse(RSS_20.replace("Mon, 20 May 2024 10:00:00 +0800", "前天").encode())
    assert feed.items[0].published_at is None and feed.items[0].published_raw == "前天" and "读不懂" in feed.items[0].notes[0]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "内容为空"),
        (b"<!doctype html><title>Oops</title>", "网页而不是订阅源：Oops"),
        (b'<?xml version="1.0" encoding="utf-8"?><html xmlns="x"><body/></html>', "网页"),
        (b"Service unavailable", "XML 第"),
        (b'<?xml version="1.0"?><response code="1"/>', "不是 RSS"),
        (b'{"items": [}', "JSON 第 1 行第"),
        (b'{"version": "https://jsonfeed.org/version/1.1"}', "缺少 items"),
        (b"[" * 100_000, "JSON"),
    ],
)
def test_what_is_no_feed_is_named(body: bytes, said: str) -> None:
    with pytest.raises(NotAFeed, match=said):
        parse(body)


def test_an_empty_feed_is_healthy() -> None:
    assert parse(b'<rss version="2.0"><channel><title>t</title></channel></rss>').items == ()
