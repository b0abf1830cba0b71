"""The index follows the posts, and can always be made again from them."""

from __future__ import annotations

import json
import resource
import shutil
import signal
import threading
from datetime import timedelta

import pytest

from archive import indexing, search
from archive.documents import Document
from archive.models import Change, IndexState, Post
from archive.months import IndexDamaged, IndexMissing, IndexOutdated, SearchUnavailable
from archive.query import Filter, Text
from archive.results import Page
from tests.archive.conftest import NOON, document, documents


def test_changes_are_indexed_in_batches_and_their_rows_go(add_post):
    posts = [add_post(f"警方{i}") for i in range(7)]
    Change.objects.create(post=posts[0])  # told twice
    assert indexing.waiting() == 7
    assert indexing.drain(documents, batch=3) == 8
    assert not Change.objects.exists()
    assert search.engine().count() == 7
    assert indexing.compare(documents) == []
    assert IndexState.objects.get().committed_at
    assert indexing.drain(documents) == 0


def test_dying_between_commit_and_row_deletion_repeats_harmlessly(add_post, monkeypatch):
    posts = [add_post(f"警方{i}") for i in range(4)]
    before = list(Change.objects.values_list("id", "post_id"))
    indexing.drain(documents)
    Change.objects.bulk_create([Change(id=i, post_id=p) for i, p in before])
    assert indexing.drain(documents) == 4
    assert search.search("警方").total == len(posts)
    assert indexing.compare(documents) == []


def test_dying_before_the_commit_loses_nothing(add_post):
    add_post("警方")

    def dies(ids: list[int]) -> list[Document]:
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        indexing.drain(dies)
    assert Change.objects.count() == 1
    assert indexing.drain(documents) == 1
    assert search.search("警方").total == 1


def test_a_change_that_comes_while_indexing_keeps_its_row(add_post):
    post = add_post("警方")

    def slow(ids: list[int]) -> list[Document]:
        made = documents(ids)
        if Post.objects.filter(id=post.id, body="警方").update(body="改过"):
            Change.objects.create(post=post)
        return made

    indexing.drain(slow)
    assert search.search("改过").total == 1
    assert search.search("警方").total == 0


def test_withdrawn_and_erased_posts_leave_the_index(add_post):
    withdrawn, erased, stays = add_post("警方一"), add_post("警方二"), add_post("警方三")
    indexing.drain(documents)
    Post.objects.filter(id=withdrawn.id).update(withdrawn_at=NOON)
    Change.objects.bulk_create([Change(post_id=withdrawn.id), Change(post_id=erased.id)])
    erased_id = erased.id
    Post.objects.filter(id=erased_id)._raw_delete("default")  # the row only, as a retention job's SQL would
    indexing.drain(documents)
    assert sorted(dict(search.engine().digests("2024-05"))) == [stays.id]
    assert indexing.compare(documents) == []


def test_a_post_whose_date_was_corrected_moves_to_its_month(add_post):
    post = add_post("警方", at=NOON + timedelta(days=300))
    indexing.drain(documents)
    Post.objects.filter(id=post.id).update(published_at=NOON)
    Change.objects.create(post=post)
    indexing.drain(documents)
    assert search.engine().counts() == {"2024-05": 1, "2025-02": 0}
    assert search.search("警方").total == 1
    assert indexing.compare(documents) == []


def test_comparing_names_the_month_and_the_posts(add_post):
    there, lost = add_post("警方一"), add_post("警方二")
    indexing.drain(documents)
    search.engine().delete([lost.id])
    search.engine().add([document(999, "不该在")])
    search.engine().close()
    (difference,) = indexing.compare(documents)
    assert difference == indexing.Difference(
        month="2024-05", posts=2, indexed=2, missing=(lost.id,), extra=(999,), stale=()
    )
    assert there.id not in difference.missing


def test_posts_still_waiting_are_no_difference(add_post):
    add_post("警方")
    assert indexing.compare(documents) == []
    Change.objects.all().delete()
    assert indexing.compare(documents)[0].missing


