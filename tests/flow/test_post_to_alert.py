"""A post comes in; an incident is recognised, graded with reasons, its clocks run, people are told. One transaction."""

from datetime import timedelta

import pytest

from alerts.models import Alert, Delivery
from analysis.models import Event, Grading, Reading
from archive.models import Change, Post
from flow import intake
from flow.models import Outcome
from flow.placing import Placer
from sla.models import Milestone, Obligation
from tests.flow.city import FIRE, POLICY, READERS, at, play, post

pytestmark = pytest.mark.django_db


def test_a_grave_fire_is_graded_with_its_clause_and_both_clocks_start_when_it_happened():
    post(*FIRE, "2026-11-23 09:00", outlet="media", site="华商网")
    counts = play("2026-11-23 09:05")
    assert counts["opened"] == 1
    event = Event.objects.get()
    assert (event.grade, event.provisional, event.jurisdiction) == ("重大", True, "ours")
    grading = Grading.objects.get()
    assert "493" in grading.clause and "11" in grading.evidence[0]["quote"]
    clocks = {ob.duty: ob for ob in Obligation.objects.filter(event__isnull=False)}
    assert set(clocks) == {"K1", "K2"}
    assert clocks["K1"].start_basis == "t_event"
    assert clocks["K1"].due_at == at("2026-11-23 13:00")
    assert clocks["K2"].due_at == at("2026-11-24 08:00")
    assert clocks["K1"].rule["hours"] == 5 and clocks["K1"].rule["edition"]


def test_the_duty_officer_is_told_once_with_grade_reason_and_deadline():
    post(*FIRE, "2026-11-23 09:00", outlet="media", site="华商网")
    play("2026-11-23 09:05")
    alert = Alert.objects.get(kind="opened", level=1)
    assert "重大" in alert.title and "493" in alert.text and "13:00" in alert.text
    delivery = alert.deliveries.get(channel="console")
    assert (delivery.address, delivery.state) == ("role:duty_officer", "sent")
    before = Alert.objects.count(), Delivery.objects.count()
    assert play("2026-11-23 09:06")["read"] == 0
    assert (Alert.objects.count(), Delivery.objects.count()) == before


def test_everything_about_one_post_is_written_together_or_not_at_all(monkeypatch):
    post(*FIRE)

    def broken(*args, **kwargs):
        raise RuntimeError("the outbox fell over")

    placer = Placer(POLICY.edition, READERS.here)
    with monkeypatch.context() as m:
        m.setattr("alerts.outbox.write", broken)
        with pytest.raises(RuntimeError):
            play("2026-11-23 09:05", placer)
    assert not Event.objects.exists() and not Outcome.objects.exists() and not Obligation.objects.exists()
    assert Post.objects.filter(unread=True).count() == 1
    # The same writer goes on: what it had remembered of the failed batch is forgotten.
    assert play("2026-11-23 09:05", placer)["opened"] == 1
    assert Event.objects.get().posts == 1


def test_every_post_has_exactly_one_outcome():
    post(*FIRE, "2026-11-23 09:00")
    post("今天秋高气爽适合出游", "城墙根下的银杏黄了，周末去拍照。", "2026-11-23 09:01")
    post("转发：" + FIRE[0], FIRE[1], "2026-11-23 09:02", site="今日头条")
    counts = play("2026-11-23 09:05")
    assert counts["read"] == 3 == Outcome.objects.count()
    assert counts["joined"] + counts["opened"] + counts["not_relevant"] + counts["set_aside"] == 3
    assert counts["not_relevant"] == 1
    assert Reading.objects.filter(tier="none").get().reasons is not None


