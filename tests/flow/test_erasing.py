"""Erased, withdrawn, excerpted: what a post said leaves the tables, the search and the search's files."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from analysis.models import Correction, Event, Grading, Reading
from archive import indexing, search
from archive.models import Change, Erasure, Post, Source
from archive.retention import digest, load_retention
from config.cli import Refused
from flow import correcting, documents, erasing
from flow.models import AuditEntry, Hold

NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)
SECRET = "张某某住在幸福里七号楼"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_folder(settings, tmp_path):
    settings.DATA = tmp_path
    yield tmp_path
    engine = search._engines.pop(tmp_path / "index", None)
    if engine:
        engine._let_go()


@pytest.fixture
def policy(settings):
    return load_retention(settings.POLICY)


@pytest.fixture
def say():
    """say(body, days=100, outlet=…) is a post of so many days before NOW, read and waiting to be indexed."""
    source = Source.objects.create(name="导入", kind="file")

    def made(body: str, *, days: float = 100, outlet: str = "individual", **more) -> Post:
        at = NOW - timedelta(days=days)
        known = {"title": "", "unread": False, "received_at": at} | more
        post = Post.objects.create(
            key=f"k{Post.objects.count()}", source=source, site="新浪微博", platform="weibo", outlet=outlet, body=body,
            published_at=at, **known,
        )  # fmt: skip
        Change.objects.create(post=post)
        return post

    return made


def read(post: Post, event: Event | None = None) -> Reading:
    return Reading.objects.create(
        post=post, tier="incident", score=1, reasons=[SECRET], jurisdiction="ours", facts={"quote": SECRET}, places=[SECRET],
        version="1", event=event, text_hash=5,
    )  # fmt: skip


def event(**more) -> Event:
    return Event.objects.create(
        title="事件", type="T01", jurisdiction="ours", t_detected=NOW, last_post_at=NOW, **more
    )


def run(*arguments: str) -> dict:
    out = StringIO()
    call_command(*arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_erasing_now_leaves_nothing_in_tables_search_and_files(say, data_folder):
    affair = event(grade="一般")
    gone, stays = say(SECRET, title="求助", author="a" * 16), say("幸福里一切如常")
    read(gone, affair)
    evidence = [{"quote": SECRET, "post_id": gone.id}, {"quote": "别的", "post_id": stays.id}]
    grading = Grading.objects.create(event=affair, at=NOW, grade="一般", kind="proposed", clause="c", edition="e", evidence=evidence)
    indexing.drain(documents.documents)
    assert search.search("七号楼").total == 1
    answer = run("erase", str(gone.id), "--now", "--by", "法制", "--reason", "本人请求")
    assert answer["state"] == "erased" and answer["rewritten_at"]
    assert answer["proof"]["terms_checked"] > 3 and answer["proof"]["terms_left"] == 0
    gone.refresh_from_db()
    assert (gone.title, gone.body, gone.url, gone.author) == ("", "", "", "")
    assert SECRET not in str(list(Reading.objects.values())) and SECRET not in str(list(Grading.objects.values()))
    grading.refresh_from_db()
    assert [e["quote"] for e in grading.evidence] == ["（已删除）", "别的"]
    assert search.search("七号楼").total == 0
    assert [h.post_id for h in search.search("幸福里").hits] == [stays.id]
    terms = search.engine().frequencies(answer["month"], ["七号", "号楼", "幸福"])
    assert terms == {"七号": 0, "号楼": 0, "幸福": 1}
    assert Erasure.objects.get().terms == []
    entry = AuditEntry.objects.get(action="post.erased")
    assert (entry.actor, entry.subject) == ("法制", f"post:{gone.id}") and SECRET not in str(entry.data)
    assert indexing.compare(documents.documents) == []


def test_erasing_takes_what_officers_wrote_in_correcting_it(say, django_user_model):
    post = say(SECRET)
    read(post)
    li = django_user_model.objects.create_user("li")
    correcting.correct(post.pk, "direct", "T01", f"说的是{SECRET}", li, NOW)
    erasing.erase(post.pk, "li", "本人要求", NOW, at_once=False)
    assert not Correction.objects.exists() and SECRET not in str(list(Reading.objects.values()))


def test_erasing_hides_at_once_and_rewrites_within_a_day(say):
    gone = say(SECRET)
    say("幸福里一切如常")
    indexing.drain(documents.documents)
    answer = run("erase", str(gone.id))
    assert answer["state"] == "hidden"
    assert search.search("七号楼").total == 0
    row = Erasure.objects.get()
    assert row.due_at - row.asked_at < timedelta(hours=24)
    month = row.month
    assert search.engine().frequencies(month, ["七号"]) == {"七号": 1}  # tantivy keeps it until the rewrite
    Erasure.objects.update(due_at=timezone.now())
    indexing.drain(documents.documents)
    assert search.engine().frequencies(month, ["七号"]) == {"七号": 0}
    assert Erasure.objects.get().proof["terms_left"] == 0


def test_a_proof_that_fails_is_an_error_and_stays_open(say, monkeypatch):
    gone, _ = say(SECRET), say("别的")
    indexing.drain(documents.documents)
    erasing.erase(gone.id, "a", "", NOW, at_once=True)
    monkeypatch.setattr(type(search.engine()), "rewrite", lambda self, month, batches: list(batches))
    with pytest.raises(Exception, match="still in the index files"):
        indexing.drain(documents.documents)
    row = Erasure.objects.get()
    assert row.rewritten_at is None and row.proof["terms_left"] > 0


def test_unknown_and_held_posts_are_refused(say):
    held = say(SECRET)
    Hold.objects.create(post=held, by="法制", reason="诉讼", at=NOW)
    for post_id, message in ((held.id, "暂缓清理（法制：诉讼）"), (999, "没有编号为 999")):
        with pytest.raises(Refused, match=message) as e:
            run("erase", str(post_id))
        assert e.value.field == "post"
    held.refresh_from_db()
    assert held.body == SECRET


def test_withdrawn_posts_lose_their_body_in_tables_and_search(say):
    gone = say(SECRET)
    indexing.drain(documents.documents)
    Post.objects.filter(id=gone.id).update(withdrawn_at=NOW)
    assert erasing.withdraw(NOW) == 1
    indexing.drain(documents.documents)
    gone.refresh_from_db()
    assert gone.body == "" and search.engine().count() == 0
    assert erasing.withdraw(NOW) == 0


def test_individuals_posts_become_excerpts_that_are_still_found(say, policy):
    long = say("开头" + "很" * 300 + "结尾")
    short, young, media = say("短"), say("长" * 300, days=80), say("报" * 300, outlet="media")
    handed_over = say("档" * 300, received_at=NOW - timedelta(days=3))
    indexing.drain(documents.documents)
    body = long.body
    assert erasing.age(policy, NOW) == 1
    indexing.drain(documents.documents)
    for post in (long, short, young, media, handed_over):
        post.refresh_from_db()
    assert (len(long.body), long.body_hash) == (201, digest(body))
    assert (short.body, short.excerpted_at) == ("短", None)
    assert [len(p.body) for p in (young, media, handed_over)] == [300, 300, 300]
    found = search.search("开头")
    assert (found.total, found.excerpts_to) == (1, long.published_at)
    assert search.search("结尾").total == 0
    start = NOW - timedelta(days=30)
    assert search.search("开头", search.Filter(start=start)).excerpts_to is None  # the window holds no excerpt
    assert erasing.age(policy, NOW) == 0
    assert indexing.compare(documents.documents) == []


def test_posts_of_open_events_and_under_hold_stay_whole(say, policy):
    bodies = {name: say(name + "很" * 300) for name in ("open", "recent", "old", "held", "heldevent", "none")}
    read(bodies["open"], event())
    read(bodies["recent"], event(closed_at=NOW - timedelta(days=89)))
    read(bodies["old"], event(closed_at=NOW - timedelta(days=91)))
    Hold.objects.create(post=bodies["held"], by="a", reason="诉讼", at=NOW)
    kept = event(closed_at=NOW - timedelta(days=400))
    read(bodies["heldevent"], kept)
    Hold.objects.create(event=kept, by="a", reason="复盘", at=NOW)
    read(bodies["none"])
    assert erasing.age(policy, NOW) == 2
    cut = set(Post.objects.filter(excerpted_at__isnull=False).values_list("id", flat=True))
    assert cut == {bodies["old"].id, bodies["none"].id}


def test_a_hold_is_set_and_released_by_name(say, django_user_model, policy):
    post = say("很" * 300)
    django_user_model.objects.create_user("fz", password="x" * 12)
    assert run("hold", str(post.id), "--by", "fz", "--reason", "诉讼")["held"] is True
    assert erasing.age(policy, NOW) == 0
    assert run("hold", str(post.id), "--by", "fz", "--reason", "结案", "--release")["held"] is False
    assert erasing.age(policy, NOW) == 1
    assert AuditEntry.objects.filter(action__startswith="hold.").count() == 2


def test_an_erasure_that_is_overdue_is_found_by_the_check(say, capsys):
    gone = say(SECRET)
    indexing.drain(documents.documents)
    erasing.erase(gone.id, "a", "", NOW, at_once=False)
    indexing.drain(documents.documents)
    Erasure.objects.update(due_at=timezone.now() - timedelta(hours=2))
    with pytest.raises(SystemExit) as e:
        call_command("check", "--index", "--json")
    assert e.value.code == 1
    assert f"erasure of post {gone.id}" in capsys.readouterr().out
