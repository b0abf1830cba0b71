"""Posts that seemed irrelevant wait by their rarest pairs and are found again by what an event says later."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import joining, waiting
from analysis.sketches import RAREST, lead, rare_grams, sketch
from analysis.waiting import ASKED, HELD_H, Held, Waiting
from tests.analysis.words import reader

MODEL = joining.load()


def held(post_id: int, title: str, hour: float = 0.0) -> Held:
    pairs = rare_grams(lead(title, ""), MODEL.vocabulary)
    return Held(post_id, hour, "", 0.9, tuple(pairs)[:RAREST])


def said(title: str, hour: float = 1.0):
    return sketch(lead(title, ""), reader().cut, MODEL.vocabulary, hour=hour)


def test_a_headline_without_an_incident_is_found_when_the_event_is_known():
    some = Waiting()
    some.add(held(1, "男子做核磁被忘机器上一整夜"))
    some.add(held(2, "高铁上的盒饭又涨价了"))
    assert [h.post_id for h in some.near(said("男子做核磁被忘机器上 妻子报警"))] == [1]
    some.drop(1)
    assert some.near(said("男子做核磁被忘机器上 妻子报警")) == []


def test_what_came_more_than_two_days_before_is_not_called_back():
    some = Waiting()
    some.add(held(1, "男子做核磁被忘机器上一整夜"))
    assert some.near(said("男子做核磁被忘机器上 妻子报警", HELD_H + 1)) == []


def test_one_post_calls_back_only_so_many_and_the_oldest_are_let_go(monkeypatch):
    monkeypatch.setattr(waiting, "MOST", 30)
    some = Waiting()
    for n in range(50):
        some.add(held(n, "男子做核磁被忘机器上一整夜"))
    assert len(some) == 30
    assert [h.post_id for h in some.near(said("男子做核磁被忘机器上 妻子报警"))] == list(range(20, 20 + ASKED))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 6), st.text(alphabet="甲乙丙丁戊己", min_size=2, max_size=6)), max_size=30))
def test_whatever_comes_and_goes_pairs_lead_just_to_what_is_held(steps):
    some, there = Waiting(), set()
    for adds, post_id, letters in steps:
        if adds:
            some.add(held(post_id, letters))
            there.add(post_id)
        else:
            some.drop(post_id)
            there.discard(post_id)
    assert {i for holding in some._holding.values() for i in holding} == there == set(some._held)