def test_three_grave_incidents_of_one_district_and_morning_are_three_events():
    post(*FIRE, "2026-11-23 09:00", outlet="media", site="华商网")
    blast = "11月23日9时许，西安市灞桥区一居民楼发生燃气爆炸，已造成21人死亡，公安、消防正在现场救援。"
    post("灞桥区燃气爆炸 已致21人死亡", blast, "2026-11-23 09:30", outlet="media", site="华商网")
    crash = "11月23日9时40分许，西安市灞桥区一路口大巴与货车相撞，造成12人死亡，交警正在现场处置。"
    post("灞桥区大巴与货车相撞 已致12人死亡", crash, "2026-11-23 09:50", outlet="media", site="华商网")
    later = "西安市灞桥区某厂房火灾死亡人数升至14人，截至11时明火已扑灭。"
    post("灞桥区厂房火灾死亡人数升至14人", later, "2026-11-23 11:10", outlet="media", site="西部网")
    play("2026-11-23 11:15")
    assert sorted(e.posts for e in Event.objects.all()) == [1, 1, 2]
    assert Obligation.objects.filter(duty="K1", superseded_at=None).count() == 3


def test_copies_are_folded_and_counted_in_one_event():
    post(*FIRE, "2026-11-23 09:00")
    for minute, site in enumerate(("今日头条", "抖音", "百家号"), 1):
        post(FIRE[0], FIRE[1] + "（转）", f"2026-11-23 09:0{minute}", site=site)
    play("2026-11-23 09:10")
    event = Event.objects.get()
    assert (event.posts, event.folds) == (4, 1)


def test_a_rising_death_toll_raises_the_grade_and_opens_the_clocks_late_upgrade_included():
    four = "11月23日8时许，西安市灞桥区某厂房发生火灾，已造成4人死亡，伤者已送医。"
    post("灞桥区厂房火灾致4人死亡", four, "2026-11-23 09:00", outlet="media", site="华商网")
    play("2026-11-23 09:05")
    assert Event.objects.get().grade == "较大"
    eleven = "最新消息：西安市灞桥区某厂房火灾死亡人数升至11人，公安机关已控制企业负责人。"
    post("灞桥区厂房火灾死亡人数升至11人", eleven, "2026-11-23 15:00", outlet="media", site="华商网")
    play("2026-11-23 15:05")
    event = Event.objects.get()
    assert event.grade == "重大"
    # Never from the grading: 8:00 + 5 h had passed when it became known how grave it is.
    k1 = event.obligations.get(duty="K1", superseded_at=None)
    assert k1.due_at == at("2026-11-23 13:00")
    told = Alert.objects.filter(event=event, raised_at__gte=at("2026-11-23 15:00"))
    assert {a.kind for a in told} == {"regraded"}, "one collapsed notice, no flood"
    assert "K1 发布权威信息：11月23日 13:00 截止，已超时" in told.get(level=1).text
    # As widely as a missed deadline of this grade is told; and the reminders go on from here.
    assert set(told.values_list("level", flat=True)) >= {1, 2, 3}
    play("2026-11-23 17:00")
    assert Alert.objects.filter(event=event, kind="still_missed", level=1, milestone__obligation=k1).count() == 1


def test_a_new_grade_stands_the_earlier_notice_down():
    ask = "西安市灞桥区某厂房起火，有没有人受伤？请公安局通报！"
    post("灞桥区厂房起火，求通报", ask, "2026-11-23 09:00")
    play("2026-11-23 09:05")
    assert Alert.objects.get(kind="opened", level=1).stood_down_at is None
    post(*FIRE, "2026-11-23 09:10", outlet="media", site="华商网")
    play("2026-11-23 09:15")
    assert Alert.objects.get(kind="opened", level=1).stood_down_at == at("2026-11-23 09:15")
    assert Alert.objects.get(kind="regraded", level=1).stood_down_at is None


def test_a_second_reading_of_the_same_round_changes_nothing():
    post(*FIRE)
    placer = Placer(POLICY.edition, READERS.here)
    play("2026-11-23 09:05", placer)
    rows = [m.objects.count() for m in (Event, Obligation, Milestone, Alert, Delivery, Outcome, Reading)]
    play("2026-11-23 09:05", Placer(POLICY.edition, READERS.here))
    assert [m.objects.count() for m in (Event, Obligation, Milestone, Alert, Delivery, Outcome, Reading)] == rows


