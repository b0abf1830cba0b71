"""Merging, splitting and moving by a person, taken back, and not done again by the machine."""

import pytest

from analysis.models import Event, Grading, Reading
from archive.models import Change
from flow import parted, regroup
from flow.models import AuditEntry, MergeProposal, Outcome, Regroup
from flow.placing import Placer
from sla.engine import Unmet
from sla.models import Obligation
from tests.flow.city import FIRE, POLICY, READERS, at, play, post, user

pytestmark = pytest.mark.django_db

BRAWL = ("雁塔区一夜市多人持械斗殴", "11月23日晚，西安市雁塔区某夜市发生多人持械斗殴，3人受伤，民警到场处置。")
NOON = "2026-11-23 12:00"


def act(when=NOON, reason="同一件事", by="zhang"):
    return regroup.Act(user=user(by), reason=reason, policy=POLICY, now=at(when), held=True)


def placer():
    return Placer(POLICY.edition, READERS.here)


@pytest.fixture
def two():
    """A fire and a brawl: two events."""
    post(*FIRE, "2026-11-23 09:00", outlet="media", site="华商网")
    post(*BRAWL, "2026-11-23 09:30", outlet="media", site="西部网")
    play("2026-11-23 10:00")
    fire, brawl = Event.objects.order_by("id")
    return fire, brawl


def posts_of(event):
    return set(Reading.objects.filter(event=event).values_list("post_id", flat=True))


def test_two_events_become_one_with_all_posts_facts_and_clocks(two):
    fire, brawl = two
    before = posts_of(brawl) | posts_of(fire)
    Change.objects.all().delete()
    regroup.merge(brawl.pk, fire.pk, act())
    brawl.refresh_from_db()
    fire.refresh_from_db()
    assert posts_of(brawl) == before and fire.merged_into == brawl
    assert (brawl.posts, brawl.folds) == (2, 2)
    assert brawl.grade == "重大" and brawl.facts["deaths"]["low"] == 11
    standing = Obligation.objects.filter(superseded_at=None)
    assert {(ob.event_id, ob.duty) for ob in standing} >= {(brawl.pk, "K1"), (brawl.pk, "K2")}
    assert not standing.filter(event=fire).exists()
    assert Change.objects.filter(post_id__in=before).count() >= 1  # searched by event and grade: indexed again
    assert AuditEntry.objects.filter(action="event.merged", actor="zhang").count() == 1
    assert Outcome.objects.filter(event=fire).count() == 1  # what the machine did stays on record


def test_a_merge_taken_back_gives_each_its_posts_grade_and_clocks(two):
    fire, brawl = two
    grades = {e.pk: e.grade for e in two}
    mine = {e.pk: posts_of(e) for e in two}
    row = regroup.merge(brawl.pk, fire.pk, act())
    regroup.undo(row.pk, act("2026-11-23 12:10", "看错了"))
    for event in two:
        event.refresh_from_db()
        assert (event.merged_into, event.grade, posts_of(event)) == (None, grades[event.pk], mine[event.pk])
    standing = Obligation.objects.filter(superseded_at=None, event=fire)
    assert {ob.duty for ob in standing} >= {"K1", "K2"}
    assert not Obligation.objects.filter(superseded_at=None, event=brawl, duty="K1").exists()
    assert frozenset((fire.pk, brawl.pk)) in parted.kept_apart([fire.pk])
    row.refresh_from_db()
    assert row.undone_by == user("zhang")


def test_posts_split_off_make_an_event_of_their_own_with_their_copies(two):
    fire, brawl = two
    regroup.merge(fire.pk, brawl.pk, act())
    repost = post("", f"//@西部网:{BRAWL[1]}", "2026-11-23 12:05", is_repost=True)
    play("2026-11-23 12:10")
    assert Reading.objects.get(post=repost).event == fire
    wrong = Reading.objects.filter(event=fire, post__site="西部网").first()
    row = regroup.split(fire.pk, [wrong.post_id], act("2026-11-23 12:20", "不是一件事"), title="雁塔夜市斗殴")
    new = row.into
    assert posts_of(new) == {wrong.post_id, repost.pk} and new.title == "雁塔夜市斗殴" and new.named_by == user("zhang")
    fire.refresh_from_db()
    assert fire.posts == 1 and fire.grade in ("重大", "特别重大")  # never lowered by one person's regrouping
    assert new.grade != "重大" and new.t_first_post == wrong.post.published_at


