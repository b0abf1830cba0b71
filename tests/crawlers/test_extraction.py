"""Article extraction: the gold pages, and what must hold on pages nobody wrote for us."""

from __future__ import annotations

from datetime import datetime

import pytest

from bench.extraction import judge
from bench.gold.pages import GoldPage, gold_pages
from config.clock import SHANGHAI, shanghai
from crawlers.decoding import Garbled
from crawlers.extraction.articles import Article, NotAPage, extract, joined
from crawlers.extraction.sites import SITES, SiteRule

TEXT = "昨天下午，记者在柳堤街看到，最后一段沥青正在摊铺，压路机来回碾过，沿街商户已经把雨棚重新支了起来。"
MORE = "根据计划，三条小巷将于本月二十八日前恢复通行，路灯和绿化随后进场，届时公交线路也将恢复原来的走向。"


def page(body: str, title: str = "老街改造月底完成_临川网", head: str = "") -> str:
    return f"<html><head><title>{title}</title>{head}</head><body>{body}</body></html>"


@pytest.mark.parametrize("gold", gold_pages(), ids=lambda gold: gold.name)
def test_a_gold_page_gives_its_headline_its_minute_and_its_text(gold: GoldPage) -> None:
    found = extract(gold.body, content_type=gold.content_type)
    mark = judge(gold, found.title, found.published_at, found.text)
    assert found.title == gold.title
    assert found.published_at and found.published_at.astimezone(SHANGHAI).replace(second=0) == gold.published
    assert mark["body_recall"] >= 0.96 and mark["body_noise"] <= 0.05, found.text


def test_there_are_enough_gold_pages_in_more_than_one_encoding() -> None:
    assert len(gold_pages()) >= 80
    assert {"gb18030", "big5", "utf-8"} <= {_encoding(gold.body) for gold in gold_pages()}


def _encoding(body: bytes) -> str:
    for encoding in ("utf-8", "big5", "gb18030"):
        try:
            body.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return ""


def test_the_time_beside_the_source_wins_over_all_other_dates() -> None:
    found = extract(
        page(
            f'<div class="top">今天是2022年10月1日 12:00</div><ul><li><a>旧闻</a>2020-01-01 10:00</li></ul><h1>老街改造月底完成</h1><p>2019-03-12 09:14 来源：临川晚报</p>'
            f"<div><p>{TEXT}</p><p>2018年7月1日20:30，暴雨袭来。{MORE}</p></div><div>更新时间：2019-03-13 08:00</div>"
        )
    )
    assert (shanghai(found.published_at), found.precision) == ("2019-03-12T09:14:00+08:00", "minute")
    assert found.source == "临川晚报"


@pytest.mark.parametrize(
    "written",
    [
        "2019-03-12 09:14", "2019-03-12 09:14:07.0", "(2019-03-12 09:14:07)", "[2019/3/12 9:14:07]", "2019.03.12 09:14", "2019年3月12日 09:14", "2019年03月12日09:14　来源：临川晚报",
        "2019年3月12日 上午9:14", "2019-03-1209:14", "2019年3月12日 星期二 09:14", "2019年3月12日(星期二) 09时14分", "发布时间：2019-03-12T09:14:07+08:00", "2019-03-12T01:14:07Z",
        "临川晚报 | 2019-03-12 09:14 | 何映雪", "时间：2019-3-12 9:14:7 点击：38", "<span>2019-03-12</span><span>09:14</span>", "<div>2019-03-12</div><div>09:14</div>", "<em>2019</em> <em>03/12</em> <em>09:14:07</em>",
        "<div>2019</div><div>03/12</div><div>09:14</div>", "<i>2019年</i><i>03月12日</i><i> 09:14</i>", "２０１９年３月１２日　０９：１４", "19-03-12 09:14", "2019-03-12&nbsp;09:14", "2019 年 3 月 12 日 9:14",
    ],
)  # fmt: skip
def test_a_time_is_read_however_it_is_written(written: str) -> None:
    found = extract(page(f"<h1>老街改造月底完成</h1><p class='info'>{written}</p><div><p>{TEXT}</p><p>{MORE}</p></div>"))
    assert (shanghai(found.published_at) or "")[:16] == "2019-03-12T09:14" and found.precision == "minute"


def test_a_page_that_names_only_a_day_says_so() -> None:
    found = extract(page(f"<h1>老街改造月底完成</h1><p>发布日期：2019-03-12</p><div><p>{TEXT}</p><p>{MORE}</p></div>"))
    assert (shanghai(found.published_at), found.precision) == ("2019-03-12T00:00:00+08:00", "day")


def test_a_page_without_a_time_has_none() -> None:
    found = extract(page(f"<h1>老街改造月底完成</h1><div><p>{TEXT}</p><p>{MORE}</p></div>"))
    assert found.published_at is None and found.precision == ""


