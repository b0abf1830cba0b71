"""Every code the tables can hold has a Chinese word, so that no page shows a bare one."""

from __future__ import annotations

from alerts.models import Delivery
from analysis import facts
from console import words
from flow.roles import ROLES
from sla import engine


def test_every_figure_and_flag_has_a_word():
    assert set(facts.QUANTITIES) == set(words.FACTS)
    assert set(facts.FLAGS) <= set(words.FLAGS)


def test_every_standing_has_a_word_and_a_shape_of_its_own():
    known = {engine.OPEN, engine.NEAR, engine.MISSED, engine.MET, engine.MET_LATE, engine.EXEMPT, engine.SUPERSEDED}
    assert known <= set(words.STANDINGS)
    running = [words.STANDINGS[s] for s in (engine.OPEN, engine.NEAR, engine.MISSED, engine.MET, engine.MET_LATE)]
    assert len({word for word, _ in running}) == len({shape for _, shape in running}) == 5


def test_every_grade_has_a_shape_of_its_own():
    assert set(words.GRADE_LOOKS) == set(engine.GRADES)
    assert len({shape for _, shape in words.GRADE_LOOKS.values()}) == 4


def test_every_level_of_the_ladder_is_a_role():
    assert set(words.LEVEL_ROLES) <= set(ROLES)


def test_every_receipt_level_has_a_word():
    assert Delivery._meta.get_field("receipt").default in words.RECEIPTS
    assert set(words.RECEIPTS) == {f"L{n}" for n in range(5)}
