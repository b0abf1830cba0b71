"""The grade that facts give, by the shipped editions."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.facts import Facts, Figure, extract
from analysis.grading import GRADES, RANK, Edition, Proposal, Quote, graver, propose
from analysis.policy import load_editions

UNHURRIED = settings(deadline=None)  # a busy machine is no failure

EDITIONS = load_editions(Path(__file__).parents[2] / "config")
BUREAU, LABELS = EDITIONS["bureau"], EDITIONS["labels"]
NONE, MINOR, LARGER, MAJOR, GRAVEST = None, *GRADES
POSTED = datetime(2026, 11, 23, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


def stated(*, flags: tuple[str, ...] = (), **numbers: int | tuple[int, int | None]) -> Facts:
    figures: dict[str, Any] = {}
    for name, n in numbers.items():
        low, high = n if isinstance(n, tuple) else (n, n)
        figures[name] = Figure(low=low, high=high, quote=f"{n}人")
    return Facts(**figures, flags=flags)


def grade(type_: str, facts: Facts, edition: Edition = BUREAU) -> str | None:
    return propose(type_, facts, True, edition).grade


DEATHS = [(1, MINOR), (2, MINOR), (3, LARGER), (9, LARGER), (10, MAJOR), (29, MAJOR), (30, GRAVEST), (300, GRAVEST)]


@pytest.mark.parametrize(("deaths", "expected"), DEATHS)
def test_an_accident_is_graded_by_its_dead(deaths: int, expected: str) -> None:
    for type_ in ("T05", "T13"):
        assert grade(type_, stated(deaths=deaths)) == expected
    assert grade("T04", stated(deaths=deaths), LABELS) == expected
    assert grade("T03", stated(deaths=deaths)) == expected  # by analogy


SERIOUS = [(1, MINOR), (9, MINOR), (10, LARGER), (49, LARGER), (50, MAJOR), (99, MAJOR), (100, GRAVEST)]


@pytest.mark.parametrize(("serious", "expected"), SERIOUS)
def test_an_accident_is_graded_by_its_seriously_injured(serious: int, expected: str) -> None:
    assert grade("T05", stated(serious=serious)) == expected
    assert grade("T05", stated(serious=serious), LABELS) == expected


WAN = 10_000
LOSS = [
    (999 * WAN, MINOR), (1000 * WAN, LARGER), (4999 * WAN, LARGER), (5000 * WAN, MAJOR), (9999 * WAN, MAJOR), (10_000 * WAN, GRAVEST),
]  # fmt: skip


@pytest.mark.parametrize(("yuan", "expected"), LOSS)
def test_an_accident_is_graded_by_its_loss(yuan: int, expected: str) -> None:
    assert grade("T13", stated(loss_yuan=yuan)) == expected
    assert grade("T13", stated(loss_yuan=yuan), LABELS) == expected


MASS = [
    ({"participants": 999}, MINOR),
    ({"participants": 1000}, MAJOR),
    ({"participants": 4999}, MAJOR),
    ({"participants": 5000}, GRAVEST),
    ({"deaths": 2}, MINOR),
    ({"deaths": 3}, MAJOR),
    ({"deaths": 9}, MAJOR),
    ({"deaths": 10}, GRAVEST),
    ({"injured": 9}, MINOR),
    ({"injured": 10}, MAJOR),
    ({"injured": 29}, MAJOR),
    ({"injured": 30}, GRAVEST),
    ({"serious": 10}, MAJOR),
    ({"participants": 199, "flags": ("brawl",)}, MINOR),
    ({"participants": 200, "flags": ("brawl",)}, MAJOR),
    ({"participants": 500, "flags": ("brawl",)}, GRAVEST),
]


@pytest.mark.parametrize(("numbers", "expected"), MASS)
def test_a_mass_incident_has_its_own_columns(numbers: dict[str, Any], expected: str) -> None:
    assert grade("T10", stated(**numbers)) == expected


CRIME = [
    ({"deaths": 2}, MINOR),
    ({"deaths": 3}, LARGER),
    ({"deaths": 9}, LARGER),
    ({"deaths": 10}, GRAVEST),
    ({"deaths": 2, "flags": ("public_place",)}, MINOR),
    ({"deaths": 3, "flags": ("public_place",)}, MAJOR),
    ({"deaths": 5, "flags": ("public_place",)}, MAJOR),
    ({"deaths": 6, "flags": ("public_place",)}, GRAVEST),
    ({"deaths": 1, "flags": ("school", "weapon")}, MAJOR),
    ({"injured": 1, "flags": ("school", "weapon")}, MAJOR),
    ({"deaths": 1, "flags": ("school",)}, MINOR),
]


@pytest.mark.parametrize(("numbers", "expected"), CRIME)
def test_a_criminal_case_has_its_own_clauses_and_else_the_columns_by_analogy(numbers: dict[str, Any], expected: str) -> None:
    assert grade("T04", stated(**numbers)) == expected


OTHER = [
    ("T07", {"poisoned": 29, "flags": ("food",)}, MINOR),
    ("T07", {"poisoned": 100, "flags": ("food",)}, MINOR),
    ("T07", {"poisoned": 101, "flags": ("food",)}, LARGER),
    ("T07", {"poisoned": 101, "deaths": 1, "flags": ("food",)}, MAJOR),
    ("T07", {"deaths": 1, "flags": ("food",)}, LARGER),
    ("T13", {"poisoned": 50, "flags": ("workplace",)}, MAJOR),
    ("T13", {"poisoned": 49}, MINOR),
    ("T13", {"poisoned": 50}, MAJOR),
    ("T13", {"poisoned": 100}, GRAVEST),
    ("T13", {"poisoned": 120, "flags": ("food",)}, LARGER),
    ("T13", {"poisoned": 6, "deaths": 5, "flags": ("workplace",)}, MAJOR),
    ("T13", {"deaths": 5, "flags": ("workplace",)}, LARGER),
    ("T13", {"loss_yuan": 5000 * WAN, "flags": ("natural",)}, GRAVEST),
    ("T13", {"endangered": 9}, MINOR),
    ("T13", {"endangered": 10}, MAJOR),
    ("T13", {"endangered": 30}, GRAVEST),
    ("T13", {"endangered": 300, "flags": ("natural",)}, MINOR),
    ("T13", {"moved": 49_999}, MINOR),
    ("T13", {"moved": 50_000}, MAJOR),
    ("T13", {"moved": 100_000}, GRAVEST),
    ("T13", {"moved": 300_000, "flags": ("natural",)}, MINOR),
]


@pytest.mark.parametrize(("type_", "numbers", "expected"), OTHER)
def test_poisonings_storms_and_people_in_danger(type_: str, numbers: dict[str, Any], expected: str) -> None:
    assert grade(type_, stated(**numbers)) == expected


def test_the_missing_count_with_the_dead_only_in_accidents() -> None:
    facts = stated(deaths=8, missing=25)
    assert grade("T13", facts) == GRAVEST
    assert grade("T10", facts) == MAJOR  # 8 dead
    assert grade("T04", facts) == LARGER
    assert grade("T13", facts, LABELS) == LARGER
    assert grade("T13", stated(missing=40), LABELS) == MINOR


def test_the_highest_column_counts() -> None:
    assert grade("T05", stated(deaths=2, serious=12)) == LARGER
    assert grade("T05", stated(deaths=4, serious=60, loss_yuan=20_000_000)) == MAJOR


def test_the_labels_use_injuries_and_loss_only_where_nobody_died_and_count_past_deaths() -> None:
    assert grade("T05", stated(deaths=1, serious=60), LABELS) == MINOR
    assert grade("T05", stated(past_deaths=39), LABELS) == GRAVEST
    assert grade("T05", stated(past_deaths=39)) == MINOR


def test_the_clause_and_its_quotes_stand_in_the_proposal() -> None:
    facts = extract("11月23日8时许，一商场起火，造成11人遇难", POSTED)
    proposal = propose("T13", facts, True, BUREAU)
    assert proposal.grade == MAJOR
    assert proposal.clause == "493号令第三条 重大：死亡 10-29 人"
    assert proposal.evidence == (Quote(text="11人遇难"),)
    assert proposal.edition == f"{BUREAU.name}#{BUREAU.hash}"
    assert not any("条文待核" in reason for reason in proposal.reasons)


def test_a_range_is_graded_provisionally_at_its_top_with_both_quotes() -> None:
    facts = Facts(deaths=Figure(low=9, high=11, quote="9人死亡｜11人遇难", post_id=4))
    proposal = propose("T05", facts, True, BUREAU)
    assert proposal.grade == MAJOR
    assert [q.text for q in proposal.evidence] == ["9人死亡", "11人遇难"]
    assert any("暂按" in reason for reason in proposal.reasons)


def test_an_open_number_is_graded_provisionally_at_what_it_says_at_least() -> None:
    proposal = propose("T05", extract("10余人遇难", POSTED), True, BUREAU)
    assert proposal.grade == MAJOR and any("暂按" in reason for reason in proposal.reasons)


def test_an_unconfirmed_clause_says_so_and_gives_way_to_a_confirmed_one() -> None:
    unconfirmed = propose("T04", stated(deaths=10), True, BUREAU)
    assert unconfirmed.grade == GRAVEST and any("条文待核" in reason for reason in unconfirmed.reasons)
    confirmed = propose("T13", stated(deaths=12), True, BUREAU)  # 493 and the unseen accident row agree
    assert not any("条文待核" in reason for reason in confirmed.reasons)


def test_a_clause_switched_off_does_not_speak() -> None:
    off = tuple(replace(c, on=c.id != "crime-deaths-1") for c in BUREAU.clauses)
    assert grade("T04", stated(deaths=10), replace(BUREAU, clauses=off)) == MAJOR  # 参照493号令


def test_what_happened_without_a_figure_is_the_lightest_grade_with_its_reason() -> None:
    proposal = propose("T04", extract("有网友称多人遇难", POSTED), True, BUREAU)
    assert (proposal.grade, proposal.evidence) == (MINOR, ())
    assert any("人数不明" in reason for reason in proposal.reasons)


def test_where_nothing_happened_there_is_no_grade() -> None:
    proposal = propose("T15", stated(deaths=30), False, BUREAU)
    assert proposal.grade is NONE and proposal.reasons


def test_reasons_tell_what_was_left_out() -> None:
    text = "警方打死3名歹徒。2019年该处曾造成12人死亡"
    reasons = "".join(propose("T04", extract(text, POSTED), True, BUREAU).reasons)
    assert "嫌疑人" in reasons and "旧事" in reasons


def test_graver_orders_the_grades() -> None:
    order = [None, *GRADES]
    assert [[graver(a, b) for b in order] for a in order] == [[i > j for j in range(5)] for i in range(5)]


@UNHURRIED
@given(st.integers(1, 400), st.integers(0, 100), st.sampled_from([f"T{n:02}" for n in range(1, 16)]))
def test_more_dead_never_make_a_lighter_grade(deaths: int, more: int, type_: str) -> None:
    def rank(n: int) -> int:
        proposal: Proposal = propose(type_, stated(deaths=n), True, BUREAU)
        return RANK[proposal.grade]

    assert rank(deaths + more) >= rank(deaths)
