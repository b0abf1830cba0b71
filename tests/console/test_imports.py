"""导入 under a person's hands: preview before anything is stored, unknown columns asked, tried, taken in, taken back."""

from __future__ import annotations

import csv
import io
import threading

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from archive.models import Post, Source
from crawlers import importer, templates
from crawlers.models import ImportBatch, MappingTemplate
from flow.models import AuditEntry
from tests.crawlers.files import long_row, write_csv

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.DATA = tmp_path
    return tmp_path


def upload(client, path, **more) -> ImportBatch:
    answer = client.post(reverse("imports"), {"file": SimpleUploadedFile(path.name, path.read_bytes()), **more})
    assert answer.status_code == 302, answer.content.decode()
    return ImportBatch.objects.order_by("-id").first()


def page(client, batch) -> str:
    return client.get(reverse("import", args=[batch.pk])).content.decode()


def act(client, batch, name, **more):
    return client.post(reverse("import", args=[batch.pk]), {"act": name, "template": batch.template, **more})


def importer_runs() -> None:
    while importer.step(threading.Event()):
        pass


def files(folder) -> list:
    return [p for p in (folder / "imports").rglob("*") if p.is_file()]


def test_an_upload_stores_no_post_and_shows_the_first_rows_as_they_would_be(signed, folder):
    client = signed("analyst")
    posts = Post.objects.count()
    batch = upload(client, write_csv(folder / "5月.csv", [long_row(1, 全文内容="电话13812345678"), long_row(2, 日期="哪天")]))
    html = page(client, batch)
    assert "138****5678" in html and "第 3 行将被退回" in html and "按规定不收录" in html
    for person in ("热爱生活", "face.jpg", "3号楼", "13812345678", "路人"):
        assert person not in html
    assert Post.objects.count() == posts and batch.state == "uploaded"
    assert AuditEntry.objects.filter(action="import.uploaded", subject=f"import:{batch.pk}").exists()


def test_an_unknown_column_is_asked_and_kept_as_a_template(signed, folder):
    client = signed("centre_head")
    path = write_csv(folder / "a.csv", [{"舆情原文": "路口起火", "登记": "2024-05-20 08:00", "级别": "普通"}])
    batch = upload(client, path)
    assert "3 列不认得" in page(client, batch)
    assert "至少要有一列是标题或正文" in act(client, batch, "start").content.decode()
    chosen = {"column-0": "body", "column-1": "published_at", "column-2": "", "default-platform": "weibo"}
    act(client, batch, "save_template", template_name="甲公司", **chosen)
    saved = MappingTemplate.objects.get(name="甲公司")
    assert dict(saved.columns) == {"舆情原文": "body", "登记": "published_at", "级别": ""} and saved.defaults == {"platform": "weibo"}
    batch.refresh_from_db()
    assert batch.template == "甲公司" and "不认得，请选择" not in page(client, batch)
    act(client, batch, "start")
    importer_runs()
    assert Post.objects.get(body="路口起火").platform == "weibo"
    batch.refresh_from_db()
    assert batch.state == "done" and batch.report["unknown_headers"] == []
    again = upload(client, write_csv(folder / "b.csv", [{"舆情原文": "又起火", "登记": "2024-05-20 09:00", "级别": "x"}]), template="甲公司")
    act(client, again, "start")
    importer_runs()
    assert Post.objects.filter(body="又起火").exists()


def test_a_column_about_persons_cannot_be_chosen(signed, folder):
    client = signed("duty_officer")
    batch = upload(client, write_csv(folder / "a.csv", [{"标题": "一", "性别": "女"}]))
    act(client, batch, "decide", **{"column-0": "title", "column-1": "body"})
    batch.refresh_from_db()
    assert "性别" not in batch.mapping["columns"]
    with pytest.raises(templates.TemplateRefused):
        templates.save("x", {"性别": "body"}, {}, "li", batch.at)


def test_a_trial_run_says_what_would_happen_and_writes_nothing(signed, folder):
    client, posts = signed("analyst"), Post.objects.count()
    batch = upload(client, write_csv(folder / "a.csv", [long_row(1), long_row(1), long_row(2, 日期="哪天")]))
    act(client, batch, "check")
    assert "试运行中" in page(client, batch)
    importer_runs()
    html = page(client, batch)
    assert "将新增 1，已有 1，退回 1" in html and "读不懂的时间" in html
    assert Post.objects.count() == posts


def test_progress_is_a_fragment_that_reloads_the_page_when_done(signed, folder):
    client = signed("analyst")
    batch = upload(client, write_csv(folder / "a.csv", [long_row(1)]))
    act(client, batch, "start")
    live = client.get(reverse("import_live", args=[batch.pk]))
    assert "排队中" in live.content.decode() and "HX-Refresh" not in live
    importer_runs()
    assert client.get(reverse("import_live", args=[batch.pk]))["HX-Refresh"] == "true"
    assert files(folder) == []


