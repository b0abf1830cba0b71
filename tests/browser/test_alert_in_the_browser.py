"""An alert under people's hands: refused, handed on, accepted; a button grown old; a phone."""

from __future__ import annotations

import os
import re

import pytest
from playwright.sync_api import expect

from config.clock import SHANGHAI, real_now

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESK = {"viewport": {"width": 1366, "height": 768}}


@pytest.fixture(scope="module")
def opened(service):
    """A 重大 event opened by hand in a running service; the people of the bureau."""
    service.start()
    service.hire()
    at = real_now().astimezone(SHANGHAI).isoformat(timespec="seconds")
    service.run(
        "event", "--title", "灞桥区一厂房起火", "--at", at, "--type", "T13", "--grade", "重大", "--by", "li",
        "--knowledge", "110指挥中心通报",
    )  # fmt: skip


def shot(page, name):
    """A picture for whoever asks for one (SHOTS_FOLDER names a folder); and no page may be wider than its screen."""
    if folder := os.environ.get("SHOTS_FOLDER"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name


def alert_page(page):
    page.get_by_role("link", name="处置与缘由").first.click()
    expect(page.get_by_role("heading", name="接下来")).to_be_visible()


def test_an_alert_is_refused_handed_on_and_accepted_and_an_old_button_says_why(opened, visitor):
    li = visitor("li", **DESK)
    alert_page(li)
    expect(li.locator("#next")).to_contain_text("带班领导")
    expect(li.locator(".until")).to_have_attribute("data-left", re.compile(r"^00:0\d:\d\d"))
    shot(li, "alert-open")
    old = visitor("li", **DESK)
    alert_page(old)

    li.get_by_text("拒接（立即告知上一级）").click()
    li.fill("#refuse-reason", "正在处置另一起")
    li.get_by_role("button", name="拒接").click()
    expect(li.locator("#live")).to_contain_text("已到第 2 级 带班领导")
    expect(li.locator("#live")).to_contain_text("正在处置另一起")

    # The other tab was made for the first step; its button has no effect and says what happened.
    old.get_by_role("button", name="确认收到").click()
    expect(old.get_by_role("alert").first).to_contain_text("已升级至第 2 级")
    shot(old, "alert-stale")

    wang = visitor("wang", **DESK)
    alert_page(wang)
    wang.get_by_text("转交给指定人员").click()
    wang.select_option("#id_to", label="zhao")
    wang.fill("#reassign-reason", "请主任处置")
    wang.get_by_role("button", name="转交").click()
    expect(wang.locator("#live")).to_contain_text("转交 zhao，待其接受")

    zhao = visitor("zhao", **PHONE)
    alert_page(zhao)
    shot(zhao, "alert-phone")
    zhao.get_by_role("button", name="接受").click()
    expect(zhao.locator("#next")).to_contain_text("zhao 已于")
    # Without touching anything, the first tab sees it too.
    expect(li.locator("#next")).to_contain_text("zhao 已于", timeout=10000)
    li.get_by_label("人员").select_option("zhao")
    li.get_by_role("button", name="查询").click()
    expect(li.locator("#whynot")).to_contain_text("指名转交")
    shot(li, "alert-acknowledged")


@pytest.mark.parametrize(("name", "screen"), [("desk", DESK), ("phone", PHONE)])
def test_the_delivery_log_and_the_policy_fit_their_screens_and_keep_their_filters(opened, visitor, name, screen):
    page = visitor("wang", **screen)
    page.goto(page.url + "deliveries/")
    expect(page.get_by_role("heading", name="送达记录")).to_be_visible()
    shot(page, f"deliveries-{name}")
    page.get_by_label("种类").select_option("met")
    page.get_by_role("button", name="筛选").click()
    expect(page).to_have_url(re.compile(r"kind=met"))
    expect(page.get_by_text("没有符合条件的送达记录")).to_be_visible()
    page.goto(re.sub(r"deliveries.*", "policy/escalation/", page.url))
    page.get_by_label("种类").select_option("missed")
    page.get_by_role("button", name="试算").click()
    expect(page.locator("#rehearsal")).to_contain_text("新闻中心主任")
    shot(page, f"policy-{name}")
