from __future__ import annotations

from bench.main import target
from bench.texts import incidents, mixed


def test_a_target_is_met_on_its_own_side_only():
    assert target("posts_per_s", ">=", 800, 801, "posts/s")["met"]
    assert not target("posts_per_s", ">=", 800, 799, "posts/s")["met"]
    assert target("first_page_s", "<=", 5, 4.9, "s")["met"]
    assert not target("first_page_s", "<=", 5, 5.1, "s")["met"]


def test_the_workload_is_the_same_every_time():
    assert mixed(500) == mixed(500)
    assert len(mixed(500)[1]) == 500


def test_no_two_incidents_of_the_workload_are_alike():
    assert len({title for title, _ in incidents()}) == len(incidents())
