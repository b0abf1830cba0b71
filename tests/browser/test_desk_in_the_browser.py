"""The desk under a person's hands: keys, an input method, a lost log-in, a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from config.clock import SHANGHAI, real_now

pytestmark = pytest.mark.browser
PAGES = ("", "wall/", "events/", "events/1/", "events/new/", "search/?q=起火", "ledger/", "sources/", "password/")


@pytest.fixture(scope="module")
def city(service):
    """The web role with two events of this minute; the first title is as long as titles get."""
    service.start("--only", "web")
    service.hire()
    at = real_now().astimezone(SHANGHAI).isoformat(timespec="seconds")
    for title, grade in (("灞桥区一厂房起火" * 6, "重大"), ("雁塔区多车相撞", "特别重大")):
        service.run("event", "--title", title, "--at", at, "--type", "T04", "--grade", grade, "--by", "wang", "--knowledge", "110")
    return service


def test_keys_move_open_and_explain(city, visitor):
    page = visitor("li")
    expect(page.locator("article.alert.opened")).to_have_count(2)
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("[data-row].selected")).to_contain_text("灞桥区")
    page.keyboard.press("k")
    expect(page.locator("[data-row].selected")).to_contain_text("雁塔区")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_contain_text("确认收到")
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("雁塔区多车相撞")
    page.keyboard.press("g")
    page.keyboard.press("w")
    expect(page).to_have_url(city.address + "wall/")


def test_keys_do_nothing_in_a_field_nor_while_an_input_method_composes(city, visitor):
    page = visitor("li")
    expect(page.locator("article.alert.opened")).to_have_count(2)
    page.evaluate("document.dispatchEvent(new KeyboardEvent('keydown', {key: 'a', isComposing: true, bubbles: true}))")
    page.keyboard.press("Control+a")
    page.keyboard.press("/")
    page.wait_for_url(city.address + "search/")
    page.locator("[data-search]").focus()
    page.keyboard.type("ajk?")
    expect(page.locator("[data-search]")).to_have_value("ajk?")
    page.goto(city.address)
    expect(page.locator("article.alert.opened")).to_have_count(2)


def test_the_chosen_row_and_an_open_detail_survive_a_change(city, visitor):
    page = visitor("li")
    page.goto(city.address + "events/1/")
    page.locator(".alert-log summary").first.click()
    city.run("release", "1", *_release(city))
    expect(page.locator("#event-side")).to_contain_text("警情通报", timeout=15_000)
    expect(page.locator(".alert-log[open]")).to_have_count(1)


def _release(city) -> list[str]:
    body = city.folder / "body.txt"
    body.write_text("今晨灞桥区一厂房起火。")
    at = real_now().astimezone(SHANGHAI).isoformat(timespec="seconds")
    return [
        "--duty", "K1", "--title", "警情通报", "--body", str(body), "--channel", "portal", "--url", "https://ga.example.cn/1",
        "--published-at", at, "--drafted-by", "li", "--reviewed-by", "wang", "--published-by", "zhao", "--page", str(body),
    ]  # fmt: skip


def test_sound_is_switched_on_by_one_click_and_shows_it(city, visitor):
    page = visitor("li")
    button = page.locator("#sound")
    expect(button).to_have_text("开启声音")
    button.click()
    expect(button).to_have_text("声音已开")
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    expect(button).to_have_text("开启声音")


def test_a_log_in_that_ended_is_said_not_hidden(city, visitor):
    page = visitor("li")
    page.context.clear_cookies()
    expect(page.locator("#stale")).to_contain_text("登录已失效", timeout=10_000)


def test_a_brief_is_copied_over_plain_http(city, visitor):
    page = visitor("li")
    page.goto(city.address + "events/1/")
    page.get_by_role("button", name="60 字").click()
    expect(page.locator("#toast")).to_have_text("已复制")


@pytest.mark.parametrize("size", [(1366, 768), (390, 844)], ids=["desk", "phone"])
def test_no_page_is_wider_than_its_screen(city, visitor, size):
    page = visitor("zhao", viewport={"width": size[0], "height": size[1]})
    for path in PAGES:
        page.goto(city.address + path)
        page.wait_for_timeout(400)
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, f"{path} is {wider} px too wide"
