"""导入 and 来信 in a real browser beside a real engine: choosing columns, progress that ends by itself, letters handed on."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.console.city import PASSWORD
from tests.crawlers.files import long_row, write_csv

pytestmark = pytest.mark.browser
OFFICE, BRANCH = "西安市公安局办公室", "西安市公安局雁塔分局"


@pytest.fixture(scope="module")
def city(service):
    service.start("--only", "web", "engine")
    service.hire()
    secret = service.folder / "password"
    for name, unit in (("ban", OFFICE), ("yan", BRANCH)):
        service.run("createuser", name, "--role", "liaison", "--unit", unit, "--password-file", str(secret))
    return service


def test_a_file_is_previewed_asked_about_tried_imported_and_taken_back(city, visitor, tmp_path):
    rows = [long_row(n) | {"研判意见": "待核"} for n in range(230)] + [long_row(900, 日期="哪天") | {"研判意见": ""}]
    page = visitor("wang")
    page.goto(city.address + "sources/")
    page.get_by_role("link", name="导入", exact=True).click()
    page.set_input_files("#id_file", str(write_csv(tmp_path / "5月.csv", rows)))
    page.get_by_role("button", name="上传并预览").click()
    expect(page.locator("h1")).to_have_text("5月.csv")
    expect(page.locator("article.post").first).to_contain_text("钟楼附近第0起追尾")
    expect(page.locator("tr.never").first).to_contain_text("按规定不收录")
    column = page.locator("tr.unknown", has_text="研判意见").locator("select")
    column.select_option("summary")
    page.get_by_role("button", name="试运行").click()
    expect(page.locator("#trial")).to_contain_text("将新增 230，已有 0，退回 1", timeout=60_000)
    page.get_by_role("button", name="导入", exact=True).click()
    expect(page.locator("#result")).to_contain_text("新增 230，已有 0，退回 1", timeout=60_000)
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("下载退回的行")).click()
    assert "读不懂的时间" in download.value.path().read_text(encoding="utf-8-sig")
    page.get_by_role("button", name=re.compile("撤销这一批")).click()
    expect(page.locator("#result")).to_contain_text("已撤销", timeout=60_000)


def test_a_letter_goes_from_the_office_to_a_unit_and_back(city, visitor):
    page = visitor("ban")
    page.get_by_role("link", name="来信").click()
    page.get_by_role("link", name=re.compile("登记、导入来信")).click()
    page.select_option("#id_channel", "mailbox")
    page.fill("#id_writer", "王小明")
    page.fill("#id_text", "我叫王小明，手机13812345678，窗口推诿，要投诉。")
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.locator(".release-body")).to_contain_text("138****5678")
    expect(page.locator("main")).not_to_contain_text("王小明")
    address = page.url
    page.select_option("#id_unit", label=BRANCH)
    page.get_by_role("button", name="转办").click()
    expect(page.locator("main")).to_contain_text("待签收")
    other = visitor("yan")
    other.goto(address)
    other.fill("#id_reason", "不属我分局管辖")
    other.get_by_role("button", name=re.compile("提出异议")).click()
    expect(other.locator("main")).to_contain_text("没有来信")
    page.reload()
    expect(page.locator("main")).to_contain_text("退回：不属我分局管辖")
    duty = visitor("li", PASSWORD)
    duty.goto(address)
    expect(duty.locator("body")).to_contain_text("不能阅办来信")


@pytest.mark.parametrize("size", [(1366, 768), (390, 844)], ids=["desk", "phone"])
def test_no_page_is_wider_than_its_screen(city, visitor, size):
    for name, paths in (("zhao", ("imports/", "imports/templates/", "imports/templates/new/", "imports/vendors/new/", "imports/1/")), ("ban", ("letters/", "letters/new/", "letters/1/"))):
        page = visitor(name, viewport={"width": size[0], "height": size[1]})
        for path in paths:
            page.goto(city.address + path)
            wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wider <= 0, f"{path} is {wider} px too wide"
