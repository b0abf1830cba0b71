"""Posts that seemed to concern nobody join the event that makes sense of them later; what people parted stays apart."""

from __future__ import annotations

import pytest

from analysis.models import Event, Reading
from archive.models import Change, Post
from flow import regroup
from flow.models import Outcome
from flow.placing import Placer
from tests.flow.city import POLICY, READERS, at, play, post, user

pytestmark = pytest.mark.django_db

HINT = "男子做核磁被忘机器上一整夜"
TOLD = "男子做核磁被忘机器上6小时 妻子报警民警赶到"


def placed(title: str) -> tuple[str, int | None]:
    outcome = Outcome.objects.get(post__title=title)
    assert Reading.objects.get(post__title=title).event_id == outcome.event_id
    return outcome.kind, outcome.event_id


@pytest.mark.parametrize("between", ["one batch", "two rounds", "a restart"])
def test_a_headline_without_an_incident_joins_the_event_that_explains_it(between):
    placer = Placer(POLICY.edition, READERS.here)
    post(HINT, when="2026-11-23 09:00")
    if between != "one batch":
        assert play("2026-11-23 09:05", placer)["not_relevant"] == 1
    post(TOLD, when="2026-11-23 11:00")
    counts = play("2026-11-23 11:05", Placer(POLICY.edition, READERS.here) if between == "a restart" else placer)
    event = Event.objects.get()
    assert placed(HINT) == ("joined", event.id)
    assert placed(TOLD) == ("opened", event.id)
    assert (event.posts, event.folds) == (2, 2)
    assert event.t_first_post == at("2026-11-23 11:00"), "words without an incident start no clock"
    assert counts["opened"] == 1
    assert any(reason.startswith("并入：") for reason in Reading.objects.get(post__title=HINT).reasons)
    assert Change.objects.filter(post__title=HINT).count() == (2 if between == "one batch" else 3), "it is indexed anew"


def test_a_headline_of_another_matter_stays_where_it_is():
    post("高铁上的盒饭又涨价了", when="2026-11-23 09:00")
    post(TOLD, when="2026-11-23 11:00")
    play("2026-11-23 11:05")
    assert placed("高铁上的盒饭又涨价了") == ("not_relevant", None)


def test_a_withdrawn_post_is_not_called_back():
    placer = Placer(POLICY.edition, READERS.here)
    post(HINT, when="2026-11-23 09:00")
    play("2026-11-23 09:05", placer)
    Post.objects.filter(title=HINT).update(withdrawn_at=at("2026-11-23 10:00"))
    post(TOLD, when="2026-11-23 11:00")
    play("2026-11-23 11:05", placer)
    assert placed(HINT) == ("not_relevant", None)


def test_what_a_person_took_out_of_the_event_does_not_come_back_by_a_copy():
    placer = Placer(POLICY.edition, READERS.here)
    post(HINT, when="2026-11-23 09:00")
    post(TOLD, when="2026-11-23 11:00")
    play("2026-11-23 11:05", placer)
    event = Event.objects.get()
    act = regroup.Act(user=user("li"), reason="另一件事", policy=POLICY, now=at("2026-11-23 11:30"), held=False)
    regroup.split(event.id, [Post.objects.get(title=HINT).id], act)
    post(HINT, when="2026-11-23 12:00", site="今日头条")
    play("2026-11-23 12:05", placer)
    copy = Outcome.objects.get(post__title=HINT, post__site="今日头条")
    assert copy.event_id != event.id
