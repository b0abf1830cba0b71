"""值班表 under a person's hands: the picture, a gap saved with its reason, keys, a phone, one sheet of A4."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from config.clock import SHANGHAI, real_now

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def city(service):
    service.start("--only", "web")
    service.hire()
    return service


def fill_rotation(page, city, **changes):
    page.goto(city.address + "rota/rotation/new/")
    page.select_option("#id_role", changes.get("role", "duty_officer"))
    page.fill("#id_name", "主班")
    page.fill("#id_people", changes["people"])
    page.fill("#id_blocks", changes.get("blocks", "08:00-20:00、20:00-08:00"))
    page.fill("#id_first_day", (real_now().astimezone(SHANGHAI).date() - timedelta(days=8)).isoformat())
    page.get_by_role("button", name="保存").click()


def test_a_rota_is_drawn_and_a_gap_is_saved_only_with_a_reason(city, visitor):
    page = visitor("wang")
    page.goto(city.address + "rota/")
    expect(page.locator(".notice.warning")).to_contain_text("还没有排班")
    fill_rotation(page, city, people="li")
    expect(page.locator(".notice.success")).to_contain_text("新增轮值")
    bars = page.locator("svg.rota a.bar")
    assert bars.count() >= 2 and page.locator("svg.rota .hole").count() >= 3
    expect(page.locator("svg.rota line.now")).to_have_count(1)
    expect(page.locator(".crew").first).to_contain_text("li")
    fill_rotation(page, city, role="shift_leader", people="wang", blocks="08:00-18:00")
    expect(page.locator(".holes")).to_contain_text("岗位收件箱")
    page.get_by_role("button", name="保存并留下空缺").click()
    expect(page.locator("#id_reason")).to_be_focused()
    page.fill("#id_reason", "夜间由值班员电话请示")
    page.get_by_role("button", name="保存并留下空缺").click()
    expect(page.locator(".undo")).to_contain_text("夜间由值班员电话请示")
    page.get_by_role("button", name="撤销").click()
    page.fill("#id_reason", "排错了")
    page.get_by_role("button", name="撤销并留下空缺").click()
    expect(page.locator(".notice.success")).to_contain_text("已撤销")
    expect(page.locator(".crew").nth(1)).to_contain_text("无人值班")


def test_a_bar_is_reached_by_keys_and_leads_to_the_cover_of_that_shift(city, visitor):
    page = visitor("wang")
    page.keyboard.press("g")
    page.keyboard.press("r")
    page.wait_for_url(city.address + "rota/")
    bar = page.locator("svg.rota a.bar").first
    assert re.search(r"值班员 li .*轮值.*换班", bar.get_attribute("aria-label"))
    bar.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/rota/cover/new/**")
    expect(page.locator("#id_replaces option:checked")).to_contain_text("li")
    assert page.input_value("#id_ends_at").endswith(("08:00", "20:00"))


@pytest.mark.parametrize("path", ["rota/", "rota/?view=month"])
def test_the_rota_prints_on_one_sheet(city, visitor, path):
    page = visitor("wang")
    page.goto(city.address + path)
    pdf = page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
    page.emulate_media(media="print")
    expect(page.locator("svg.rota").first).to_be_visible()
    expect(page.locator(".rota-bar")).to_be_hidden()


@pytest.mark.parametrize("size", [(1366, 768), (390, 844)], ids=["desk", "phone"])
def test_no_page_of_the_rota_is_wider_than_its_screen(city, visitor, size):
    page = visitor("wang", viewport={"width": size[0], "height": size[1]})
    for path in ("rota/", "rota/?view=month", "rota/rotation/new/", "rota/cover/new/", "rota/contacts/", "rota/handover/", "rota/import/"):
        page.goto(city.address + path)
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, f"{path} is {wider} px too wide"


def test_a_phone_lists_the_days_from_today_on(city, visitor):
    page = visitor("li", viewport={"width": 390, "height": 844})
    page.goto(city.address + "rota/")
    today = page.locator(".rota-days > div").first
    expect(today).to_contain_text("今天")
    expect(today).to_contain_text("li")
