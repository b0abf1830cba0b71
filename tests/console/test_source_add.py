"""新增信源 from an address to a source that waits for approval; rules tried; back-fills asked for. Real sites, real processes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from archive.models import Source
from crawlers.models import Errand
from tests.console.city import PASSWORD, person
from tests.crawlers.conftest import database_env
from tests.crawlers.pages import LOGIN, article, list_page, row
from tests.crawlers.site import Answer, Site, item, rss

HTML = {"Content-Type": "text/html; charset=utf-8"}
FORM = {"name": "", "outlet": "authority", "home": "西安", "interval_min": "10", "purpose": "掌握本地警情", "legal_basis": "政府信息公开"}


def page(text: str) -> Answer:
    return Answer(text.encode(), headers=HTML)


@pytest.fixture
def site(transactional_db: None, tmp_path, monkeypatch: pytest.MonkeyPatch, settings) -> Iterator[Site]:
    for name, value in database_env(tmp_path).items():
        monkeypatch.setenv(name, value)
    settings.ALLOW_PRIVATE_SOURCES = True
    made = Site()
    made.answers["/yw/"] = page(list_page([row(n) for n in range(4)]))
    for n in range(4):
        made.answers[f"/yw/202611/t20261124_{1000 + n}.html"] = page(article(f"某市警方通报第{n}起交通事故的处置情况"))
    yield made
    for thread in threading.enumerate():  # whoever watches a process must be done before the database goes
        if thread.name == "errand":
            thread.join(30)
    made.close()


@pytest.fixture
def head(site: Site, client):
    person("zhao", "centre_head")
    assert client.login(username="zhao", password=PASSWORD)
    return client


def looked(client, url: str) -> Errand:
    """Ask for the address and wait until it was looked at."""
    answer = client.post("/sources/new/", {"url": url})
    assert answer.status_code == 302, answer.content.decode()
    return over(int(answer.url.strip("/").rpartition("/")[2]))


def over(number: int) -> Errand:
    deadline = time.monotonic() + 60
    while not (errand := Errand.objects.get(pk=number)).over:
        assert time.monotonic() < deadline, f"waited too long: {errand.said}"
        time.sleep(0.2)
    return errand


def test_a_list_is_found_shown_saved_and_waits_for_somebody_else(head, site: Site) -> None:
    errand = looked(head, f"{site.url}/yw/")
    assert errand.state == "done", errand.said
    html = head.get(f"/sources/new/{errand.pk}/").content.decode()
    assert "新闻列表：" in html and "某市警方通报第0起" in html and "来源：某市日报" in html and "2026-11-24 10:05" in html
    answer = head.post(f"/sources/new/{errand.pk}/", {**FORM, "way": "0"})
    assert answer.status_code == 302, answer.content.decode()
    source = Source.objects.get(url=f"{site.url}/yw/")
    assert (source.kind, source.enabled, source.interval_s) == ("site", False, 600) and "ul.news-list li" in source.options["list"]["items"]
    assert source.name and source.approvals.get().asked_by == "zhao"


def test_a_feed_the_page_names_comes_first(head, site: Site) -> None:
    site.answers["/yw/"] = page(list_page([row(n) for n in range(4)], feed="/rss/yw.xml"))
    site.answers["/rss/yw.xml"] = Answer(rss(*(item(n) for n in range(12))))
    errand = looked(head, f"{site.url}/yw/")
    assert errand.found["ways"][0]["kind"] == "feed" and len(errand.found["posts"]) == 10
    assert {way["kind"] for way in errand.found["ways"]} == {"feed", "site"}


@pytest.mark.parametrize(
    ("answer", "said"),
    [(page(LOGIN), "登录"), (Answer(status=404), "HTTP 404"), (page("<html><body><p>维护中</p></body></html>"), "没有找到")],
    ids=["login", "404", "nothing"],
)
def test_what_cannot_be_read_is_said_in_words_and_not_saved(head, site: Site, answer: Answer, said: str) -> None:
    site.answers["/yw/"] = answer
    errand = looked(head, f"{site.url}/yw/")
    assert said in head.get(f"/sources/new/{errand.pk}/live/").content.decode()
    assert head.post(f"/sources/new/{errand.pk}/", FORM).status_code == 400 and not Source.objects.exists()


def test_robots_that_refuse_are_obeyed(head, site: Site) -> None:
    site.answers["/robots.txt"] = Answer(b"User-agent: *\nDisallow: /")
    errand = looked(head, f"{site.url}/yw/")
    assert errand.state == "failed" and "robots.txt" in errand.said and "/yw/" not in site.paths()


@pytest.mark.parametrize("url", ["ftp://a.cn/", "http://u:p@a.cn/", "http://"])
def test_addresses_that_cannot_be_are_refused_at_once(head, url: str) -> None:
    answer = head.post("/sources/new/", {"url": url})
    assert answer.status_code == 400 and not Errand.objects.exists()


def test_rules_are_tried_on_the_fetched_page_without_asking_the_site_again(head, site: Site) -> None:
    errand = looked(head, f"{site.url}/yw/")
    rules = {"reads": "list", "items": "ul.news-list li", "pages": "1", "whole": "on", "article_body": "div.content"}
    asked = len(site.asked)
    html = head.post(f"/sources/rules/{errand.pk}/try/", rules).content.decode()
    assert "列表：4 条" in html and "命中 1 处" in html and "某市警方通报第" in html
    assert "写错了" in head.post(f"/sources/rules/{errand.pk}/try/", {**rules, "items": "ul["}).content.decode()
    assert "没有命中" in head.post(f"/sources/rules/{errand.pk}/try/", {**rules, "items": "ol.none li"}).content.decode()
    assert len(site.asked) == asked
    assert head.post(f"/sources/new/{errand.pk}/rules/?way=0", {**rules, "items": "ol.none li"}).status_code == 400


def test_an_errand_is_its_senders_own(head, site: Site, client) -> None:
    errand = looked(head, f"{site.url}/yw/")
    person("qian", "admin")
    assert client.login(username="qian", password=PASSWORD)
    assert client.get(f"/sources/new/{errand.pk}/").status_code == 404


def test_rules_of_a_source_can_be_edited_before_any_page_was_fetched(head, site: Site) -> None:
    source = Source.objects.create(name="新闻网", kind="site", url=f"{site.url}/yw/", options={"list": {"items": "li"}}, purpose="用", legal_basis="据")
    assert "还没有取过页面" in head.get(f"/sources/{source.pk}/rules/").content.decode()
    rules = {"reads": "list", "items": "ul.news-list li", "pages": "2", "whole": "on"}
    assert head.post(f"/sources/{source.pk}/rules/", rules).status_code == 302
    source.refresh_from_db()
    assert source.options["list"] == {"items": "ul.news-list li", "pages": 2}
    assert "改前" in head.get(f"/sources/{source.pk}/rules/").content.decode()
    assert head.get(f"/sources/{source.pk}/backfill/").status_code == 200
    window = {"start": "2026-10-09T00:00", "end": "2026-10-05T00:00"}
    assert head.post(f"/sources/{source.pk}/backfill/", window).status_code == 400 and not Errand.objects.exists()