def test_a_restarted_writer_joins_later_posts_to_the_event_it_opened_before():
    post(*FIRE, "2026-11-23 09:00")
    play("2026-11-23 09:05", Placer(POLICY.edition, READERS.here))
    post(FIRE[0], FIRE[1], "2026-11-23 09:20", site="今日头条")
    assert play("2026-11-23 09:25", Placer(POLICY.edition, READERS.here))["joined"] == 1
    assert Event.objects.get().posts == 2


def test_a_post_that_cannot_be_read_is_set_aside_with_its_error_and_the_rest_goes_on(monkeypatch):
    bad = post("坏的一条", "内容", "2026-11-23 09:00")
    post(*FIRE, "2026-11-23 09:01")
    read = READERS.here.read

    def fails_once(text):
        if text.title == "坏的一条":
            raise ValueError("cannot make sense of this")
        return read(text)

    monkeypatch.setattr(READERS.here, "read", fails_once)
    counts = play("2026-11-23 09:05")
    assert (counts["set_aside"], counts["opened"]) == (1, 1)
    assert "cannot make sense" in bad.outcome.error


def test_a_post_that_cannot_be_written_is_set_aside_alone(monkeypatch):
    bad = post("灞桥区某路口两车相撞致1人受伤", "交警正在处理。", "2026-11-23 09:00")
    post(*FIRE, "2026-11-23 09:01")
    place = Placer._reading

    def breaks(self, what, *rest):
        if what.id == bad.id and rest[1] is not None:
            raise ValueError("a row that no table takes")
        return place(self, what, *rest)

    monkeypatch.setattr(Placer, "_reading", breaks)
    counts = play("2026-11-23 09:05")
    assert (counts["set_aside"], counts["opened"]) == (1, 1)
    assert Outcome.objects.get(post=bad).kind == "set_aside"


def test_a_post_from_the_future_waits_in_a_replay_and_is_corrected_live():
    late = post("灞桥区发生交通事故", "灞桥区两车相撞，交警已到场。", at("2026-11-23 09:00") + timedelta(days=30),
                received=at("2026-11-23 09:01"))  # fmt: skip
    assert play("2026-11-23 09:05")["read"] == 0
    assert play("2026-11-23 09:06", replay=False)["read"] == 1
    late.refresh_from_db()
    assert late.published_at == at("2026-11-23 09:01") and "未来" in late.notes[0]


def test_detection_is_never_later_than_the_round_that_reads_it():
    post(*FIRE, "2026-11-23 09:00", received=at("2026-12-01 00:00"))
    play("2026-11-23 09:05")
    assert Event.objects.get().t_detected == at("2026-11-23 09:05")


def test_an_earlier_start_found_later_makes_a_new_revision_and_replaces_the_notice():
    text = "西安市灞桥区某厂房发生火灾，已造成11人死亡、6人受伤，公安、消防正在现场处置。"
    post(FIRE[0], text, "2026-11-23 09:00", outlet="media", site="华商网")
    play("2026-11-23 09:05")
    first = Obligation.objects.get(duty="K1")
    assert (first.start_basis, first.due_at) == ("t_first_post", at("2026-11-23 14:00"))
    post(FIRE[0], "11月23日8时许，" + text, "2026-11-23 09:30", outlet="media", site="西部网")
    play("2026-11-23 09:35")
    second = Obligation.objects.get(duty="K1", superseded_at=None)
    assert (second.rev, second.start_basis, second.due_at) == (2, "t_event", at("2026-11-23 13:00"))
    assert second.original_due_at == first.due_at
    open_notices = Alert.objects.filter(kind="opened", level=1, stood_down_at=None)
    assert [a.key for a in open_notices] == [f"event:{second.event_id}:opened:K1.2+K2.2:L1"]
    play("2026-11-23 14:00")
    assert not Alert.objects.filter(milestone__obligation=first).exists()