def test_copies_of_what_was_split_off_follow_it_and_the_machine_does_not_join_them_again(two):
    fire, brawl = two
    regroup.merge(fire.pk, brawl.pk, act())
    writer = placer()
    play("2026-11-23 12:05", writer)
    wrong = Reading.objects.get(event=fire, post__site="西部网")
    new = regroup.split(fire.pk, [wrong.post_id], act("2026-11-23 12:20", "不是一件事")).into
    copy = post(*BRAWL, "2026-11-23 12:30", outlet="media", site="三秦网")
    play("2026-11-23 12:35", writer)
    assert Reading.objects.get(post=copy).event == new
    new.closed_at = at("2026-11-23 12:40")
    new.save()
    later = post(*BRAWL, "2026-11-23 12:50", outlet="media", site="西安网")
    play("2026-11-23 12:55", writer)
    assert Reading.objects.get(post=later).event not in (fire, new)  # opened anew rather than put back


def test_a_split_taken_back_brings_also_what_has_joined_since(two):
    fire, brawl = two
    regroup.merge(fire.pk, brawl.pk, act())
    wrong = Reading.objects.get(event=fire, post__site="西部网")
    row = regroup.split(fire.pk, [wrong.post_id], act("2026-11-23 12:20", "不是一件事"))
    copy = post(*BRAWL, "2026-11-23 12:30", outlet="media", site="三秦网")
    play("2026-11-23 12:35")
    regroup.undo(row.pk, act("2026-11-23 12:40", "是一件事"))
    fire.refresh_from_db()
    assert copy.pk in posts_of(fire) and fire.posts == 3
    assert Event.objects.get(pk=row.into_id).merged_into == fire


def test_moved_posts_are_counted_where_they_are_and_come_back(two):
    fire, brawl = two
    extra = post("雁塔区夜市斗殴 伤者增至5人", "西安市雁塔区夜市持械斗殴，伤者增至5人，公安已控制7人。", "2026-11-23 10:30", outlet="media")
    play("2026-11-23 10:40")
    assert Reading.objects.get(post=extra).event == brawl
    row = regroup.move(brawl.pk, [extra.pk], fire.pk, act())
    for event, count in ((fire, 2), (brawl, 1)):
        event.refresh_from_db()
        assert event.posts == count
    regroup.undo(row.pk, act("2026-11-23 12:10", "看错了"))
    for event, count in ((fire, 1), (brawl, 2)):
        event.refresh_from_db()
        assert event.posts == count
    assert Reading.objects.get(post=extra).event == brawl


def test_steps_are_taken_back_newest_first(two):
    fire, brawl = two
    first = regroup.merge(fire.pk, brawl.pk, act())
    wrong = Reading.objects.get(event=fire, post__site="西部网")
    second = regroup.split(fire.pk, [wrong.post_id], act("2026-11-23 12:20", "不是"))
    with pytest.raises(Unmet, match=f"其后还有一步 {second.pk}"):
        regroup.undo(first.pk, act())
    regroup.undo(second.pk, act())
    regroup.undo(first.pk, act())
    with pytest.raises(Unmet, match="已经撤销"):
        regroup.undo(first.pk, act())


@pytest.mark.parametrize("wrong", ["itself", "unknown", "no_reason", "all_posts", "foreign_post", "no_posts", "merged", "closed"])
def test_what_makes_no_sense_is_refused_and_nothing_is_written(two, wrong):
    fire, brawl = two
    mine = posts_of(fire)
    calls = {
        "itself": (lambda: regroup.merge(fire.pk, fire.pk, act()), "gone"),
        "unknown": (lambda: regroup.merge(fire.pk, 999, act()), "gone"),
        "no_reason": (lambda: regroup.merge(fire.pk, brawl.pk, act(reason=" ")), "reason"),
        "all_posts": (lambda: regroup.split(fire.pk, mine, act()), "posts"),
        "foreign_post": (lambda: regroup.split(fire.pk, posts_of(brawl), act()), "posts"),
        "no_posts": (lambda: regroup.move(fire.pk, [], brawl.pk, act()), "posts"),
        "merged": (lambda: regroup.split(fire.pk, mine, act()), "event"),
        "closed": (lambda: regroup.merge(fire.pk, brawl.pk, act()), "into"),
    }
    if wrong == "merged":
        Event.objects.filter(pk=fire.pk).update(merged_into=brawl)
    if wrong == "closed":
        Event.objects.filter(pk=fire.pk).update(closed_at=at(NOON))
    do, field = calls[wrong]
    with pytest.raises(Unmet) as refused:
        do()
    assert refused.value.field == field
    assert not Regroup.objects.exists() and posts_of(fire) == mine


