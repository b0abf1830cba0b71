"""Feeds made to harm, or only made badly: bounded, told, and the rest is read. No time is measured here."""

from __future__ import annotations

import json

import pytest

from crawlers import feeds, longfeeds
from crawlers.longfeeds import MOST

HEAD = '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>t</title>'
TAIL = "</channel></rss>"


def item(n: int, day: int | str = 1) -> str:
    when = f"<pubDate>{day:02d} May 2024 10:00:00 +0800</pubDate>" if isinstance(day, int) else ""
    return f"<item><title>第{n}条</title><guid>{n}</guid>{when}</item>"


def test_of_100_000_items_the_newest_are_taken_wherever_they_stand_and_the_cut_is_told() -> None:
    days = [29 if n % 100 == 50 else 1 for n in range(100_000)]
    got = feeds.parse((HEAD + "".join(item(n, d) for n, d in enumerate(days)) + TAIL).encode())
    assert [i.title for i in got.items] == [f"第{n}条" for n, d in enumerate(days) if d == 29]
    assert got.cut == f"有 100000 条，只读取最新的 {MOST} 条" and got.error == ""


def test_of_many_without_dates_the_first_are_taken() -> None:
    got = feeds.parse((HEAD + "".join(item(n, "") for n in range(MOST + 5)) + TAIL).encode())
    assert [got.items[0].title, got.items[-1].title, len(got.items)] == ["第0条", f"第{MOST - 1}条", MOST]


def test_a_json_feed_is_cut_the_same_way() -> None:
    items = [{"id": n, "title": f"第{n}条", "date_published": f"20{10 + n % 15}-05-01T10:00:00Z"} for n in range(15 * MOST)]
    got = feeds.parse(json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items}).encode())
    assert {i.published_at.year for i in got.items if i.published_at} == {2024} and len(got.items) == MOST and "15000" in got.cut


def test_an_item_that_never_ends_is_not_sought_again_for_each_beginning() -> None:
    with pytest.raises(feeds.NotAFeed, match="嵌套超过"):
        feeds.parse((HEAD + "<item>" * 200_000).encode())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + "<a>" * 100_000, "嵌套超过"),
        (HEAD + "<item " + " ".join(f'a{n}="1"' for n in range(10_000)) + "/>" + TAIL, "属性超过"),
        ('{"version":"https://jsonfeed.org/version/1","items":' + "[" * 100_000, "嵌套过深"),
        ("<!DOCTYPE " * 100_000, "XML 第 1 行"),
    ],
)
def test_bottomless_documents_are_refused(text: str, said: str) -> None:
    with pytest.raises(feeds.NotAFeed, match=said):
        feeds.parse(text.encode())


@pytest.mark.parametrize("public", ["", 'PUBLIC "' + "x" * 900 + '" "y" '])
def test_entities_are_neither_expanded_nor_fetched(public: str) -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "哈"}">' for n in range(10))
    outside = '<!ENTITY file SYSTEM "file:///etc/passwd">'
    text = f'<?xml version="1.0"?><!DOCTYPE rss {public}[{laughs}{outside}]>' + HEAD.split("?>")[1]
    got = feeds.parse((text + "<item><title>标题&l9;&file;</title><guid>1</guid></item>" + TAIL).encode())
    assert len(got.items[0].title) < 40 and "root:" not in got.items[0].title


def test_tags_that_never_close_cost_no_more_than_their_length() -> None:
    for debris in ('<a href="', "<a ", "<!-- ", "<div>"):
        got = feeds.parse(f"{HEAD}<item><title>标题</title><description><![CDATA[{debris * 30_000}]]></description></item>{TAIL}".encode())
        assert got.items[0].title == "标题"


def test_a_long_damaged_feed_is_read_up_to_a_bound_and_says_so() -> None:
    body = HEAD + "".join(f"<item><title>第{n}条 & 坏</title><guid>{n}</guid><description>{'正文' * 500}</description></item>" for n in range(900))
    got = feeds.parse((body + TAIL).encode())
    assert 100 < len(got.items) < 900 and "900 条中只读取前" in got.cut and "XML 第 1 行" in got.error


def test_words_known_under_another_number_are_the_same_item() -> None:
    def read(*items: str) -> tuple:
        return feeds.parse((HEAD + "".join(items) + TAIL).encode(), url="http://a.cn/f").items

    def said(guid: str, title: str = "通报", link: str = "/a/1", body: str = "正文") -> str:
        return f"<item><title>{title}</title><guid>{guid}</guid><link>{link}</link><description>{body}</description></item>"

    kept, known = feeds.without_renumbered(read(said("g1"), said("g2", "另一条", "/a/2")), {})
    assert len(kept) == 2
    kept, known = feeds.without_renumbered(read(said("g1-new"), said("g2", "另一条", "/a/2"), said("g3", body="又一起")), known)
    assert [i.external_id for i in kept] == ["g2", "g3"]
    # The same number with other words is the same post, edited: it goes on to become a version.
    kept, _ = feeds.without_renumbered(read(said("g2", "改过的标题", "/a/2")), known)
    assert [i.external_id for i in kept] == ["g2"]


def test_equal_items_side_by_side_are_told_apart_by_their_numbers() -> None:
    twice = "<item><title>每日警情</title><guid>{}</guid><link>http://a.cn/jq/</link></item>"
    items = feeds.parse((HEAD + twice.format(1) + twice.format(2) + TAIL).encode()).items
    assert len(feeds.without_renumbered(items, {})[0]) == 2


def test_what_is_known_of_a_feed_stays_small() -> None:
    items = feeds.parse((HEAD + "".join(f"<item><title>第{n}条</title><guid>{n}</guid><link>http://a.cn/{n}</link></item>" for n in range(3)) + TAIL).encode()).items
    known = {f"{n:012x}": "x" for n in range(5000)}
    assert len(feeds.without_renumbered(items, known)[1]) == feeds.REMEMBERED


def test_a_feed_within_the_bound_is_left_alone() -> None:
    text = HEAD + item(1) + TAIL
    assert longfeeds.newest_xml(text) == (text, "")