def test_rebuilding_gives_the_same_index_and_reports_progress(add_post, data_folder):
    for i in range(25):
        add_post(f"警方{i}", at=NOON - timedelta(days=i * 10))
    indexing.drain(documents)
    before = [h.post_id for h in search.search("警方", limit=100).hits]
    old_folders = set((data_folder / "index").iterdir())
    steps: list[tuple[int, int]] = []
    search.want_rebuild()
    assert indexing.rebuild(documents, lambda done, total: steps.append((done, total))) == 25
    assert [h.post_id for h in search.search("警方", limit=100).hits] == before
    assert steps[-1] == (25, 25)
    state = IndexState.objects.get()
    assert state.rebuilt_at and state.rebuild_wanted_at is None
    assert not {p for p in old_folders if p.is_dir()} & set((data_folder / "index").iterdir())


def test_search_serves_and_follows_while_the_index_is_rebuilt(add_post, monkeypatch):
    monkeypatch.setattr(indexing, "SLICE", 10)
    first = [add_post("警方旧", at=NOON + timedelta(minutes=i)) for i in range(40)]
    indexing.drain(documents)
    seen: list[int] = []

    def slow(ids: list[int]) -> list[Document]:
        if len(seen) == 1:
            add_post("警方新")
            Post.objects.filter(id=first[0].id).update(body="警方改")
            Change.objects.create(post=first[0])
        seen.append(search.search("警方").total)
        return documents(ids)

    assert indexing.rebuild(slow) == 41
    assert min(seen) == 40
    assert seen == sorted(seen) and seen[-1] == 41  # found before the rebuild ended, and never lost by the swap
    assert search.search("警方").total == 41
    assert search.search("警方改").total == 1
    assert indexing.compare(documents) == []


def test_a_rebuild_never_shows_half_an_index_to_a_searching_thread(tmp_path):
    engine = search.Embedded(tmp_path / "index")
    engine.add([document(i, "警方", at=NOON - timedelta(days=30 * (i % 5))) for i in range(50)])
    engine.commit()
    totals, stop = set(), threading.Event()

    def searching() -> None:
        while not stop.is_set():
            totals.add(engine.search(Text("警方"), Filter(), Page(sort="newest", limit=5)).total)

    threads = [threading.Thread(target=searching) for _ in range(2)]
    for t in threads:
        t.start()
    for _ in range(4):
        slices = ([document(i + 5 * j, "警方", at=NOON - timedelta(days=30 * i)) for j in range(10)] for i in range(5))
        engine.replace(slices, lambda: ([], []))
    stop.set()
    for t in threads:
        t.join()
    assert totals == {50}


def test_a_failed_rebuild_leaves_the_old_index_and_no_rubbish(add_post, data_folder):
    add_post("警方")
    indexing.drain(documents)
    before = sorted(p.name for p in (data_folder / "index").iterdir())

    def dies(ids: list[int]) -> list[Document]:
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        indexing.rebuild(dies)
    assert search.search("警方").total == 1
    assert sorted(p.name for p in (data_folder / "index").iterdir()) == before


def test_a_rebuild_on_no_posts_leaves_an_empty_index(db):
    assert indexing.rebuild(documents) == 0
    assert search.search("警方").total == 0


def _lose_manifest(index):
    (index / "manifest.json").unlink()


def _lose_everything(index):
    shutil.rmtree(index)


def _break_manifest(index):
    (index / "manifest.json").write_text("{")


def _break_meta(index):
    next(index.glob("2024-05.*/meta.json")).write_text("{")


def _lose_month(index):
    shutil.rmtree(next(index.glob("2024-05.*")))


def _break_terms(index):
    for path in index.glob("2024-05.*/*.term"):
        path.write_bytes(b"\x00" * 3)


def _older_version(index):
    path = index / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": 0}))