def test_a_grade_a_person_gave_survives_regrouping(two):
    fire, brawl = two
    Event.objects.filter(pk=brawl.pk).update(grade="特别重大", provisional=False)
    row = regroup.merge(brawl.pk, fire.pk, act())
    regroup.undo(row.pk, act("2026-11-23 12:10", "看错了"))
    brawl.refresh_from_db()
    assert (brawl.grade, brawl.provisional) == ("特别重大", False)
    assert not Grading.objects.filter(event=brawl, grade="重大").exists()


def test_a_batch_decided_before_a_merge_is_decided_again(two, monkeypatch):
    from flow import intake

    fire, brawl = two
    more = post("雁塔区夜市斗殴 伤者增至5人", "西安市雁塔区夜市持械斗殴，伤者增至5人，公安已控制7人。", "2026-11-23 10:30", outlet="media")
    write, done = intake.write, []

    def meanwhile(batch, policy, now, *, held):
        if not done:
            done.append(regroup.merge(fire.pk, brawl.pk, act("2026-11-23 10:35")))
        return write(batch, policy, now, held=held)

    monkeypatch.setattr(intake, "write", meanwhile)
    play("2026-11-23 10:40")
    fire.refresh_from_db()
    assert Reading.objects.get(post=more).event == fire and fire.posts == 3
    assert Event.objects.get(pk=brawl.pk).merged_into == fire


def test_a_declined_proposal_is_not_made_again(two):
    fire, brawl = two
    made = MergeProposal.objects.create(into=fire, gone=brawl, at=at(NOON), score=0.6)
    regroup.decline(made.pk, user("zhang"), at(NOON))
    assert frozenset((fire.pk, brawl.pk)) in parted.kept_apart([fire.pk, brawl.pk])
    with pytest.raises(Unmet):
        regroup.decline(made.pk, user("zhang"), at(NOON))


@pytest.fixture
def parted_twins():
    """Two posts of one affair that stand as two events."""
    post("雁塔区烧烤店爆炸致3人受伤", "西安市雁塔区一烧烤店发生爆炸，3人受伤，民警到场。", "2026-11-23 09:00", outlet="media", site="华商网")
    post("雁塔区烧烤店爆炸3人受伤 民警到场", "西安市雁塔区烧烤店爆炸，3人受伤，民警在现场。", "2026-11-23 09:10", outlet="media", site="西部网")
    play("2026-11-23 09:15")
    event, second = Event.objects.get(), Reading.objects.get(post__site="西部网")
    return event, regroup.split(event.pk, [second.post_id], act("2026-11-23 09:20", "疑似两起")).into


def an_hour_passes(when="2026-11-23 10:05"):
    post(f"某小区业主堵门维权 民警到场 {when}", "西安市未央区某小区业主堵门维权，民警到场。", when, outlet="media")
    play(when)


def test_events_a_person_has_parted_are_neither_proposed_nor_merged(parted_twins):
    an_hour_passes()
    assert not MergeProposal.objects.exists() and Regroup.objects.count() == 1


def test_events_that_look_like_one_are_proposed_when_a_person_has_touched_one(parted_twins):
    event, new = parted_twins
    Regroup.objects.all().delete()
    Event.objects.filter(pk=new.pk).update(provisional=False)
    an_hour_passes()
    made = MergeProposal.objects.get()
    assert (made.into_id, made.gone_id, made.state) == (event.pk, new.pk, "open") and made.reasons
    regroup.merge(event.pk, new.pk, act("2026-11-23 11:05"))
    made.refresh_from_db()
    assert made.state == "accepted"


def test_untouched_twins_are_merged_by_the_engine_and_taken_back_by_a_person(parted_twins):
    event, new = parted_twins
    Regroup.objects.all().delete()
    an_hour_passes()
    row = Regroup.objects.get()
    assert (row.kind, row.by, row.into_id, row.out_of_id) == ("merge", None, event.pk, new.pk)
    assert "无人处理过" in row.reason
    regroup.undo(row.pk, act("2026-11-23 10:10", "是两起"))
    an_hour_passes("2026-11-23 11:05")
    new.refresh_from_db()
    assert new.merged_into is None and Regroup.objects.count() == 1 and not MergeProposal.objects.exists()


def test_an_event_nobody_speaks_of_any_more_grows_cold(two):
    from flow import warmth

    fire, _ = two
    post("灞桥区厂房起火视频", "灞桥区厂房起火，现场视频。", "2026-11-23 10:30", reposts=20_000)
    play("2026-11-23 10:40")
    fire.refresh_from_db()
    assert fire.heat == "orange" and fire.heat_parts["reason"].startswith("转发")
    assert warmth.cool(at("2026-11-25 12:00")) == 1
    fire.refresh_from_db()
    assert fire.heat == "blue" and fire.heat_parts["peak"] > fire.heat_index
