"""新增信源 under a person's hands: an address typed, what is found appears by itself, and no page is wider than its screen."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.crawlers.pages import article, list_page, row
from tests.crawlers.site import Answer, Site

pytestmark = pytest.mark.browser
HTML = {"Content-Type": "text/html; charset=utf-8"}


@pytest.fixture
def site():
    made = Site()
    made.answers["/yw/"] = Answer(list_page([row(n) for n in range(3)]).encode(), headers=HTML)
    for n in range(3):
        made.answers[f"/yw/202611/t20261124_{1000 + n}.html"] = Answer(article(f"某市警方通报第{n}起交通事故的处置情况").encode(), headers=HTML)
    yield made
    made.close()


@pytest.fixture(scope="module")
def city(service):
    service.env |= {"HUIYING_ALLOW_PRIVATE_SOURCES": "1", "HUIYING_CRAWL_DELAY": "0"}
    service.start("--only", "web")
    service.hire()
    return service


@pytest.mark.parametrize("size", [(1366, 768), (390, 844)], ids=["desk", "phone"])
def test_an_address_is_looked_at_and_its_posts_appear_by_themselves(city, site, visitor, size):
    page = visitor("zhao", viewport={"width": size[0], "height": size[1]})
    page.goto(city.address + "sources/new/")
    page.fill("#id_url", f"{site.url}/yw/")
    page.get_by_role("button", name="查看", exact=True).click()
    expect(page.locator("article.hit")).to_have_count(3, timeout=60_000)
    expect(page.locator("#found [role=status]")).to_contain_text("看到 3 条", timeout=60_000)
    for action in ("", "rules"):
        if action:
            page.get_by_role("link", name="调整选择器").first.click()
            page.get_by_role("button", name="试一试").click()
            expect(page.locator("#trial")).to_contain_text("列表：3 条", timeout=30_000)
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, f"{page.url} is {wider} px too wide"
