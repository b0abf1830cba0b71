"""The table of rights: who may do what, and nobody else."""

from __future__ import annotations

import pytest

from console.permissions import ACTS, Rights, may
from flow.roles import ROLES
from tests.console import city

pytestmark = pytest.mark.django_db
OF_FILES = {"import_files", "undo_import"}
OF_CLOCKS = {"correct_clock", "rule_answer", "close_event", "settle_duty"}
MAY = {
    "duty_officer": {"acknowledge", "grade", "open_event", "draft_release", "publish_release", "save_topic", "sign_handover", "regroup", "correct_reading", "import_files"} | OF_CLOCKS,
    "shift_leader": {
        "acknowledge", "grade", "second_grade", "open_event", "draft_release", "review_release", "publish_release",
        "save_topic", "manage_rota", "sign_handover", "regroup", "correct_reading", "close_alert", "pause_clock",
    } | OF_CLOCKS | OF_FILES,
    "centre_head": {
        "acknowledge", "grade", "second_grade", "open_event", "draft_release", "review_release", "publish_release",
        "manage_sources", "approve_source", "see_record", "manage_channels", "save_topic", "regroup", "correct_reading", "close_alert", "pause_clock", "exempt_clock",
    } | OF_CLOCKS | OF_FILES,
    "bureau_leader": {"approve_source", "see_record", "acknowledge", "second_grade", "close_alert", "exempt_clock", "close_event"},
    "analyst": {"draft_release", "save_topic", "correct_reading", "import_files"},
    "judge": {"save_topic", "regroup", "correct_reading"},
    "liaison": {"letters"},
    "legal": {"approve_source", "see_record"},
    "admin": {"manage_sources", "see_record", "manage_rota", "manage_channels"} | OF_FILES,
}  # fmt: skip


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_exactly_this(role):
    user = city.person("someone", role)
    assert {act for act in ACTS if may(user, act)} == MAY.get(role, set())


def test_nobody_stands_above_the_table():
    root = city.person("root", is_superuser=True)
    assert not any(may(root, act) for act in ACTS)


def test_who_left_may_nothing():
    user = city.person("gone", "shift_leader", is_active=False)
    assert not any(may(user, act) for act in ACTS)


def test_a_right_that_is_not_in_the_table_is_a_mistake():
    with pytest.raises(KeyError):
        Rights(city.person("li", "duty_officer"))["acknowlege"]
