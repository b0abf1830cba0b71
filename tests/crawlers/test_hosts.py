"""One turn per site, kept in a row that outlives a process."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from crawlers import hosts
from crawlers.hosts import Turn, Wait
from crawlers.models import Host

NOW = datetime(2024, 5, 20, 12, 0, tzinfo=UTC)
A = "a.cn"


def second(n: float) -> datetime:
    return NOW + timedelta(seconds=n)


def taken(name: str = A, now: datetime = NOW, delay: float = 1.0) -> Turn:
    turn = hosts.take(name, delay, now)
    assert isinstance(turn, Turn)
    return turn


@pytest.mark.django_db(transaction=True)
def test_of_ten_that_ask_at_once_one_gets_the_turn() -> None:
    got: list[Turn | Wait] = []
    together = threading.Barrier(10)

    def ask() -> None:
        together.wait(10)
        got.append(hosts.take(A, 1.0, NOW))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(got) == 10 and sum(isinstance(g, Turn) for g in got) == 1


@pytest.mark.django_db
def test_the_next_turn_comes_a_delay_after_the_answer_not_after_the_question() -> None:
    turn = taken()
    assert hosts.take(A, 1.0, second(8)) == Wait(until=NOW + hosts.LEASE, busy=True)
    hosts.served(turn, second(10))
    assert hosts.take(A, 1.0, second(10.5)) == Wait(until=second(11))
    assert taken(now=second(11))


@pytest.mark.django_db
def test_a_crawl_delay_of_the_site_is_kept_and_a_longer_one_of_our_own_too() -> None:
    Host.objects.create(name=A, crawl_delay=3)
    assert taken().delay == 3 and taken("b.cn", delay=7).delay == 7


@pytest.mark.django_db
def test_the_turn_of_a_killed_process_comes_back_and_its_late_answer_changes_nothing() -> None:
    dead = taken()
    now = NOW + hosts.LEASE
    mine = taken(now=now)
    hosts.served(dead, now)
    assert Host.objects.get().turn == mine.token


@pytest.mark.django_db
def test_the_first_failure_closes_nothing_then_the_pause_doubles_up_to_six_hours() -> None:
    pauses, now = [], NOW
    for _ in range(12):
        until = hosts.failed(taken(now=now), now)
        pauses.append((until - now).total_seconds() if until else 0)
        now = (until or now) + timedelta(seconds=1)
    assert pauses == [0, 60, 120, 240, 480, 960, 1920, 3840, 7680, 15360, 21600, 21600]


@pytest.mark.django_db
def test_an_open_circuit_lets_one_request_try_and_closes_when_it_is_answered() -> None:
    now = NOW
    for _ in range(hosts.OPENS_AFTER):
        until = hosts.failed(taken(now=now), now)
        now = (until or now) + timedelta(seconds=1)
    told = hosts.take(A, 1.0, now - timedelta(seconds=30))
    assert isinstance(told, Wait) and "连续失败 5 次，已断路" in told.closed and not told.requested
    probe = taken(now=now)
    assert isinstance(hosts.take(A, 1.0, now), Wait)  # no second one beside it
    hosts.served(probe, now)
    assert Host.objects.get().failures == 0 and taken(now=now + timedelta(seconds=1))


@pytest.mark.django_db
def test_a_wish_to_be_left_alone_is_told_as_such() -> None:
    assert hosts.failed(taken(), NOW, "120") == second(120)
    told = hosts.take(A, 1.0, second(60))
    assert isinstance(told, Wait) and told.requested and "要求暂缓" in told.closed and told.until == second(120)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120), ("Mon, 20 May 2024 12:05:00 GMT", 300), ("99999999", 86400), ("soon", None), ("-5", None), ("", None),
     ("Mon, 20 May 2024 11:00:00 GMT", None)],
)  # fmt: skip
def test_retry_after_in_seconds_or_as_a_date(value: str, seconds: int | None) -> None:
    at = hosts.read_retry_after(value, NOW)
    assert (at and (at - NOW).total_seconds()) == seconds


@pytest.mark.django_db
def test_the_turns_of_an_ended_process_are_given_back_with_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUIYING_CRAWL_DELAY", "4")
    taken()
    hosts.abandon(1, NOW)
    assert isinstance(hosts.take(A, 1.0, second(5)), Wait)
    hosts.abandon(os.getpid(), NOW)
    assert hosts.take(A, 1.0, second(3)) == Wait(until=second(4)) and taken(now=second(4))
