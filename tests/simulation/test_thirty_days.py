"""Thirty days over 中秋 and 国庆 with their make-up days: people, outages, a robot that fails, a clock that jumps."""

from __future__ import annotations

import random

import pytest

from alerts.models import Alert, Delivery
from sla.models import Obligation
from tests.flow.city import at
from tests.simulation.world import World

# Committed as it goes: in one long transaction PostgreSQL could clean up none of its dead rows, and each step would cost
# more than the one before.
pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True)]
GRADES = ("特别重大", "重大", "较大", "一般")
CODES = ("K5", "K5-close", "K5-object", "K5b")


def one_act(world: World, dice: random.Random) -> None:
    n = dice.randrange(1000)
    acts = (
        (4, lambda: world.open(dice.choice((*GRADES, None)), dice.choice((0, 1, 4, 7, 30)))),
        (6, lambda: world.post(n)),
        (8, lambda: world.grade(n, dice.choice(GRADES))),
        (20, lambda: world.publish(n, dice.choice(("K1", "K2", "K3", "")))),
        (14, lambda: world.acknowledge(n)),
        (4, lambda: world.correct(n, dice.choice((1, 6, 30)))),
        (3, lambda: world.exempt(n, dice.choice(("K1", "K2", "K3")))),
        (7, lambda: world.merge(n, dice.randrange(1000))),
        (3, lambda: world.undo(n)),
        (3, lambda: world.split(n)),
        (14, lambda: world.close(n)),
        (2, lambda: world.reopen(n)),
        (2, lambda: world.pause(n)),
        (2, lambda: world.resume(n)),
        (3, lambda: world.letter(n % 5, dice.choice(CODES))),
        (3, lambda: world.answer_letter(n % 5, dice.choice(CODES))),
        (3, lambda: world.kill_a_sender(after_sending=n % 2 == 0)),
        (2, world.kill_a_transaction),
    )
    dice.choices([act for _, act in acts], [weight for weight, _ in acts])[0]()


def thirty_days(seed: int, step_h: float = 6) -> World:
    dice = random.Random(seed)
    world = World(at("2026-09-15 08:00"))
    days = {
        3: lambda: world.live(5),  # the clock is set 5 h ahead
        6: lambda: world.live(-3),  # and 3 h back
        9: lambda: setattr(world, "watching", False),  # an outage of 6 h
        10: lambda: (world.open("重大", 1), world.open("特别重大", 2), world.merge(-2, -1)),
        11: lambda: world.undo(-1),
        15: lambda: setattr(world, "robot_up", False),
        24: lambda: setattr(world, "robot_up", False),
    }
    steps = int(30 * 24 / step_h)
    for i in range(steps):
        if i * step_h % 24 == 0 and (happens := days.get(int(i * step_h // 24))):
            happens()
        for _ in range(dice.choice((0, 1, 1, 2))):
            one_act(world, dice)
        world.live(step_h)
        if not world.watching and i * step_h % 24 >= 6:
            world.watching = True
            world.tick()
        world.robot_up = world.robot_up or i * step_h % 24 >= 12
        world.check()
    world.end()
    return world


def test_thirty_days_keep_every_invariant():
    world = thirty_days(seed=4)
    assert world.done > 50, "a month in which next to nothing happened shows nothing"
    kinds = set(Alert.objects.values_list("kind", flat=True))
    assert kinds >= {"opened", "near", "missed", "still_missed", "met", "regraded"}
    assert {o.duty for o in Obligation.objects.filter(settled_at__isnull=False)} >= {"K1", "K2"}
    assert Obligation.objects.filter(made_by__startswith="merge:").exists()
    assert Obligation.objects.filter(made_by__startswith="unmerge:").exists()
    assert Obligation.objects.filter(duty="K6", subject__endswith="2026Q3").exists()
    assert Obligation.objects.filter(duty="K6", subject__endswith="2026Q4").exists()
    assert Delivery.objects.filter(attempts__gt=1).exists()


@pytest.mark.parametrize("seed", (10, 12))
def test_two_other_months_keep_them_too(seed):
    assert thirty_days(seed, step_h=2).done > 50