def test_refused_rows_are_downloaded_with_what_they_said_and_run_no_formula(signed, folder):
    client = signed("analyst")
    batch = upload(client, write_csv(folder / "a.csv", [long_row(1, 日期="=cmd|x", 全文内容="=HYPERLINK(1)"), long_row(2)]))
    act(client, batch, "start")
    importer_runs()
    answer = client.get(reverse("import_rejected", args=[batch.pk]))
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    head, row = list(csv.reader(io.StringIO(text)))
    assert head[:3] == ["行", "列", "原因"] and row[0] == "2" and "读不懂的时间" in row[2]
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row) and "路人1" not in text


def test_undo_is_a_leaders_act_and_the_corrected_file_comes_in_again(signed, folder):
    client, path = signed("analyst"), write_csv(folder / "a.csv", [long_row(n) for n in range(120)])
    posts = Post.objects.count()
    batch = upload(client, path)
    act(client, batch, "start")
    importer_runs()
    assert "由带班领导" in act(client, batch, "undo").content.decode()
    leader = signed("shift_leader")
    act(leader, batch, "undo")
    act(leader, batch, "undo")
    importer_runs()
    batch.refresh_from_db()
    assert (batch.state, batch.undone) == ("undone", 120) and "撤回 120 条" in page(leader, batch)
    assert Post.objects.filter(withdrawn_at=None).count() == posts
    again = upload(client, path)
    act(client, again, "start")
    importer_runs()
    again.refresh_from_db()
    assert again.new == 120


def test_a_file_that_is_not_wanted_is_deleted_at_once(signed, folder):
    client = signed("analyst")
    batch = upload(client, write_csv(folder / "a.csv", [long_row(1)]))
    assert len(files(folder)) == 1
    act(client, batch, "drop")
    batch.refresh_from_db()
    assert batch.state == "dropped" and files(folder) == []
    assert act(client, batch, "start").status_code == 302
    importer_runs()
    batch.refresh_from_db()
    assert batch.state == "dropped"


@pytest.mark.parametrize("name", ["../../etc/passwd", "a\x00b.csv", "文" * 300 + ".csv", "..."])
def test_a_files_name_leads_nowhere(signed, folder, name):
    from config.clock import real_now
    from crawlers import batches

    batch = batches.upload(name, ["标题\n一\n".encode()], "li", real_now())
    assert [p.parent.parent for p in files(folder)] == [folder / "imports"]
    assert batches.path_of(batch).read_text() == "标题\n一\n"


def test_what_is_no_table_says_why_and_can_only_be_dropped(signed, folder):
    client = signed("analyst")
    (folder / "x.pdf").write_bytes(b"%PDF-1.4\0\0")
    html = page(client, upload(client, folder / "x.pdf"))
    assert "不是 XLSX、CSV 或 JSONL" in html and 'value="start"' not in html


def test_templates_are_edited_by_field_and_one_in_use_is_not_deleted(signed):
    client = signed("centre_head")
    client.post(reverse("import_template_new"), {"name": "乙公司", "of-body": "舆情 原文、内容２", "ignored": "级别", "default-platform": "weibo"})
    row = MappingTemplate.objects.get(name="乙公司")
    assert dict(row.columns) == {"级别": "", "舆情原文": "body", "内容2": "body"}
    html = client.get(reverse("import_template", args=[row.pk])).content.decode()
    assert 'value="舆情原文、内容2"' in html
    assert client.post(reverse("import_template", args=[row.pk]), {"name": "乙公司", "of-body": "性别"}).status_code == 400
    Source.objects.create(name="推送", kind="webhook", options={"slug": "yi", "mapping": "乙公司"})
    client.post(reverse("import_template_delete", args=[row.pk]))
    assert MappingTemplate.objects.filter(pk=row.pk).exists()
    assert signed("analyst").post(reverse("import_template_delete", args=[row.pk])).status_code == 403


def test_a_vendors_push_is_added_with_its_approval_and_its_missing_key_is_said(signed):
    client = signed("centre_head")
    said = {"kind": "webhook", "name": "清博", "slug": "qingbo", "outlet": "individual", "purpose": "监测", "legal_basis": "合同1号"}
    assert client.post(reverse("import_vendor_new"), said | {"slug": "Qing Bo"}).status_code == 400
    assert client.post(reverse("import_vendor_new"), said | {"legal_basis": " "}).status_code == 400
    assert client.post(reverse("import_vendor_new"), said).status_code == 302
    assert not Source.objects.get(name="清博").enabled
    html = client.get(reverse("imports")).content.decode()
    assert "/inbound/qingbo/" in html and "缺少" in html and "HUIYING_INBOUND_QINGBO" in html
    assert client.post(reverse("import_vendor_new"), said | {"name": "又一", "kind": "folder", "path": "/etc"}).status_code == 400
    assert client.post(reverse("import_vendor_new"), said | {"name": "又一", "slug": "qingbo"}).status_code == 400


def test_who_may_not_import_sees_neither_page_nor_button(signed):
    client = signed("bureau_leader")
    assert client.get(reverse("imports")).status_code == 403
    assert "/imports/" not in client.get("/sources/").content.decode()
