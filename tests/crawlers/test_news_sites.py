"""News sites over real HTTP, through a real crawler child: lists, sitemaps, articles, and what goes wrong."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta

import pytest

from archive.models import Post, Source
from crawlers.models import Host, Rejection
from tests.crawlers.pages import LOGIN, PARAGRAPHS, article, list_page, row
from tests.crawlers.site import Answer, Site
from tests.sources import change, enabled

HTML = {"Content-Type": "text/html; charset=utf-8"}
RULES = {"reads": "list", "list": {"items": "ul.news-list li"}}


def page(text: str, **options) -> Answer:
    return Answer(text.encode(), headers=HTML, **options)


def path(n: int) -> str:
    return f"/yw/202611/t20261124_{1000 + n}.html"


def title(n: int) -> str:
    return f"某市警方通报第{n}起交通事故的处置情况"


def put(site: Site, *numbers: int, **of_list) -> None:
    """A list of these articles, and the articles."""
    site.answers["/yw/"] = page(list_page([row(n) for n in numbers], **of_list))
    site.answers |= {path(n): page(article(title(n))) for n in numbers}


@pytest.fixture
def news(transactional_db: None, site: Site) -> Source:
    return enabled(name="本地新闻网", kind="site", url=f"{site.url}/yw/", outlet="media", options=RULES)


def articles_asked(site: Site) -> list[str]:
    return [p for p in site.paths() if p.startswith("/yw/2026")]


# --- lists and articles ---


def test_articles_of_a_list_become_posts_and_are_fetched_once(news: Source, site: Site, read) -> None:
    put(site, 1, 2)
    assert read(news)[0] | {"id": 0} == {"id": 0, "name": "本地新闻网", "state": "alive", "fetched": 2, "new": 2, "error": ""}
    post = Post.objects.get(url=f"{site.url}{path(1)}")
    assert post.title == title(1) and post.body.startswith(PARAGRAPHS[0]) and "首页" not in post.body
    assert post.published_at == datetime(2026, 11, 24, 2, 5, tzinfo=UTC)
    assert post.details == {"origin": "某市日报", "pictures": [f"{site.url}/pic/1.jpg"]} and "/pic/1.jpg" not in site.paths()
    put(site, 1, 2, 3)
    assert read(news)[0]["new"] == 1
    assert sorted(articles_asked(site)) == [path(1), path(2), path(3)] and "列表 3 条，新读 1 篇" in news.detail


def test_a_list_that_says_304_costs_no_article(news: Source, site: Site, read) -> None:
    put(site, 1)
    full = site.answers["/yw/"]
    site.answers["/yw/"] = lambda a: (
        Answer(status=304) if a.headers["If-None-Match"] == '"v1"' else Answer(full.body, headers={**HTML, "ETag": '"v1"'})
    )
    assert [read(news)[0]["new"], read(news)[0]["new"]] == [1, 0]
    assert news.state == "alive" and "304" in news.detail and len(articles_asked(site)) == 1


def test_further_pages_are_followed_while_they_hold_something_new_and_no_deeper_than_told(
    news: Source, site: Site, read
) -> None:
    change(news, options={"reads": "list", "list": {**RULES["list"], "next": '//a[.="下一页"]', "pages": 3}})
    for n in range(6):
        site.answers["/yw/" if not n else f"/yw/index_{n}.html"] = page(list_page([row(n)], next_href=f"index_{n + 1}.html"))
        site.answers[path(n)] = page(article(title(n)))
    assert read(news)[0]["new"] == 3
    assert "/yw/index_2.html" in site.paths() and "/yw/index_3.html" not in site.paths()
    site.asked.clear()
    assert read(news)[0]["new"] == 0 and site.paths() == ["/yw/"]  # nothing new on the first page: no second


def test_an_article_of_several_pages_is_one_post(news: Source, site: Site, read) -> None:
    put(site, 1)
    more = '<div class="pages"><a href="t20261124_1001_2.html">下一页</a></div>'
    again = '<div class="pages"><a href="t20261124_1001.html">上一页</a></div>'
    site.answers[path(1)] = page(article(title(1), paragraphs=PARAGRAPHS[:2], more=more))
    second = "民警随后走访了周边商户，调取了沿线监控视频，并对涉事车辆进行了检验，相关结果将及时向社会公布。"
    site.answers["/yw/202611/t20261124_1001_2.html"] = page(article(title(1), paragraphs=[second], more=again))
    assert read(news)[0]["new"] == 1
    body = Post.objects.get().body
    assert body.index(PARAGRAPHS[1]) < body.index(second) and body.count(PARAGRAPHS[0]) == 1


def test_the_address_a_page_names_as_its_own_is_kept_and_never_two_posts(news: Source, site: Site, read) -> None:
    put(site, 1)
    own = f'<link rel="canonical" href="{site.url}/content{path(1)}">'
    site.answers[path(1)] = page(article(title(1), head=own))
    assert [read(news)[0]["new"], read(news)[0]["new"]] == [1, 0]
    assert Post.objects.get().url == f"{site.url}/content{path(1)}" and articles_asked(site) == [path(1)]


def test_a_template_that_names_one_address_for_all_makes_no_two_articles_one(news: Source, site: Site, read) -> None:
    put(site, 1, 2)
    for n in (1, 2):
        site.answers[path(n)] = page(article(title(n), head=f'<link rel="canonical" href="{site.url}/yw/index.html">'))
    assert read(news)[0]["new"] == 2


@pytest.mark.parametrize("content_type", ["text/html", "text/html; charset=gbk", "text/html; charset=utf-8"])
def test_a_gbk_site_is_read_whatever_its_header_says(news: Source, site: Site, read, content_type: str) -> None:
    put(site, 1)
    for where, answer in list(site.answers.items()):
        text = answer.body.decode().replace('<meta charset="utf-8">', "").replace("长安街", "长安街𠮷")
        site.answers[where] = Answer(text.encode("gb18030"), headers={"Content-Type": content_type})
    read(news)
    post = Post.objects.get()
    assert post.title == title(1) and "长安街𠮷" in post.body


def test_an_attachment_keeps_its_headline(news: Source, site: Site, read) -> None:
    site.answers["/yw/"] = page(list_page([row(1, href="/files/1.pdf")]))
    site.answers["/files/1.pdf"] = Answer(b"%PDF-1.4", headers={"Content-Type": "application/pdf"})
    read(news)
    post = Post.objects.get()
    assert post.title == title(1) and post.body == "" and "附件" in post.notes[0]


def test_headlines_alone_when_articles_are_not_wanted(news: Source, site: Site, read) -> None:
    change(news, options={**RULES, "whole": False})
    put(site, 1, 2)
    assert read(news)[0]["new"] == 2 and articles_asked(site) == []


def test_only_addresses_of_the_wanted_form_are_read(news: Source, site: Site, read) -> None:
    change(news, options={**RULES, "only": "*/202611/*"})
    put(site, 1)
    site.answers["/yw/"] = page(list_page([row(1), row(2, href="/zt/special.html")]))
    assert read(news)[0]["new"] == 1 and "/zt/special.html" not in site.paths()


# --- what is read again ---


def test_an_article_is_looked_at_again_an_hour_later(news: Source, site: Site, read) -> None:
    put(site, 1)
    read(news)
    hour = timedelta(hours=1, minutes=5)
    Post.objects.update(received_at=datetime.now(UTC) - hour)
    Source.objects.update(last_run_at=datetime.now(UTC) - timedelta(minutes=10))
    corrected = PARAGRAPHS[0].replace("3人受伤", "5人受伤")
    site.answers[path(1)] = page(article(title(1), paragraphs=[corrected, *PARAGRAPHS[1:]]))
    read(news)
    assert articles_asked(site) == [path(1)] * 2
    post = Post.objects.get()
    assert "3人受伤" in post.body and "5人受伤" in post.versions.get().body
    read(news)
    assert articles_asked(site) == [path(1)] * 2


# --- sitemaps ---


def stamped(n: int, ago: timedelta) -> str:
    return f"<url><loc>{path(n)}</loc><lastmod>{(datetime.now(UTC) - ago).isoformat()}</lastmod></url>"


@pytest.fixture
def mapped(news: Source, site: Site) -> Source:
    change(news, url=f"{site.url}/sitemap.xml", options={"reads": "sitemap"})
    return news


def test_a_new_sitemap_gives_the_last_days_only_and_then_what_changed(mapped: Source, site: Site, read) -> None:
    put(site, 1, 2, 3)
    old, young = stamped(1, timedelta(days=30)), stamped(2, timedelta(hours=5))
    site.answers["/sitemap.xml"] = Answer(f"<urlset>{old}{young}</urlset>".encode())
    assert read(mapped)[0]["new"] == 1 and articles_asked(site) == [path(2)]
    assert "lastmod" in mapped.cursor
    site.answers["/sitemap.xml"] = Answer(f"<urlset>{old}{young}{stamped(3, timedelta(minutes=1))}</urlset>".encode())
    assert read(mapped)[0]["new"] == 1 and articles_asked(site) == [path(2), path(3)]


def test_an_index_leads_to_what_changed_also_in_gzip(mapped: Source, site: Site, read) -> None:
    put(site, 1, 2)
    site.answers["/sitemap.xml"] = Answer(
        b"<sitemapindex><sitemap><loc>/old.xml</loc><lastmod>2020-01-01</lastmod></sitemap>"
        b"<sitemap><loc>/new.xml.gz</loc></sitemap><sitemap><loc>/gone.xml</loc></sitemap></sitemapindex>"
    )
    fresh = f"<urlset>{stamped(1, timedelta(hours=1))}{stamped(2, timedelta(hours=2))}</urlset>".encode()
    site.answers["/new.xml.gz"] = Answer(gzip.compress(fresh), headers={"Content-Type": "application/gzip"})
    report = read(mapped)[0]
    assert report["new"] == 2 and "/old.xml" not in site.paths() and "gone.xml 没有读到" in report["error"]
    assert "lastmod" not in mapped.cursor  # one part was missing: the cursor waits


def test_a_page_changed_at_the_source_is_read_again_once(mapped: Source, site: Site, read) -> None:
    put(site, 1)
    site.answers["/sitemap.xml"] = Answer(f"<urlset>{stamped(1, timedelta(hours=1))}</urlset>".encode())
    read(mapped)
    site.answers["/sitemap.xml"] = Answer(f"<urlset>{stamped(1, -timedelta(minutes=1))}</urlset>".encode())
    assert [read(mapped)[0]["new"], read(mapped)[0]["new"]] == [0, 0]
    assert articles_asked(site) == [path(1)] * 2


# --- what goes wrong ---


def test_a_list_that_turns_into_a_login_page_is_failing_and_nothing_is_stored(news: Source, site: Site, read) -> None:
    put(site, 1)
    read(news)
    site.answers |= {"/yw/": Answer(status=302, headers={"Location": "/sso/login"}), "/sso/login": page(LOGIN)}
    report = read(news)[0]
    assert report["state"] == "failing" and "登录" in report["error"] and Post.objects.count() == 1


def test_articles_that_turn_into_login_pages_are_not_stored(news: Source, site: Site, read) -> None:
    put(site, 1, 2, 3)
    site.answers[path(2)] = page(LOGIN)
    report = read(news)[0]
    assert report["state"] == "failing" and "登录" in report["error"] and report["new"] == 1
    assert not Post.objects.filter(title__contains="登录").exists()
    site.answers[path(2)] = page(article(title(2)))
    assert read(news)[0]["new"] == 2  # what was kept back is read when the site is open again


def test_a_redesigned_list_is_a_failure_not_silence(news: Source, site: Site, read) -> None:
    site.answers["/yw/"] = page("<html><body><div class='new-layout'><a href='/x/1.html'>全新改版的新闻列表</a></div></body></html>")
    report = read(news)[0]
    assert report["state"] == "failing" and "没有命中" in report["error"]


def test_a_bad_rule_is_named(news: Source, site: Site, read) -> None:
    change(news, options={"list": {"items": "ul["}})
    put(site, 1)
    assert "规则 items" in read(news)[0]["error"]


def test_an_article_that_is_missing_is_reported_and_asked_for_three_times_only(news: Source, site: Site, read) -> None:
    put(site, 1, 2)
    site.answers[path(2)] = Answer(status=404)
    for _ in range(5):
        assert read(news)[0]["state"] == "alive"
    assert articles_asked(site).count(path(2)) == 3 and articles_asked(site).count(path(1)) == 1
    assert "HTTP 404" in Rejection.objects.first().reason


def test_one_path_closed_by_robots_does_not_close_the_rest(news: Source, site: Site, read) -> None:
    put(site, 1, 2)
    site.answers["/robots.txt"] = Answer(f"User-agent: *\nDisallow: {path(1)}".encode())
    report = read(news)[0]
    assert (report["state"], report["new"]) == ("alive", 1) and path(1) not in site.paths()


@pytest.mark.parametrize("as_date", [False, True])
def test_a_429_among_the_articles_keeps_what_was_read_and_waits(news: Source, site: Site, read, as_date: bool) -> None:
    put(site, 1, 2, 3)
    until = datetime.now(UTC) + timedelta(hours=1)
    asked = until.strftime("%a, %d %b %Y %H:%M:%S GMT") if as_date else "3600"
    site.answers[path(2)] = Answer(status=429, headers={"Retry-After": asked})
    report = read(news)[0]
    assert (report["state"], report["new"]) == ("capped", 1) and path(3) not in site.paths()
    assert news.next_run_at > datetime.now(UTC) + timedelta(minutes=55)


def test_one_article_that_answers_503_does_not_keep_back_the_others(news: Source, site: Site, read) -> None:
    put(site, 1, 2)
    site.answers[path(1)] = Answer(status=503)
    report = read(news)[0]
    assert (report["state"], report["new"]) == ("alive", 1) and "HTTP 503" in Rejection.objects.get().reason
    put(site, 1, 2)
    assert read(news)[0]["new"] == 1


def test_a_burst_of_5xx_closes_the_host_for_a_while_and_loses_nothing(news: Source, site: Site, read) -> None:
    put(site, 1, 2, 3)
    site.answers |= {path(n): Answer(status=503) for n in (1, 2, 3)}
    assert read(news)[0]["state"] == "failing"
    assert Host.objects.get().not_before and path(3) not in site.paths()
    Host.objects.update(not_before=None)
    put(site, 1, 2, 3)
    assert read(news)[0]["new"] == 3


def test_a_redirect_loop_and_a_30_mb_body_are_told_for_what_they_are(news: Source, site: Site, read) -> None:
    put(site, 1)
    site.answers[path(1)] = Answer(status=302, headers={"Location": path(1)})
    assert "重定向超过 3 次" in read(news)[0]["error"]
    site.answers["/yw/"] = page("x" * 30_000_000)
    assert "10 MB" in read(news)[0]["error"]


def test_articles_of_another_site_are_not_followed(news: Source, site: Site, read) -> None:
    put(site, 1)
    site.answers["/yw/"] = page(list_page([row(1), row(2, href="http://elsewhere.example.com/2.html")]))
    assert read(news)[0]["new"] == 1 and "站外 1 条不读" in news.detail


def test_many_new_articles_come_in_portions_without_waiting_for_the_interval(news: Source, site: Site, read) -> None:
    put(site, *range(25))
    assert read(news)[0]["new"] == 20 and "还有 5 篇" in news.detail
    assert news.next_run_at <= datetime.now(UTC)
    assert read(news)[0]["new"] == 5 and news.next_run_at > datetime.now(UTC) + timedelta(minutes=5)
    assert len(set(articles_asked(site))) == len(articles_asked(site)) == 25
