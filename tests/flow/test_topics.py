"""专题: told as posts arrive, once, up to a limit, and swept at night."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.models import Alert, Delivery
from archive import indexing, query
from archive.models import SavedHit, SavedSearch
from flow import documents, topics, watch
from flow.placing import Placer
from tests.flow import city

NOW = city.at("2026-11-23 12:00")


@pytest.fixture
def topic(db, monkeypatch):
    # A test's rolled-back rows leave their ids to the next test: nothing may be remembered from it.
    monkeypatch.setattr(topics, "KEPT", topics.Topics())

    def make(text: str, **more) -> SavedSearch:
        known = {"owner": city.user("fen", "analyst"), "alerting": True, "created_at": NOW, "changed_at": NOW}
        return SavedSearch.objects.create(name=f"专题{text}", query=text, **(known | more))

    return make


@pytest.fixture
def placer():
    return Placer(city.POLICY.edition, city.READERS.here)


def told() -> list[Alert]:
    return list(Alert.objects.filter(kind="saved_search").order_by("id"))


def test_a_post_that_arrives_is_told_to_the_owner_once(topic, placer):
    row = topic("地铁")
    city.post("西安地铁二号线今早晚点", when="2026-11-23 08:00")
    city.play(NOW, placer)
    (alert,) = told()
    assert "地铁：1 条" in alert.title and "晚点" in alert.text and alert.event_id is None
    (delivery,) = Delivery.objects.filter(alert=alert)
    assert (delivery.channel, delivery.address) == ("console", "user:fen")
    assert row.hits.get().told_at == NOW
    city.play(NOW + timedelta(hours=1), placer)
    assert len(told()) == 1


def test_a_topic_may_tell_the_officer_on_duty(topic, placer):
    topic("地铁", tells="duty")
    city.post("西安地铁二号线今早晚点", when="2026-11-23 08:00")
    city.play(NOW, placer)
    assert {d.address for d in Delivery.objects.filter(alert__kind="saved_search")} == {"role:duty_officer"}


def test_many_hits_are_one_message_and_the_limit_says_how_many_it_keeps_back(topic, placer):
    row = topic("地铁", most_per_day=4)
    for n in range(6):
        city.post(f"地铁消息第{n}则 各不相同{n * 7919}", when="2026-11-23 08:00")
    city.play(NOW, placer)
    (alert,) = told()
    assert "4 条" in alert.title and "另有 2 条" in alert.text and "上限 4 条" in alert.text
    assert row.hits.filter(quiet="limit").count() == 2
    city.post("地铁又一则", when="2026-11-23 12:30")
    city.play(NOW + timedelta(hours=1), placer)
    assert len(told()) == 1, "the day is full"
    city.post("地铁第二天", when="2026-11-24 08:00")
    city.play(NOW + timedelta(days=1), placer)
    assert len(told()) == 2


def test_hits_that_follow_quickly_come_together(topic, placer):
    topic("地铁")
    city.post("地铁甲", when="2026-11-23 11:00")
    city.play(NOW, placer)
    city.post("地铁乙事", when="2026-11-23 12:00")
    city.play(NOW + timedelta(minutes=1), placer)
    city.post("地铁丙事", when="2026-11-23 12:02")
    city.play(NOW + timedelta(minutes=2), placer)
    assert len(told()) == 1
    city.play(NOW + timedelta(minutes=6), placer)
    assert [a.title for a in told()][1].endswith("2 条")


def test_muted_deleted_and_silent_topics_tell_nobody_but_keep_their_hits(topic, placer):
    muted = topic("地铁", muted_until=NOW + timedelta(days=1))
    silent = topic("二号线", alerting=False)
    topic("晚点", deleted_at=NOW)
    city.post("西安地铁二号线今早晚点", when="2026-11-23 08:00")
    city.play(NOW, placer)
    assert told() == []
    assert [h.quiet for h in (muted.hits.get(), silent.hits.get())] == ["muted", "not_alerting"]
    assert SavedHit.objects.count() == 2


def test_a_condition_on_the_event_is_met_when_the_post_is_placed(topic, placer):
    topic("等级:重大")
    city.post(*city.FIRE, when="2026-11-23 09:00")
    city.play(NOW, placer)
    assert len(told()) == 1


def test_a_changed_topic_is_followed_from_the_next_round(topic, placer):
    row = topic("公交")
    city.post("地铁甲", when="2026-11-23 11:00")
    city.play(NOW, placer)
    SavedSearch.objects.filter(id=row.id).update(query="地铁", changed_at=NOW + timedelta(minutes=1))
    city.post("地铁乙事", when="2026-11-23 12:01")
    city.play(NOW + timedelta(minutes=2), placer)
    assert row.hits.count() == 1


def test_a_topic_nobody_can_read_stops_no_round(topic, placer):
    topic("（没有配对")
    city.post(*city.FIRE, when="2026-11-23 09:00")
    assert city.play(NOW, placer)["opened"] == 1


@pytest.fixture
def indexed(settings, tmp_path):
    settings.DATA = tmp_path


def test_the_nightly_sweep_finds_what_arrival_could_not_know_and_tells_it_once(topic, placer, indexed):
    row = topic("地铁")
    city.post("地铁甲", when="2026-11-23 11:00")
    city.post("地铁乙事", when="2026-11-23 11:30")
    city.play(NOW, placer)
    row.hits.order_by("id").last().delete()
    indexing.drain(documents.documents)
    assert topics.sweep(city.at("2026-11-24 02:59")) == 0, "not yet night"
    night = city.at("2026-11-24 03:10")
    assert topics.sweep(night) == 1
    watch.run(city.POLICY, night, held=True)
    assert row.hits.get(swept=True).told_at == night and row.hits.count() == 2
    assert topics.sweep(night + timedelta(minutes=10)) == 0, "once a night"


def test_the_sweep_keeps_what_a_back_fill_brought_and_tells_nobody(topic, placer, indexed):
    row = topic("地铁")
    city.post("地铁旧闻", when="2026-11-23 11:00", past=True)
    city.play(NOW, placer)
    indexing.drain(documents.documents)
    night = city.at("2026-11-24 03:10")
    assert topics.sweep(night) == 1 and row.hits.get().quiet == "past"
    watch.run(city.POLICY, night, held=True)
    assert not told()


def test_a_trial_counts_what_a_topic_would_have_fired(db, indexed):
    for n in range(3):
        city.post(f"地铁{n}", when=NOW - timedelta(days=2, minutes=n))
    city.post("地铁旧", when=NOW - timedelta(days=30))
    indexing.drain(documents.documents)
    trial = topics.tried(query.parse("地铁"), NOW)
    assert (trial.total, trial.busiest) == (3, ("2026-11-21", 3))
    assert topics.too_often(trial, 3) == "" and "2026-11-21" in topics.too_often(trial, 2)


def test_the_simple_form_writes_the_language():
    text = topics.grouped([["地铁", "公交"], ["晚点"]], ["演练"])
    assert text == "(“地铁” 或 “公交”) “晚点” 非 “演练”"
    query.parse(text)
    assert topics.grouped([[""], []], ["x"]) == ""


QUIET = ("老城根G巷口的灯牌又亮了", "老城根G巷口的灯牌又亮了，好看。")


def test_a_topic_raises_what_the_rules_would_pass_over_and_says_so(topic, placer):
    post = city.post(*QUIET, when="2026-11-23 08:00")
    city.play(NOW, placer)
    assert post.outcome.kind == "not_relevant"
    topic("灯牌", raises="incident", names_type="T06", alerting=False)
    raised = city.post(QUIET[0] + "！", QUIET[1] + "又去看了。", when="2026-11-23 12:01")
    city.play(NOW + timedelta(minutes=5), placer)
    raised.refresh_from_db()
    assert raised.outcome.kind == "opened"
    assert (raised.reading.tier, raised.reading.type, raised.reading.event.type) == ("incident", "T06", "T06")
    assert any("专题“专题灯牌”命中" in reason for reason in raised.reading.reasons)


def test_a_topic_never_lowers_what_a_post_is(topic, placer):
    topic("厂房", raises="incident", alerting=False)
    post = city.post(*city.FIRE, when="2026-11-23 09:00")
    city.play(NOW, placer)
    post.refresh_from_db()
    assert post.reading.tier == "direct" and post.reading.event.grade == "重大"
