"""Politeness that outlives a process."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from crawlers import hosts
from crawlers.models import Host

NOW = datetime(2024, 5, 20, 12, 0, tzinfo=UTC)
A = "http://a.cn:80"
MINUTE = timedelta(minutes=1)


@pytest.mark.django_db(transaction=True)
def test_ten_processes_get_ten_moments_one_delay_apart() -> None:
    Host.objects.create(name=A, crawl_delay=3)
    moments: list[datetime] = []

    def book() -> None:
        moments.append(hosts.book(A, 1.0, NOW, MINUTE))
        connection.close()

    threads = [threading.Thread(target=book) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(moments) == [NOW + timedelta(seconds=3 * n) for n in range(10)]


@pytest.mark.django_db
def test_a_moment_beyond_patience_is_told_and_not_booked() -> None:
    first = hosts.book(A, 120.0, NOW, MINUTE)
    second = hosts.book(A, 120.0, NOW, MINUTE)
    assert (first, second, hosts.book(A, 120.0, NOW, MINUTE)) == (NOW, NOW + 2 * MINUTE, NOW + 2 * MINUTE)


@pytest.mark.django_db
def test_the_first_failure_closes_nothing_then_the_pause_doubles() -> None:
    pauses = []
    for _ in range(12):
        until = hosts.failed(A, NOW)
        pauses.append((until - NOW).total_seconds() if until else 0)
    assert pauses == [0, 60, 120, 240, 480, 960, 1920, 3840, 7680, 15360, 21600, 21600]
    assert hosts.closed_until(A, NOW) and not hosts.closed_until(A, NOW + timedelta(hours=7))
    hosts.served(A)
    assert hosts.closed_until(A, NOW) is None and Host.objects.get().failures == 0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120), ("Mon, 20 May 2024 12:05:00 GMT", 300), ("99999999", 86400), ("soon", None), ("-5", None), ("", None),
     ("Mon, 20 May 2024 11:00:00 GMT", None)],
)  # fmt: skip
def test_retry_after_in_seconds_or_as_a_date(value: str, seconds: int | None) -> None:
    at = hosts.read_retry_after(value, NOW)
    assert (at and (at - NOW).total_seconds()) == seconds


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, "User-agent: *\nDisallow: /x", "ok"), (200, "", "ok"), (204, "", "ok"), (404, "<html>", "none"), (401, "", "none"),
        (200, "\n<!DOCTYPE html>", "failed"), (429, "", "failed"), (500, "User-agent: *\nAllow: /", "failed"), (302, "", "failed"),
    ],
)  # fmt: skip
def test_what_an_answer_to_robots_means(status: int, body: str, said: str) -> None:
    assert hosts.read_rules(status, body, "Huiying/0.1").status == said


def test_rules_for_our_own_name_win_and_carry_their_delay() -> None:
    body = "User-agent: *\nDisallow: /\n\nUser-agent: huiying\nAllow: /feed\nDisallow: /\nCrawl-delay: 2.5"
    rules = hosts.read_rules(200, body, "Huiying/0.1 (x)")
    assert rules.allows("http://a.cn/feed", "Huiying/0.1 (x)") and not rules.allows("http://a.cn/b", "Huiying/0.1 (x)")
    assert rules.crawl_delay == 2.5


@pytest.mark.django_db
def test_a_snapshot_serves_a_day_and_a_failure_not_at_all() -> None:
    hosts.remember_rules(A, hosts.Rules(status="ok", body="x"), NOW)
    assert hosts.remembered_rules(A, NOW + timedelta(hours=23)) and not hosts.remembered_rules(A, NOW + timedelta(hours=25))
    hosts.remember_rules(A, hosts.Rules(status="failed"), NOW)
    assert hosts.remembered_rules(A, NOW) is None