@pytest.mark.parametrize(
    ("damage", "error"),
    [
        (_lose_manifest, IndexMissing),
        (_lose_everything, IndexMissing),
        (_break_manifest, IndexDamaged),
        (_break_meta, IndexDamaged),
        (_lose_month, IndexDamaged),
        (_break_terms, IndexDamaged),
        (_older_version, IndexOutdated),
    ],
)
def test_a_damaged_index_says_so_and_the_next_drain_builds_it_anew(add_post, data_folder, damage, error):
    add_post("警方")
    add_post("警方", at=NOON - timedelta(days=60))
    indexing.drain(documents)
    damage(data_folder / "index")
    search._engines.clear()  # as a process that starts now
    with pytest.raises(error, match=r"已请求重建.*没有丢失"):
        search.search("警方")
    assert IndexState.objects.get().rebuild_wanted_at
    assert indexing.drain(documents) == 2
    assert search.search("警方").total == 2
    assert indexing.compare(documents) == []


def test_a_damaged_month_is_noticed_when_only_written(add_post, data_folder):
    add_post("警方")
    indexing.drain(documents)
    _break_meta(data_folder / "index")
    search._engines.clear()
    add_post("警方二")
    assert indexing.drain(documents) == 2
    assert search.search("警方").total == 2


def test_comparing_a_damaged_index_says_so(add_post, data_folder):
    add_post("警方")
    indexing.drain(documents)
    _break_meta(data_folder / "index")
    search._engines.clear()
    with pytest.raises(SearchUnavailable, match="读不出来"):
        indexing.compare(documents)


def test_damaged_files_are_moved_aside_and_it_is_said(add_post, data_folder):
    add_post("警方")
    indexing.drain(documents)
    _break_meta(data_folder / "index")
    search._engines.clear()
    assert indexing.drain(documents) == 1
    aside = data_folder / "index.damaged"
    assert next(aside.glob("2024-05.*/meta.json")).read_text() == "{"
    assert str(aside) in indexing.behind().note
    assert search.search("警方").total == 1
    assert indexing.rebuild(documents) == 1  # a later rebuild has nothing to say
    assert indexing.behind().note == ""


def test_a_server_that_is_not_there_lets_posts_wait_and_says_why(add_post, monkeypatch):
    monkeypatch.setenv("ELASTICSEARCH_URL", "http://127.0.0.1:9")
    add_post("警方")
    assert indexing.drain(documents) == 0
    now = indexing.behind()
    assert (now.engine, now.waiting) == ("elasticsearch", 1)
    assert "连不上检索服务器" in now.trouble
    with pytest.raises(SearchUnavailable, match="连不上检索服务器"):
        search.search("警方")
    assert not IndexState.objects.filter(rebuild_wanted_at__isnull=False).exists()  # a rebuild would mend nothing


def test_a_stale_document_is_a_difference(add_post):
    post = add_post("警方")
    indexing.drain(documents)
    Post.objects.filter(id=post.id).update(reposts=5)
    (difference,) = indexing.compare(documents)
    assert (difference.missing, difference.extra, difference.stale) == ((), (), (post.id,))


@pytest.mark.sqlite
def test_a_full_disk_lets_posts_wait_and_says_so(add_post, monkeypatch):
    add_post("警方 " + "很长的正文" * 200)
    size = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    commit = search.Embedded.commit

    def commit_without_room(self) -> None:
        # The kernel itself refuses to let any file grow beyond what a full disk would hold.
        resource.setrlimit(resource.RLIMIT_FSIZE, (16, size[1]))
        try:
            commit(self)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, size)

    monkeypatch.setattr(search.Embedded, "commit", commit_without_room)
    try:
        assert indexing.drain(documents, keep_open=True) == 0
    finally:
        signal.signal(signal.SIGXFSZ, handler)
        monkeypatch.undo()
    assert "磁盘已满" in indexing.behind().trouble and indexing.behind().waiting == 1
    assert indexing.drain(documents) == 1
    assert indexing.behind().trouble == ""
    assert search.search("警方").total == 1