def test_a_time_with_a_zone_is_that_instant() -> None:
    head = '<meta property="article:published_time" content="2019-03-12T01:14:00Z">'
    assert extract(page(f"<h1>老街改造月底完成</h1><div><p>{TEXT}</p></div>", head=head)).published_at == datetime(2019, 3, 12, 9, 14, tzinfo=SHANGHAI)


def test_the_day_in_the_address_helps_when_the_page_is_silent() -> None:
    found = extract(page(f"<h1>老街改造月底完成</h1><div><p>{TEXT}</p></div>"), url="http://news.example.com/2019/0312/c1-3.html")
    assert (shanghai(found.published_at), found.precision) == ("2019-03-12T00:00:00+08:00", "day")


def test_pictures_are_addresses_only_and_icons_are_left_out() -> None:
    images = '<p><img data-src="/p/1.jpg" src="blank.gif"></p><p><img src="/icon/share.png"><img src="/q.jpg" width="16"></p>'
    found = extract(page(f"<h1>老街改造月底完成</h1><div><p>{TEXT}</p>{images}<p>{MORE}</p></div>"), url="http://n.example.com/a.html")
    assert found.pictures == ("http://n.example.com/p/1.jpg",)


@pytest.mark.parametrize(
    ("address", "links", "later"),
    [
        ("http://n.example.com/a/t1.html", '<a href="t1_2.html">2</a> <a href="t1_3.html">3</a> <a href="t1_2.html">下一页</a> <a href="t2.html">下一篇</a>', ["t1_2.html", "t1_3.html"]),
        ("http://n.example.com/a/t1.html", '<a href="t2.html">下一篇：别的新闻</a> <a href="/b/9.html">9</a>', []),
        ("http://n.example.com/a/t1_2.html", '<a href="t1.html">1</a> <a href="t1_3.html">[3]</a>', ["t1_3.html"]),
    ],
)
def test_further_pages_of_one_article_are_found_and_the_next_article_is_not(address: str, links: str, later: list[str]) -> None:
    found = extract(page(f"<h1>老街改造月底完成</h1><div><p>{TEXT}</p><p>{MORE}</p></div><div>{links}</div>"), url=address)
    assert list(found.next_pages) == [f"http://n.example.com/a/{name}" for name in later]


def test_pages_are_joined_without_saying_anything_twice() -> None:
    whole = joined(Article(title="甲", paragraphs=("一", "二"), next_pages=("x",)), [Article(title="乙", paragraphs=("二", "三"), pictures=("p",))])
    assert (whole.title, whole.paragraphs, whole.pictures, whole.next_pages) == ("甲", ("一", "二", "三"), ("p",), ())


def test_an_operators_rule_goes_before_everything() -> None:
    rule = SiteRule(body=".mine", title=".head", published=".when", drop=".box")
    found = extract(
        page(f'<h1>别的标题</h1><p class="head">规则选中的标题</p><p class="when">2019-03-12 09:14</p><div><p>{MORE}</p></div><div class="mine"><p>{TEXT}</p><p class="box">{MORE}</p></div>'),
        rule=rule,
    )
    assert (found.title, found.text, shanghai(found.published_at)) == ("规则选中的标题", TEXT, "2019-03-12T09:14:00+08:00")


def test_a_rule_that_finds_nothing_leaves_the_general_way() -> None:
    found = extract(page(f"<h1>老街改造月底完成</h1><div><p>{TEXT}</p><p>{MORE}</p></div>"), rule=SiteRule(body=".gone", title=".gone"))
    assert found.title == "老街改造月底完成" and TEXT in found.text


def test_every_built_in_selector_is_valid_and_says_where_the_text_is() -> None:
    for rule in SITES:
        assert rule.body
        extract(page(f"<div><p>{TEXT}</p></div>"), rule=rule, url=f"http://{rule.hosts[0] if rule.hosts else 'x.cn'}/")


def test_reporter_editor_and_source_are_told_apart() -> None:
    found = extract(
        page(f"<h1>老街改造月底完成</h1><p>2019-03-12 09:14　来源：临川晚报　作者：何映雪</p><div><p>{TEXT}</p><p>{MORE}</p></div><p>责任编辑：顾大同</p>")
    )
    assert (found.source, found.author, found.editor) == ("临川晚报", "何映雪", "顾大同")
    assert "顾大同" not in found.text


def test_data_tables_keep_their_rows() -> None:
    table = "<table><tr><th>区县</th><th>起数</th></tr><tr><td>城东区</td><td>36</td></tr></table>"
    found = extract(page(f"<h1>老街改造月底完成</h1><div><p>{TEXT}</p>{table}<p>{MORE}</p></div>"))
    assert found.paragraphs == (TEXT, "区县\t起数", "城东区\t36", MORE)


def test_an_article_that_stands_only_in_a_script_is_read_from_it() -> None:
    escaped = f"<p>{TEXT}</p><p>{MORE}</p>".replace("<", "&lt;").replace(">", "&gt;")
    script = f"var BASE_DATA = {{ articleInfo: {{ title: '老街改造月底完成', content: '{escaped}', subInfo: {{ time: '2019-03-12 09:14:07' }} }} }};"
    found = extract(page(f"<div id='root'></div><script>{script}</script>", title="老街改造月底完成"))
    assert (found.title, found.text, (shanghai(found.published_at) or "")[:16]) == ("老街改造月底完成", f"{TEXT}\n{MORE}", "2019-03-12T09:14")