def test_nothing_is_detected_before_it_was_said():
    post(*FIRE, "2026-11-23 09:00", received=at("2026-11-01 00:00"))
    play("2026-11-23 09:05")
    event = Event.objects.get()
    assert event.t_detected == at("2026-11-23 09:00")
    assert event.obligations.get(duty="K1").due_at == at("2026-11-23 13:00")


def test_an_event_elsewhere_is_kept_and_owes_nothing():
    post("沈阳一厂房起火致12人死亡", "11月23日8时许，辽宁沈阳铁西区一厂房发生火灾，已造成12人死亡。警方介入调查。")
    play("2026-11-23 09:05")
    event = Event.objects.get()
    assert (event.jurisdiction, event.grade) == ("elsewhere", "重大")
    assert not event.obligations.exists() and not Alert.objects.exists()
    assert "外地" in event.owes_reason


def test_a_complaint_about_our_police_owes_an_answer_in_forty_eight_hours_and_praise_does_not():
    post("投诉雁塔分局某派出所不予立案", "西安市雁塔区，我被骗三万元，派出所民警推诿扯皮不予立案，求关注！", "2026-11-23 09:00")
    post("为莲湖分局民警点赞", "西安莲湖分局民警帮走失老人找到家，暖心点赞，送锦旗！", "2026-11-23 09:01", site="微信")
    play("2026-11-23 09:05")
    asked = Obligation.objects.get(event__isnull=False)
    assert asked.duty == "K3" and "不予立案" in asked.event.title
    assert asked.due_at - asked.starts_at == timedelta(hours=48)


def test_all_of_an_events_posts_are_indexed_again_when_its_grade_changes():
    first = post("灞桥区厂房火灾致4人死亡", "11月23日8时许，西安市灞桥区某厂房发生火灾，已造成4人死亡。", "2026-11-23 09:00")
    play("2026-11-23 09:05")
    Change.objects.all().delete()
    post("灞桥区厂房火灾死亡人数升至11人", "西安市灞桥区某厂房火灾死亡人数升至11人。", "2026-11-23 09:30")
    play("2026-11-23 09:35")
    assert Change.objects.filter(post=first).exists()


def test_a_grade_confirmed_while_a_batch_is_decided_is_not_lost(monkeypatch):
    from flow import acts
    from flow.placing import Placer as Writer
    from tests.flow.city import user

    post(*FIRE, "2026-11-23 09:00")
    placer = Placer(POLICY.edition, READERS.here)
    play("2026-11-23 09:05", placer)
    event = Event.objects.get()
    post(FIRE[0], FIRE[1], "2026-11-23 09:20", site="今日头条")
    decide, meanwhile = Writer.place, [True]

    def slow(self, *args):
        batch = decide(self, *args)
        if meanwhile.pop() if meanwhile else False:
            acts.grade_event(event.id, "重大", user("li"), "核实", None, POLICY, at("2026-11-23 09:24"), held=True)
        return batch

    monkeypatch.setattr(Writer, "place", slow)
    assert play("2026-11-23 09:25", placer)["joined"] == 1
    event.refresh_from_db()
    assert (event.posts, event.provisional) == (2, False)
    assert "确认重大" in event.reasons[0]


def test_a_failing_transaction_leaves_the_posts_for_the_next_round(monkeypatch):
    from django.db import OperationalError

    post(*FIRE)
    placer = Placer(POLICY.edition, READERS.here)

    def locked(*args, **kwargs):
        raise OperationalError("database is locked")

    with monkeypatch.context() as m:
        m.setattr("flow.intake.write", locked)
        with pytest.raises(OperationalError):
            intake.run(placer, READERS, POLICY, at("2026-11-23 09:05"), replay=True, held=True)
    assert Post.objects.get().unread
    assert play("2026-11-23 09:06", placer)["opened"] == 1
