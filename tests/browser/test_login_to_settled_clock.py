"""A 重大 event in a real browser against the real service: from the first log-in to the settled clock."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from config.clock import SHANGHAI, real_now

pytestmark = pytest.mark.browser
READY = 60_000  # ms: a service that has just started is ready to read within 30 s (design.md §5), on an idle machine
NEW_PASSWORD = "a-quite-new-pass-7"
HEADERS = "标题,正文,来源,发布时间,链接\n"
FIRE = "西安市灞桥区某厂房发生火灾，已造成11人死亡、6人受伤，公安、消防正在现场处置。"


def the_administrator_changes_the_printed_password(page: Page, password: str) -> None:
    page.fill("#id_username", "admin")
    page.fill("#id_password", password)
    page.click("form button.primary")
    expect(page.get_by_text("您用的是初始密码")).to_be_visible()
    for field, value in (("old_password", password), ("new_password1", NEW_PASSWORD), ("new_password2", NEW_PASSWORD)):
        page.fill(f"#id_{field}", value)
    page.get_by_role("button", name="修改密码").click()
    expect(page.get_by_text("密码已修改")).to_be_visible()
    expect(page.get_by_text("huiying createuser")).to_be_visible()


def a_vendor_file_arrives(service) -> None:
    at = real_now().astimezone(SHANGHAI)
    path = service.folder / "vendor.csv"
    path.write_text(f"{HEADERS}灞桥区一厂房起火 已致11人死亡,{FIRE},华商网,{at:%Y-%m-%d %H:%M:%S},https://e.cn/1\n")
    service.run("import", str(path))


def test_from_the_first_log_in_to_a_settled_clock(service, visitor):
    service.start()
    the_administrator_changes_the_printed_password(visitor(), service.password_line())
    service.hire()

    officer = visitor("li")
    expect(officer.get_by_text("没有等您确认的告警")).to_be_visible()
    a_vendor_file_arrives(service)
    alert = officer.locator("article.alert", has_text="灞桥区一厂房起火").first
    expect(alert).to_be_visible(timeout=READY)
    expect(officer).to_have_title("▲(1) 值班台 · 回应")
    alert.click(position={"x": 5, "y": 5})
    officer.keyboard.press("a")
    expect(officer.locator("#toast")).to_contain_text("已确认收到")
    expect(officer.get_by_text("没有等您确认的告警")).to_be_visible()

    officer.locator("article.affair a", has_text="灞桥区一厂房起火").click()
    expect(officer.get_by_text("暂按").first).to_be_visible()
    expect(officer.locator(".why q").first).to_contain_text("11人死亡")
    first = officer.locator('[data-duty="K1"]')
    expect(first.locator(".clock-digits")).to_have_text(re.compile(r"^04:5\d:\d\d$"))
    expect(first.locator(".clock-word")).to_have_text("进行中")
    officer.get_by_label("理由").fill("现场核实")
    officer.get_by_role("button", name="提交等级").click()
    expect(officer.get_by_text("等级已确认为重大")).to_be_visible()

    officer.get_by_role("link", name="登记发布").click()
    officer.get_by_label("标题").fill("警情通报")
    officer.get_by_label("正文").fill("今晨灞桥区一厂房起火，警方、消防已到场处置，后续情况及时发布。")
    officer.get_by_role("button", name="保存草稿").click()
    expect(officer.get_by_text("您是起草人，须由另一人审核")).to_be_visible()

    leader = visitor("wang")
    leader.locator("article a", has_text="警情通报").click()
    leader.get_by_role("button", name="审核通过").click()
    expect(leader.get_by_text("起草人、审核人不得兼任发布人")).to_be_visible()

    head = visitor("zhao")
    head.locator("article a", has_text="警情通报").click()
    head.get_by_label("链接").fill("https://ga.example.cn/tongbao/1.html")
    head.get_by_role("button", name="登记发布").click()
    expect(head.get_by_text("缺已发布页面文件")).to_be_visible()
    head.get_by_label("已发布页面的文件").set_input_files(
        {"name": "1.html", "mimeType": "text/html", "buffer": "<h1>警情通报</h1>".encode()}
    )
    head.get_by_role("button", name="登记发布").click()
    expect(head.get_by_text("K1 已办结")).to_be_visible()
    expect(head.locator('[data-duty="K1"] .clock-word')).to_have_text("按时履行")
    expect(head.locator('[data-duty="K2"] .clock-word')).to_have_text("进行中")

    head.goto(service.address + "wall/")
    # What is owed now: the conference, and word again within a day (K4) since something has been published.
    expect(head.locator(".wall-row")).to_have_count(2)
    for duty in ("召开新闻发布会", "持续发布"):
        expect(head.locator(".wall-duty", has_text=duty)).to_have_count(1)
    expect(head.locator(".wall-settled")).to_contain_text("按时履行：发布权威信息")
    head.goto(service.address + "ledger/")
    expect(head.locator("tbody tr")).to_have_count(1)
    head.goto(service.address + "search/?q=灞桥区 厂房")
    expect(head.locator("article.hit")).to_have_count(1)
