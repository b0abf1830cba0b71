"""The search page as an analyst uses it: suggestions, why, the brush, folding, an export that is read as it comes."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from config.clock import SHANGHAI
from tests.browser.conftest import until

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def searched(service):
    """A running service with thirty posts of three days, found by search."""
    service.start()
    service.hire()
    now = datetime.now(SHANGHAI)
    path = service.folder / "in.csv"
    with path.open("w", newline="", encoding="utf-8-sig") as out:
        rows = csv.writer(out)
        rows.writerow(["标题", "内容", "发布时间", "来源", "链接"])
        for n in range(30):
            at = (now - timedelta(hours=2 * n + 1)).strftime("%Y-%m-%d %H:%M:%S")
            rows.writerow([f"地铁{n}号列车晚点", f"地铁第{n * 7919}次列车晚点，乘客等候。", at, "甲报" if n % 3 else "乙报", f"https://x.cn/{n}"])
    service.run("import", str(path))
    until(lambda: '"total": 30' in service.run("search", "地铁", "--json"))
    return service


def test_an_analyst_finds_narrows_and_exports(searched, visitor, tmp_path):
    page = visitor("zhao")
    page.keyboard.press("/")
    expect(page).to_have_url(f"{searched.address}search/")
    box = page.locator("[data-search]")
    box.press_sequentially("地铁 来源:", delay=20)
    page.locator("#search-form .primary").focus()  # leaving the box: suggestions never cover anything
    box.fill("地铁 晚点")
    box.press("Enter")
    expect(page.locator("article.hit")).to_have_count(20)
    expect(page.locator("#around .facet h2").first).to_have_text("时间")

    page.keyboard.press("j")
    page.locator("article.hit .why-button").first.click()
    expect(page.locator(".why-table")).to_contain_text("✓ 符合")

    page.locator("#around a.minus[aria-label='不看乙报']").click()
    expect(page.locator(".search-head strong").first).to_have_text("20")
    expect(page.locator(".chosen")).to_contain_text("不含来源：乙报")

    page.locator("summary", has_text="导出").click()
    with page.expect_download() as download:
        page.locator("a[download]", has_text="CSV").click()
    saved = tmp_path / "out.csv"
    download.value.save_as(saved)
    assert len(list(csv.DictReader(saved.open(encoding="utf-8-sig")))) == 20
    expect(page.locator("#export-progress")).to_contain_text("已导出")

    brush = page.locator("svg[data-brush]")
    brush.focus()
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.locator("#brushed")).to_contain_text("条")
    page.keyboard.press("Enter")
    page.wait_for_url("**from=20**")
    assert "to=20" in page.url


def test_a_field_is_completed_in_its_own_line(searched, visitor):
    page = visitor("zhao")
    page.goto(searched.address + "search/")
    box = page.locator("[data-search]")

    # Within 100 ms or not at all: on a busy machine it may be not at all the first time.
    def offered():
        box.fill("")
        box.press_sequentially("等级:特", delay=10)
        page.wait_for_timeout(500)
        return page.locator("#suggestions button").count()

    until(offered)
    page.locator("#suggestions button").first.click()
    expect(box).to_have_value("等级:特别重大")
    assert page.evaluate("document.querySelector('#suggestions').getBoundingClientRect().bottom <= document.querySelector('.filters').getBoundingClientRect().top + 1")
