"""Sources under a person's hands: approved, paused, resumed; by keys, on a telephone, in the dark."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}}


@pytest.fixture(scope="module")
def office(service):
    service.start("--only", "web")
    service.hire()
    return service


def test_a_seeded_source_is_approved_paused_and_resumed(office, visitor):
    page = visitor("zhao")
    page.goto(office.address + "sources/?code=unapproved")
    expect(page.locator("tr[data-row]")).to_have_count(2)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("人民网观点")
    expect(page.locator("#approval")).to_contain_text("尚未取得")
    page.get_by_role("button", name="批准并启用").click()
    expect(page.locator(".notice")).to_contain_text("已批准，人民网观点开始读取")
    expect(page.locator(".lead")).to_contain_text("安静")
    page.get_by_text("暂停读取").click()
    page.fill("#pause-reason", "与站点核对频率")
    page.get_by_role("button", name="暂停").click()
    expect(page.locator(".lead")).to_contain_text("人工暂停")
    expect(page.locator("main")).to_contain_text("zhao暂停：与站点核对频率")
    page.get_by_role("button", name="恢复").click()
    expect(page.locator(".lead")).to_contain_text("安静")
    page.get_by_text("批准记录").click()
    expect(page.locator("ol.timeline").first).to_contain_text("zhao")


def test_who_may_not_manage_sees_all_and_no_buttons(office, visitor):
    page = visitor("li")
    page.goto(office.address + "sources/")
    expect(page.locator("tr[data-row]")).to_have_count(2)
    expect(page.get_by_role("button", name="立即读取")).to_have_count(0)
    page.locator("tr[data-row] a").first.click()
    expect(page.get_by_role("button", name="批准并启用")).to_have_count(0)


@pytest.mark.parametrize("look", [{}, {"color_scheme": "dark"}, {"forced_colors": "active"}])
def test_on_a_telephone_nothing_runs_out_of_the_page(office, visitor, look):
    page = visitor("zhao", **PHONE, **look)
    for path in ("sources/", "sources/1/", "sources/1/edit/"):
        page.goto(office.address + path)
        expect(page.locator("h1")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
