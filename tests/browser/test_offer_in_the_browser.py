"""An article on the bureau's own outlet is read by the real service, offered on the event page, and settles with one click."""

from __future__ import annotations

import re
import shutil
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.conf import settings
from playwright.sync_api import expect

from config.clock import SHANGHAI, real_now

pytestmark = pytest.mark.browser
READY = 60_000  # ms, as in test_login_to_settled_clock
TITLE = "灞桥区一厂房火灾情况通报"
BODY = "11月23日8时许，西安市灞桥区某厂房发生火灾，已造成11人死亡、6人受伤。公安、消防已到场处置，事故原因正在调查。后续情况将及时发布。"


class Portal:
    """The bureau's own portal as a feed; `text` is what its one article says."""

    def __init__(self) -> None:
        self.text, self.at = "", real_now()
        portal = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = self.path.startswith("/rss")
                body = portal.feed() if found else b""
                self.send_response(200 if found else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def feed(self) -> bytes:
        item = f"<item><title>{TITLE}</title><link>{self.url}/tb/1.html</link><description>{self.text}</description><pubDate>{self.at:%a, %d %b %Y %H:%M:%S} +0800</pubDate></item>"
        return f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>t</title>{item if self.text else ""}</channel></rss>'.encode()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def portal():
    made = Portal()
    yield made
    made.close()


def a_policy_with_the_portal(service, portal: Portal) -> None:
    """The bureau's own policy folder: the portal as an approved source that is read at once."""


    policy = service.folder / "policy"
    shutil.copytree(settings.BASE_DIR / "config", policy, ignore=shutil.ignore_patterns("*.py", "__pycache__", "management"))
    (policy / "sources.toml").write_text(
        f'[[source]]\nname = "本局门户"\nurl = "{portal.url}/rss"\nkind = "feed"\noutlet = "own"\nhome = "西安"\ninterval_minutes = 0.05\n'
        'enabled = true\npurpose = "核对本局发布"\nlegal_basis = "本局门户"\napproved_by = "王主任"\n'
    )
    service.env |= {"HUIYING_CONFIG": str(policy), "HUIYING_CRAWL_DELAY": "0", "HUIYING_ALLOW_PRIVATE_SOURCES": "1"}


def test_an_offer_differs_then_is_taken_with_one_click(service, visitor, portal, tmp_path):
    a_policy_with_the_portal(service, portal)
    service.start()
    service.hire()
    start = (real_now() - timedelta(hours=1)).astimezone(SHANGHAI)
    service.run(
        "event", "--title", "灞桥区一厂房起火 已致11人死亡", "--at", start.isoformat(), "--type", "T04", "--grade", "重大", "--by", "li", "--knowledge", "110指令"
    )  # fmt: skip

    officer = visitor("li")
    officer.locator("article.affair a", has_text="灞桥区一厂房起火").click()
    officer.get_by_role("link", name="登记发布").click()
    officer.get_by_label("标题").fill(TITLE)
    officer.get_by_label("正文").fill(BODY)
    officer.get_by_role("button", name="保存草稿").click()
    leader = visitor("wang")
    leader.locator("article a", has_text=TITLE).click()
    leader.get_by_role("button", name="审核通过").click()
    expect(leader.get_by_text("起草人、审核人不得兼任发布人")).to_be_visible()

    portal.at, portal.text = real_now().astimezone(SHANGHAI) - timedelta(seconds=5), BODY
    head = visitor("zhao")
    head.locator("article.affair a", has_text="灞桥区一厂房起火").click()
    offer = head.locator(".offer")
    expect(offer).to_contain_text("本局门户 已见到", timeout=READY)
    expect(offer).to_contain_text("与审定稿一致")
    expect(officer.locator("body")).not_to_contain_text("认定为公开证据")
    first = head.locator('[data-duty="K1"]')
    expect(first.locator(".clock-word")).to_have_text("进行中")

    offer.get_by_role("button", name=re.compile("认定为公开证据，办结 K1")).click()
    expect(head.get_by_text("已认定为公开证据，K1 已办结")).to_be_visible()
    expect(first.locator(".clock-word")).to_have_text("按时履行")
    expect(head.locator(".offer")).to_have_count(0)

    head.goto(service.address + "ledger/")
    expect(head.locator("tr", has_text=TITLE)).to_contain_text("已见")
    head.get_by_role("link", name=TITLE).first.click()
    expect(head.locator(".sighting")).to_contain_text("已认定")
