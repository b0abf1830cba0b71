"""A wall must never be green over a dead server."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import expect

from config.clock import SHANGHAI, real_now

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def burning(service):
    """The web role with one 重大 event of this minute."""
    service.start("--only", "web")
    service.hire()
    at = real_now().astimezone(SHANGHAI).isoformat(timespec="seconds")
    service.run("event", "--title", "灞桥区一厂房起火", "--at", at, "--type", "T04", "--grade", "重大", "--by", "li", "--knowledge", "110")
    return service


@pytest.fixture
def wall(burning, visitor):
    page = visitor("zhao")
    page.goto(burning.address + "wall/")
    return page


def seconds_of(page) -> int:
    hours, minutes, seconds = page.locator(".clock-digits").first.inner_text().split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds)


def test_it_ticks_while_the_server_lives(wall):
    expect(wall.locator(".wall-row")).to_have_count(2)
    before = seconds_of(wall)
    wall.wait_for_timeout(3000)
    assert 2 <= before - seconds_of(wall) <= 4
    expect(wall.locator("#stale")).to_be_hidden()


def test_it_is_visibly_stale_ten_seconds_after_the_server_died_and_recovers(wall, service):
    wall.wait_for_timeout(3500)  # a poll has been answered
    service.stop()
    died = time.monotonic()
    expect(wall.locator("#stale")).to_be_visible(timeout=10_000)
    assert time.monotonic() - died <= 10
    expect(wall.locator("#stale")).to_have_text(re.compile(r"^已断开，数据停在 \d\d:\d\d:\d\d"))
    assert wall.evaluate("getComputedStyle(document.querySelector('#live')).opacity") == "0.5"
    service.start("--only", "web")
    back = time.monotonic()
    expect(wall.locator("#stale")).to_be_hidden(timeout=10_000)
    assert time.monotonic() - back <= 10
    assert wall.evaluate("getComputedStyle(document.querySelector('#live')).opacity") == "1"


def test_a_clock_of_the_office_pc_that_is_wrong_changes_nothing(service, visitor, wall):
    right = seconds_of(wall)
    other = visitor("li")
    other.add_init_script("Date.now = () => 0; const D = Date; window.Date = class extends D { constructor(...a) { super(...(a.length ? a : [0])); } };")
    other.goto(service.address + "wall/")
    assert abs(seconds_of(other) - right) <= 5
