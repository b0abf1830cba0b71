"""A watched folder: whole files are taken once, half-written ones wait, broken ones are told of; its health is a source's."""

from __future__ import annotations

import os
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from archive.models import Post, Source
from config.clock import real_now
from crawlers import batches, folders, importer
from crawlers.models import ImportBatch, SourceRun
from tests.crawlers.files import long_row, write_csv, write_xlsx
from tests.sources import change, enabled

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(settings, tmp_path, monkeypatch) -> Path:
    settings.DATA = tmp_path
    monkeypatch.setattr(importer, "_looked", 0.0)
    (tmp_path / "inbox" / "qingbo").mkdir(parents=True)
    return tmp_path / "inbox" / "qingbo"


@pytest.fixture
def source(folder) -> Source:
    return enabled(
        name="清博文件", kind=Source.Kind.FOLDER, state="alive", interval_s=60, options={"path": "inbox/qingbo"}
    )


def aged(path: Path, seconds: float = 60) -> Path:
    at = time.time() - seconds
    os.utime(path, (at, at))
    return path


def look() -> None:
    """What the importer does until nothing is left."""
    importer._looked = 0.0
    while importer.step(threading.Event()):
        importer._looked = 0.0


def test_a_whole_file_becomes_posts_and_goes_to_done_with_its_report(source, folder):
    aged(write_csv(folder / "5月.csv", [long_row(1), long_row(2), long_row(3, 日期="哪天")]))
    assert folders.something_to_do(real_now())
    look()
    assert Post.objects.filter(source=source).count() == 2
    assert not (folder / "5月.csv").exists() and (folder / "完成" / "5月.csv").exists()
    report = (folder / "完成" / "5月.csv.结果.txt").read_text()
    assert "新增 2，已有 0，退回 1" in report and "第 4 行 日期" in report
    source.refresh_from_db()
    assert (source.state, bool(source.last_item_at)) == ("alive", True) and SourceRun.objects.filter(new=2).count() == 1
    batch = ImportBatch.objects.get()
    assert (batch.state, batch.path, batch.by) == ("done", "", "监看文件夹")


def test_a_file_still_being_written_or_not_yet_renamed_waits(source, folder):
    write_csv(folder / "fresh.csv", [long_row(1)])
    aged(write_csv(folder / "b.csv.part", [long_row(2)]))
    aged(write_csv(folder / ".hidden.csv", [long_row(3)]))
    aged(write_csv(folder / "~$book.csv", [long_row(4)]))
    (folder / "subfolder").mkdir()
    look()
    assert not Post.objects.exists() and (folder / "fresh.csv").exists()
    aged(folder / "fresh.csv")
    (folder / "b.csv.part").rename(folder / "b.csv")
    look()
    assert Post.objects.count() == 2


def test_half_a_workbook_waits_for_its_end_and_is_told_as_broken_when_none_comes(source, folder):
    whole = write_xlsx(folder / "a.part", [["标题", "正文"], ["一", "甲"]]).read_bytes()
    aged(folder / "a.part").unlink()
    (folder / "a.xlsx").write_bytes(whole[: len(whole) // 2])
    aged(folder / "a.xlsx")
    look()
    assert (folder / "a.xlsx").exists() and not ImportBatch.objects.exists()
    aged(folder / "a.xlsx", 3600)
    look()
    assert (folder / "失败" / "a.xlsx").exists()
    assert "不是完整的 XLSX" in (folder / "失败" / "a.xlsx.结果.txt").read_text()
    source.refresh_from_db()
    assert source.state == "failing" and ImportBatch.objects.get().state == "failed"


def test_a_failed_file_keeps_the_source_failing_until_somebody_takes_it_away(source, folder):
    (folder / "x.csv").write_text("甲,乙\n1,2\n")
    aged(folder / "x.csv")
    look()
    Source.objects.update(next_run_at=real_now() - timedelta(seconds=1))
    look()
    source.refresh_from_db()
    assert source.state == "failing" and "1 个文件待处理" in source.detail
    (folder / "失败" / "x.csv").unlink()
    Source.objects.update(next_run_at=real_now() - timedelta(seconds=1))
    look()
    source.refresh_from_db()
    assert source.state == "alive" and source.detail == "没有新文件"


def test_the_same_name_again_replaces_no_earlier_file(source, folder):
    for n in (1, 2):
        aged(write_csv(folder / "today.csv", [long_row(n)]))
        look()
    assert {p.name for p in (folder / "完成").iterdir() if p.suffix == ".csv"} == {"today.csv", "today (2).csv"}
    assert Post.objects.count() == 2


def test_a_file_that_a_killed_importer_had_moved_is_found_again(source, folder):
    (folder / ".taking").mkdir()
    write_csv(folder / ".taking" / "a.csv", [long_row(1)])
    source.next_run_at = None
    source.save()
    look()
    assert Post.objects.count() == 1 and (folder / "完成" / "a.csv").exists()


def test_done_files_hold_persons_and_go_after_a_week_while_their_reports_stay(source, folder, monkeypatch):
    aged(write_csv(folder / "a.csv", [long_row(1)]))
    look()
    real = folders.real_now
    monkeypatch.setattr(folders, "real_now", lambda: real() + timedelta(days=8))
    folders.collect(real_now())
    assert [p.name for p in (folder / "完成").iterdir()] == ["a.csv.结果.txt"]


@pytest.mark.parametrize("path", ["", "../outside", "/etc", "inbox/../../x"])
def test_a_folder_outside_what_the_operator_allows_is_refused(source, folder, path):
    change(source, options={"path": path})
    look()
    source.refresh_from_db()
    assert source.state == "failing" and ("文件夹须在" in source.detail or "没有写明" in source.detail)


def test_a_folder_elsewhere_is_allowed_by_the_operator(source, folder, settings, tmp_path_factory):
    other = tmp_path_factory.mktemp("share")
    settings.WATCH_ROOTS = [str(other)]
    change(source, options={"path": str(other / "vendor")})
    (other / "vendor").mkdir()
    aged(write_csv(other / "vendor" / "a.csv", [long_row(1)]))
    look()
    assert Post.objects.count() == 1


def test_a_source_switched_off_is_not_looked_into(source, folder):
    Source.objects.update(enabled=False)
    aged(write_csv(folder / "a.csv", [long_row(1)]))
    assert not folders.something_to_do(real_now())
    look()
    assert (folder / "a.csv").exists()


def test_an_undone_batch_gives_its_keys_back_but_not_what_an_event_rests_on(source, folder):
    from analysis.models import Event, Reading

    path = write_csv(folder / "a.csv", [long_row(n) for n in range(130)])
    aged(path)
    look()
    batch, now = ImportBatch.objects.get(), real_now()
    held = Post.objects.order_by("id")[3]
    event = Event.objects.create(title="追尾", t_first_post=now, t_detected=now, last_post_at=now)
    Reading.objects.create(post=held, tier="direct", score=0.9, version="1", event=event)
    assert batches.ask(batch.pk, ImportBatch.State.UNDOING, [ImportBatch.State.DONE])
    look()
    batch.refresh_from_db()
    assert (batch.state, batch.undone, batch.kept) == ("undone", 129, 1)
    assert list(Post.objects.filter(withdrawn_at=None)) == [held] and not Post.objects.filter(unread=True).exclude(pk=held.pk)
    aged(write_csv(folder / "again.csv", [long_row(n) for n in range(130)]))
    look()
    assert ImportBatch.objects.order_by("-id").first().new == 129
