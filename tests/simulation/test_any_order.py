"""Whatever people, posts, time and kills do in whatever order: every invariant holds after each step."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.flow.city import at
from tests.simulation.test_thirty_days import CODES, GRADES
from tests.simulation.world import World

which = st.integers(0, 50)


class AnyOrder(RuleBasedStateMachine):
    """Each example begins on empty tables and commits as the service would."""

    def __init__(self) -> None:
        super().__init__()
        call_command("flush", interactive=False, verbosity=0)
        self.world = World(at("2026-09-24 20:00"))

    def teardown(self) -> None:
        self.world.end()

    @initialize(grade=st.sampled_from(GRADES), ago=st.sampled_from([0, 4, 7, 30]))
    def begin(self, grade, ago):
        self.world.open(grade, ago)
        self.world.tick()

    @rule(grade=st.sampled_from([*GRADES, None]), ago=st.sampled_from([0, 1, 4, 7, 30]))
    def open(self, grade, ago):
        self.world.open(grade, ago)
        self.world.tick()

    @rule(n=which)
    def post(self, n):
        self.world.post(n)
        self.world.tick()

    @rule(hours=st.sampled_from([0.02, 0.5, 1, 3, 5, 24, -2]))
    def time(self, hours):
        self.world.live(hours)

    @rule(n=which)
    def ack(self, n):
        self.world.acknowledge(n)

    @rule(n=which, grade=st.sampled_from(GRADES))
    def regrade(self, n, grade):
        self.world.grade(n, grade)
        self.world.tick()

    @rule(n=which, duty=st.sampled_from(["K1", "K2", "K3", ""]))
    def release(self, n, duty):
        self.world.publish(n, duty)

    @rule(n=which, m=which)
    def merge(self, n, m):
        self.world.merge(n, m)
        self.world.tick()

    @rule(n=which)
    def undo(self, n):
        self.world.undo(n)
        self.world.tick()

    @rule(n=which)
    def split(self, n):
        self.world.split(n)
        self.world.tick()

    @rule(n=which, ago=st.sampled_from([0.5, 6, 30]))
    def correct(self, n, ago):
        self.world.correct(n, ago)
        self.world.tick()

    @rule(n=which, duty=st.sampled_from(["K1", "K2", "K3"]))
    def exempt(self, n, duty):
        self.world.exempt(n, duty)

    @rule(n=which)
    def close(self, n):
        self.world.close(n)

    @rule(n=which)
    def reopen(self, n):
        self.world.reopen(n)
        self.world.tick()

    @rule(n=which)
    def pause(self, n):
        self.world.pause(n)

    @rule(n=which)
    def resume(self, n):
        self.world.resume(n)
        self.world.tick()

    @rule(n=st.integers(0, 2), code=st.sampled_from(CODES))
    def letter(self, n, code):
        self.world.letter(n, code)

    @rule(n=st.integers(0, 2), code=st.sampled_from(CODES))
    def answer_letter(self, n, code):
        self.world.answer_letter(n, code)

    @rule(after=st.booleans())
    def kill_a_sender(self, after):
        self.world.kill_a_sender(after_sending=after)

    @rule()
    def kill_a_transaction(self):
        self.world.kill_a_transaction()

    @precondition(lambda self: self.world.robot_up)
    @rule()
    def robot_fails(self):
        self.world.robot_up = False

    @precondition(lambda self: not self.world.robot_up)
    @rule()
    def robot_comes_back(self):
        self.world.robot_up = True
        self.world.send()

    @invariant()
    def holds(self):
        self.world.check()


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_any_order_of_people_posts_time_and_kills_keeps_every_invariant():
    run_state_machine_as_test(
        AnyOrder,
        settings=settings(
            max_examples=60, stateful_step_count=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
