"""What robots.txt says, and for how long we take its word."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crawlers import robots
from crawlers.models import Host, RobotsFile

NOW = datetime(2024, 5, 20, 12, 0, tzinfo=UTC)
A = "http://www.a.cn:80"


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b"User-agent: *\nDisallow: /x", "ok"), (200, b"", "ok"), (204, b"", "ok"), (404, b"<html>", "none"),
        (401, b"", "none"), (200, b"\n<!DOCTYPE html>", "unclear"), (200, b"\xef\xbb\xbf<html>", "unclear"), (429, b"", "failed"),
        (500, b"User-agent: *\nAllow: /", "failed"), (302, b"", "failed"),
    ],
)  # fmt: skip
def test_what_an_answer_means(status: int, body: bytes, said: str) -> None:
    rules = robots.read_rules(status, body)
    assert rules.status == said and bool(rules.refusal) == (said in ("unclear", "failed"))


@pytest.mark.parametrize(
    ("body", "path", "allowed"),
    [
        ("User-agent: *\nDisallow: /a", "/a/b", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", True),  # the longest match wins
        ("User-agent: *\nDisallow: /p\nAllow: /p", "/p", True),  # of equal ones, the kinder
        ("User-agent: *\nDisallow: /*.xml$", "/feed.xml", False),
        ("User-agent: *\nDisallow: /*.xml$", "/feed.xml?x=1", True),
        ("User-agent: *\nDisallow: /%E6%96%B0", "/新闻", False),
        ("User-agent: *\nDisallow:", "/a", True),
        ("User-agent: police\nDisallow: /", "/a", True),  # a word of our User-Agent's comment is not our name
        ("User-agent: HUIYING\nDisallow: /\n\nUser-agent: *\nAllow: /", "/a", False),
        ("User-agent: other\nUser-agent: huiying\nDisallow: /", "/a", False),
        ("\ufeffUser-agent: *\nDisallow: /", "/a", False),
        ("Disallow: /", "/a", True),  # rules of no group
        ("User-agent: *\r\nDisallow: /a # b", "/a", False),
    ],
)
def test_rules_as_rfc_9309_reads_them(body: str, path: str, allowed: bool) -> None:
    assert robots.read_rules(200, body.encode()).allows(f"http://a.cn{path}") is allowed


def test_rules_for_our_own_name_win_and_carry_their_delay() -> None:
    body = b"User-agent: *\nDisallow: /\nCrawl-delay: 9\n\nUser-agent: huiying\nAllow: /feed\nDisallow: /\nCrawl-delay: 2.5"
    rules = robots.read_rules(200, body)
    assert rules.allows("http://a.cn/feed") and not rules.allows("http://a.cn/b")
    assert rules.crawl_delay == 2.5


@pytest.mark.parametrize(("said", "kept"), [("120", 120), ("-3", None), ("nan", None), ("inf", None), ("1e9", 86400), ("soon", None)])
def test_a_crawl_delay_that_is_none_is_ignored_and_an_endless_one_is_a_day(said: str, kept: float | None) -> None:
    assert robots.read_rules(200, f"User-agent: *\nCrawl-delay: {said}".encode()).crawl_delay == kept


def test_of_a_huge_file_the_first_500_kib_count_to_the_end_of_a_line() -> None:
    line = b"Disallow: /aaaaaaaaaaaaaaaaaaaaa\n"
    body = b"User-agent: *\n" + line * (robots.MOST_BYTES // len(line) + 10) + b"Disallow: /secret\n"
    rules = robots.read_rules(200, body)
    assert rules.body.endswith("a\n") and len(rules.body) <= robots.MOST_BYTES
    assert not rules.allows("http://a.cn/aaaaaaaaaaaaaaaaaaaaab") and rules.allows("http://a.cn/secret")


@pytest.mark.django_db
@pytest.mark.parametrize(("status", "minutes"), [("ok", 24 * 60), ("none", 24 * 60), ("unclear", 60), ("failed", 1)])
def test_a_snapshot_serves_a_day_and_a_refusal_for_want_of_one_is_asked_again_sooner(status: str, minutes: int) -> None:
    robots.remember(A, robots.Rules(status=status), NOW)
    fresh = NOW + timedelta(minutes=minutes)
    assert robots.remembered(A, fresh) and not robots.remembered(A, fresh + timedelta(seconds=1))


@pytest.mark.django_db
def test_a_site_keeps_the_longest_delay_its_origins_ask_for() -> None:
    Host.objects.create(name="a.cn")
    robots.remember(A, robots.Rules(status="ok", crawl_delay=10), NOW)
    robots.remember("https://m.a.cn:443", robots.Rules(status="ok", crawl_delay=2), NOW)
    assert Host.objects.get().crawl_delay == 10 and RobotsFile.objects.filter(site="a.cn").count() == 2
    robots.remember(A, robots.Rules(status="ok"), NOW)
    assert Host.objects.get().crawl_delay == 2
