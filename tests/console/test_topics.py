"""专题 pages: written by groups of words, tried before saving, shared, muted, deleted and taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from archive.models import Post, SavedHit, SavedSearch
from flow.models import AuditEntry
from tests.console import city

pytestmark = pytest.mark.django_db


@pytest.fixture
def analyst(indexed, signed):
    return signed("analyst")


def form(**more) -> dict:
    return {"name": "灞桥火情", "any1": "灞桥 临潼", "any2": "起火、火灾", "tells": "owner", "most_per_day": "30", "shared": "on"} | more


def test_groups_of_words_become_a_query_and_a_topic(analyst):
    answer = analyst.post("/topics/new/", form(without="演练"))
    row = SavedSearch.objects.get()
    assert answer.status_code == 302 and answer.url == f"/topics/{row.id}/"
    assert row.query == "(“灞桥” 或 “临潼”) (“起火” 或 “火灾”) 非 “演练”"
    assert (row.shared, row.alerting, row.most_per_day, row.version) == (True, False, 30, 1)
    assert AuditEntry.objects.filter(action="topic.saved", subject=f"topic:{row.id}").exists()
    html = analyst.get("/topics/").content.decode()
    assert "灞桥火情" in html and "不告知" in html


def test_a_trial_says_how_often_it_would_have_fired_and_saves_nothing(analyst):
    html = analyst.post("/topics/trial/", form(any2="")).content.decode()
    assert "命中 6 条" in html and "<mark>灞桥</mark>" in html
    assert not SavedSearch.objects.exists()
    assert "超过每日上限 1 条" in analyst.post("/topics/trial/", form(any2="", most_per_day="1")).content.decode()


def test_a_topic_that_would_fire_too_often_is_refused_with_the_figures_and_keeps_what_was_typed(analyst):
    answer = analyst.post("/topics/new/", form(any2="", most_per_day="1", alerting="on"))
    html = answer.content.decode()
    assert answer.status_code == 400 and "超过每日上限 1 条" in html and 'value="灞桥 临潼"' in html
    assert not SavedSearch.objects.exists()
    assert analyst.post("/topics/new/", form(any2="", most_per_day="1")).status_code == 302, "one that only records may"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"any1": "", "any2": ""}, "请填要有的词"),
        ({"any1": "", "any2": "", "without": "演练"}, "至少填一组"),
        ({"any1": "", "any2": "", "query": "(没有配对"}, "左括号"),
        ({"any1": "", "any2": "", "query": "……"}, "没有可检索的文字"),
        ({"name": " "}, ""),
        ({"most_per_day": "0"}, ""),
        ({"most_per_day": "201"}, ""),
        ({"names_type": "T99"}, ""),
    ],
)
def test_what_cannot_be_saved_is_refused_beside_its_field(analyst, wrong, says):
    answer = analyst.post("/topics/new/", form(**wrong))
    assert answer.status_code == 400 and says in answer.content.decode()
    assert not SavedSearch.objects.exists()


def test_two_topics_of_a_name_are_refused(analyst):
    analyst.post("/topics/new/", form())
    assert "已有名为" in analyst.post("/topics/new/", form()).content.decode()


def test_who_edits_what_somebody_changed_meanwhile_sees_it_first(analyst):
    analyst.post("/topics/new/", form())
    row = SavedSearch.objects.get()
    assert analyst.post(f"/topics/{row.id}/edit/", form(any1="甲乙", version="1")).status_code == 302
    answer = analyst.post(f"/topics/{row.id}/edit/", form(any1="丙丁", version="1"))
    assert answer.status_code == 400 and "有人改过" in answer.content.decode() and 'value="丙丁"' in answer.content.decode()
    row.refresh_from_db()
    assert "甲乙" in row.query and row.version == 2


def test_what_is_not_shared_is_its_owners_alone_and_only_they_or_the_head_change_it(analyst, signed):
    analyst.post("/topics/new/", form(shared=""))
    row = SavedSearch.objects.get()
    duty, head = signed("duty_officer"), signed("centre_head")
    assert duty.get(f"/topics/{row.id}/").status_code == 404 and row.name not in duty.get("/topics/").content.decode()
    assert duty.get(f"/topics/{row.id}/edit/").status_code == 404
    assert head.post(f"/topics/{row.id}/act/", {"act": "mute", "hours": "12"}).status_code == 302
    SavedSearch.objects.update(shared=True)
    assert duty.get(f"/topics/{row.id}/").status_code == 200
    assert duty.post(f"/topics/{row.id}/act/", {"act": "delete"}).status_code == 404
    assert signed("bureau_leader").get("/topics/new/").status_code == 403


def test_deleting_is_taken_back_by_the_button_that_follows(analyst):
    analyst.post("/topics/new/", form())
    row = SavedSearch.objects.get()
    html = analyst.post(f"/topics/{row.id}/act/", {"act": "delete"}).content.decode()
    assert "撤销删除" in html and "灞桥火情" not in analyst.get("/topics/").content.decode()
    analyst.post(f"/topics/{row.id}/act/", {"act": "restore"})
    assert "灞桥火情" in analyst.get("/topics/").content.decode()
    assert [*AuditEntry.objects.filter(subject=f"topic:{row.id}").values_list("action", flat=True)] == [
        "topic.saved", "topic.deleted", "topic.restored",
    ]  # fmt: skip


def test_a_topics_page_says_of_each_hit_whether_it_was_told(analyst, now):
    analyst.post("/topics/new/", form())
    row = SavedSearch.objects.get()
    for n, (post, quiet) in enumerate(zip(Post.objects.order_by("id")[:3], ("", "limit", "muted"), strict=True)):
        told = now if n == 0 else None
        SavedHit.objects.create(search=row, post=post, at=now, quiet=quiet, told_at=told)
    html = analyst.get(f"/topics/{row.id}/").content.decode()
    assert "已告知" in html and "超过每日上限，未告知" in html and "静音期间" in html
    assert "超上限 1 条" in analyst.get("/topics/").content.decode()


def test_a_muted_topic_says_until_when(analyst, now):
    analyst.post("/topics/new/", form(alerting="on"))
    row = SavedSearch.objects.get()
    analyst.post(f"/topics/{row.id}/act/", {"act": "mute", "hours": "12"})
    row.refresh_from_db()
    assert timedelta(hours=11) < row.muted_until - now < timedelta(hours=13)
    assert "静音至" in analyst.get("/topics/").content.decode()
    analyst.post(f"/topics/{row.id}/act/", {"act": "mute", "hours": "0"})
    assert "静音至" not in analyst.get("/topics/").content.decode()


def test_a_topic_of_markup_is_shown_as_text(analyst):
    analyst.post("/topics/new/", form(name="<b>x</b>", any1='"><script>alert(1)</script>'))
    for page in ("/topics/", f"/topics/{SavedSearch.objects.get().id}/"):
        assert "<script>alert" not in analyst.get(page).content.decode()


def test_an_empty_page_says_what_a_topic_is(scene, signed):
    html = signed("analyst").get("/topics/").content.decode()
    assert "还没有专题" in html and "新建第一个专题" in html


def test_a_stranger_is_asked_to_log_in(client, db):
    assert client.get("/topics/").status_code == 302
    city.person("li", "duty_officer")