@pytest.mark.parametrize(
    "inside",
    [
        f"<pre>{TEXT}\n{MORE}</pre>", f"<article><figure><img src='a.jpg'></figure><p>{TEXT}</p><p>{MORE}</p></article>", f"<table><tr><td>{TEXT}<br>{MORE}</td></tr></table>",
        f"<form id='form1'><div><span>{TEXT}</span><br/><span>{MORE}</span></div></form>", f"<div><p>{TEXT[:20]}<a href='/t'>{TEXT[20:26]}</a>{TEXT[26:]}</p><p>{MORE}</p></div>",
        f"<ul><li>{TEXT}</li><li>{MORE}</li></ul>", f"<div><div><div><p>{TEXT}</p></div></div><div><p>{MORE}</p></div></div>", f"<section><p><strong>{TEXT}</strong></p><p>　　{MORE}</p></section>",
    ],
)  # fmt: skip
def test_the_text_is_found_in_whatever_it_is_set(inside: str) -> None:
    links = "<ul>" + "".join(f"<li><a href='/{n}'>市区新增公交专用道{n}条</a></li>" for n in range(12)) + "</ul>"
    found = extract(page(f"<ul><li><a href='/'>首页</a></li><li><a href='/n'>新闻</a></li></ul><h1>老街改造月底完成</h1><p>2019-03-12 09:14　来源：临川晚报</p>{inside}<h3>相关新闻</h3>{links}<p>版权所有 临川网 赣ICP备1号</p>"))
    assert "".join(found.text.split()) == TEXT + MORE


@pytest.mark.parametrize("body", [b"", b"   \n", b"<!-- nothing -->", b"\x00\x00\x00", b"<html><head></head></html>"])
def test_nothing_to_read_is_said(body: bytes) -> None:
    with pytest.raises(NotAPage):
        extract(body)


def test_bytes_of_no_encoding_are_refused() -> None:
    with pytest.raises(Garbled):
        extract(bytes(range(128, 256)) * 40)


HOSTILE = {
    "a megabyte of open tags": "<div>" * 200_000,
    "a megabyte of nested tables": "<table><tr><td>" * 70_000 + TEXT,
    "a megabyte of inline tags": "<b><i>" * 160_000 + TEXT,
    "a megabyte of links": f"<a href='/x'>{TEXT[:10]}</a>" * 18_000,
    "a paragraph of a megabyte": "<p>" + TEXT * 20_000 + "</p>",
    "a megabyte of dates": "<p>2019-03-12 09:14</p>" * 45_000,
    "a megabyte of digits and dashes": "<p>" + "2019-" * 200_000 + "</p>",
    "a megabyte of style rules": "<style>" + ".a{display:none}" * 60_000 + "</style><p>" + TEXT,
    "a megabyte of script strings": "<script>var a = {content:'" + "\\\\u4e2d" * 150_000 + "</script>",
    "a megabyte of open brackets": "<p>" + "（责任编辑" * 200_000 + "</p>",
    "a megabyte of spaces": "<p>" + " " * 1_000_000 + TEXT,
    "attributes without an end": "<p " + "a='" * 300_000,
    "a comment that never closes": "<!--" + "x" * 1_000_000,
    "twenty thousand classes": "".join(f"<p class='c{n} related{n}'>，。</p>" for n in range(20_000)),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_page_costs_no_more_than_its_size_and_stops_nothing(text: str) -> None:
    try:
        found = extract(page(text))
    except NotAPage:
        return
    assert len(found.text) <= len(text)


def test_a_headline_set_in_several_lines_is_one_headline_and_no_text() -> None:
    found = extract(page(f"<div id='zoom'><p>临川市人民政府关于<br>加强背街小巷<br>治理的决定</p><p>{TEXT}</p><p>{MORE}</p></div>", title="临川市人民政府关于加强背街小巷　治理的决定_政府公报_临川市人民政府网"))
    assert (found.title, found.paragraphs) == ("临川市人民政府关于加强背街小巷治理的决定", (TEXT, MORE))


def test_text_behind_a_premature_end_of_the_document_is_read() -> None:
    assert extract(f"<html><body><h1>老街改造月底完成</h1></body></html><div><p>{TEXT}</p><p>{MORE}</p></div>").text == f"{TEXT}\n{MORE}"


def test_comments_are_known_by_their_answers_whatever_their_block_is_called() -> None:
    talk = "".join(f"<div><p>网友{n}</p><p>{MORE}说得好听，去年也是这么讲的，结果呢？</p><p>回复 赞({n})</p></div>" for n in range(8))
    assert extract(page(f"<h1>老街改造月底完成</h1><div><div><p>{TEXT}</p></div><div class='x1'>{talk}</div></div>")).text == TEXT
