"""List pages by selectors, and selectors guessed from repeated links."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawlers.guessing import guess
from crawlers.lists import BadRule, ListRules, Page, check
from tests.crawlers.pages import list_page, row

URL = "http://news.example.gov.cn/yw/index.html"
TEN = list_page([row(n) for n in range(10)], next_href="index_1.html")


@pytest.mark.parametrize(
    "rules",
    [
        ListRules(items="ul.news-list li"),
        ListRules(items="ul.news-list li", link="a::attr(href)", title="a::attr(title)", time="span::text"),
        ListRules(items="//ul[@class='news-list']/li", link="./a/@href", title="./a/@title", time="./span"),
    ],
    ids=["items only", "css", "xpath"],
)
def test_an_entry_has_its_link_whole_title_and_time(rules: ListRules) -> None:
    first = Page(TEN, URL).read(rules).items[0]
    assert first.url == "http://news.example.gov.cn/yw/202611/t20261124_1000.html"
    assert first.title == "某市警方通报第0起交通事故的处置情况"
    assert first.time == datetime(2026, 11, 24, 2, 5, tzinfo=UTC) and not first.day_only


def test_the_next_page_is_found_by_its_rule() -> None:
    rules = ListRules(items="ul.news-list li", next='//a[.="下一页"]')
    assert Page(TEN, URL).read(rules).next_url == "http://news.example.gov.cn/yw/index_1.html"


def test_scripts_mail_and_doubles_are_no_entries() -> None:
    rows = [row(1), row(1), row(2, href="javascript:void(0)"), row(3, href="mailto:a@b.cn"), row(4, href="#top")]
    read = Page(list_page(rows), URL).read(ListRules(items="ul.news-list li"))
    assert len(read.items) == 1 and read.matched == 5


def test_a_date_without_a_clock_is_known_as_such() -> None:
    page = Page(list_page([row(1, when="[2026年11月24日]")]), URL)
    item = page.read(ListRules(items="ul.news-list li")).items[0]
    assert item.day_only and item.time_raw == "2026年11月24日"


def test_a_base_element_moves_relative_links() -> None:
    page = Page(TEN.replace("<head>", '<head><base href="http://m.example.gov.cn/x/">'), URL)
    assert page.read(ListRules(items="ul.news-list li")).items[0].url.startswith("http://m.example.gov.cn/x/202611/")


@pytest.mark.parametrize("rule", ["ul[", "a::none", "//x[", ".//a[re:test(@href, '(a+)+$')]"])
def test_a_rule_that_cannot_be_understood_is_named(rule: str) -> None:
    """Regular expressions inside XPath are not offered: one could be written that never ends."""
    with pytest.raises(BadRule) as e:
        Page(TEN, URL).read(ListRules(items="li", title=rule))
    assert (e.value.field == "title" and "写错" in str(e.value)) or "无法执行" in str(e.value)


def test_every_bad_rule_is_reported_at_once() -> None:
    assert [w.field for w in check(ListRules(items="ul[", time="//x["))] == ["items", "time"]


@pytest.mark.parametrize("text", ["", "<", "\0", "<?xml version='1.0' encoding='gbk'?><html><body>x</body></html>"])
def test_what_is_hardly_a_page_has_no_entries(text: str) -> None:
    assert Page(text, URL).read(ListRules(items="li")).items == ()


# --- guessing ---


def test_the_list_of_headlines_is_guessed_before_the_menu() -> None:
    best = guess(Page(TEN, URL))[0]
    assert best.count == 10 and best.titles[0].startswith("某市警方通报第0起")
    read = Page(TEN, URL).read(best.rules)
    assert len(read.items) == 10 and read.next_url.endswith("index_1.html")
    menu = [g for g in guess(Page(TEN, URL)) if g.rules.items != best.rules.items]
    assert all(g.score < best.score / 2 for g in menu)


@pytest.mark.parametrize(
    "markup",
    [
        "<table class='lb'>{}</table>|<tr><td><a href='/art/2026/11/24/art_{n}_3.html'>某市公安机关侦破第{n}起电信诈骗案</a></td><td>11-24</td></tr>",
        "<div id='news'>{}</div>|<div class='item'><h3><a href='/c/{n}99999.html'>某市公安机关侦破第{n}起电信诈骗案</a></h3><p>摘要</p></div>",
        "<dl class='d2'>{}</dl>|<dd><a href='/detail?id=8800{n}'>某市公安机关侦破第{n}起电信诈骗案</a>(2026-11-24)</dd>",
        "<section>{}</section>|<article class='post-1{n}'><a href='/n/2026-11/2{n}.htm'>某市公安机关侦破第{n}起电信诈骗案</a></article>",
    ],
    ids=["table", "cards", "definition list", "articles"],
)
def test_lists_of_other_markup_are_guessed_too(markup: str) -> None:
    around, each = markup.split("|")
    page = Page(f"<html><body>{around.format(''.join(each.format(n=n) for n in range(1, 9)))}</body></html>", URL)
    best = guess(page)[0]
    assert best.count == 8 and len(page.read(best.rules).items) == 8


def test_a_page_without_repeated_links_gives_no_guess() -> None:
    assert guess(Page("<html><body><p>维护中</p><a href='/x'>联系我们吧</a></body></html>", URL)) == []
