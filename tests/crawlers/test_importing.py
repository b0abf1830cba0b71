"""A vendor's file: every row is new, known or rejected, and nothing else."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.models import Change, Post, Source
from config.door import ConfigError
from crawlers import importing, templates
from crawlers.columns import load_mappings
from crawlers.importing import import_file
from crawlers.models import ImportBatch, Rejection
from crawlers.rows import Tally
from crawlers.tables import Unreadable
from tests.crawlers.files import long_row, write_csv, write_jsonl, write_xlsx

NOW = datetime(2024, 5, 21, 1, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def counts(report: dict) -> tuple[int, int, int, int]:
    return report["rows"], report["new"], report["known"], len(report["rejected"])


def test_the_long_form_becomes_posts_with_site_platform_and_counts(tmp_path: Path) -> None:
    report = import_file(write_csv(tmp_path / "a.csv", [long_row(1), long_row(2)]), NOW)
    assert counts(report) == (2, 2, 0, 0)
    post = Post.objects.get(url="https://weibo.com/10001/Nabc1")
    assert (post.site, post.platform, post.outlet, post.region) == ("新浪微博", "weibo", "individual", "陕西")
    assert (post.reposts, post.comments, post.likes, post.reads) == (3, 1204, 7, 100_000)
    assert post.published_at == datetime(2024, 5, 20, 12, 58, 15, tzinfo=UTC)
    assert post.body.endswith("交警已到场。") and post.source.kind == Source.Kind.FILE


def test_nothing_about_the_person_is_stored(tmp_path: Path) -> None:
    row = long_row(1, 全文内容="我叫路人1，电话138 1234 5678，身份证610102199001011234，求助")
    report = import_file(write_csv(tmp_path / "a.csv", [row]), NOW)
    stored = json.dumps(list(Post.objects.values()), default=str, ensure_ascii=False)
    for secret in ("13812345678", "138 1234 5678", "610102199001011234", "热爱生活", "face.jpg", "3号楼", "/u/1000"):
        assert secret not in stored
    assert '"女"' not in stored and Post.objects.get().follower_band == "10k-100k"
    assert set(report["not_stored_headers"]) == {"性别", "主页链接", "用户简介", "头像", "注册时间", "精准地域"}


def test_one_author_has_one_pseudonym(tmp_path: Path) -> None:
    rows = [long_row(1, 原文作者="甲"), long_row(2, 原文作者="甲"), long_row(3, 原文作者="乙")]
    import_file(write_csv(tmp_path / "a.csv", rows), NOW)
    names = list(Post.objects.order_by("id").values_list("author", flat=True))
    assert names[0] == names[1] != names[2] and all(len(n) == 32 for n in names)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_encoding_and_delimiter_are_recognised(tmp_path: Path, encoding: str, delimiter: str) -> None:
    path = write_csv(tmp_path / "a.csv", [long_row(1, 全文内容="𠮷祥村口，有人受伤")], encoding=encoding, delimiter=delimiter)
    assert counts(import_file(path, NOW)) == (1, 1, 0, 0)
    assert Post.objects.get().body == "𠮷祥村口，有人受伤"


def test_the_same_file_twice_changes_nothing(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [long_row(n) for n in range(250)])
    import_file(path, NOW)
    assert counts(import_file(path, NOW + timedelta(days=1))) == (250, 0, 250, 0)
    assert Post.objects.count() == Change.objects.count() == 250
    assert Post.objects.filter(received_at=NOW).count() == 250


def test_a_row_repeated_inside_the_file_is_known(tmp_path: Path) -> None:
    rows = [long_row(1), long_row(1), *(long_row(n) for n in range(2, 150)), long_row(1)]
    assert counts(import_file(write_csv(tmp_path / "a.csv", rows), NOW)) == (151, 149, 2, 0)


def test_a_dry_run_says_the_same_and_writes_nothing(tmp_path: Path) -> None:
    rows = [long_row(n) for n in range(120)] + [long_row(5), long_row(999, 日期="不知道")]
    path = write_csv(tmp_path / "a.csv", rows)
    rehearsed = import_file(path, NOW, dry_run=True)
    assert not (Post.objects.exists() or Source.objects.exists() or ImportBatch.objects.exists())
    assert rehearsed == import_file(path, NOW)
    assert import_file(path, NOW, dry_run=True)["known"] == 121


def test_a_rejected_row_names_number_field_and_reason_and_the_rest_goes_on(tmp_path: Path) -> None:
    empty = long_row(3, **{"标题／微博内容": "", "全文内容": "", "摘要": ""})
    path = write_csv(tmp_path / "a.csv", [long_row(1), long_row(2, 日期="上周二"), empty, long_row(4)])
    report = import_file(path, NOW)
    assert counts(report) == (4, 2, 0, 2)
    date, text = report["rejected"]
    assert (date["row"], date["field"]) == (3, "日期") and "上周二" in date["reason"]
    assert (text["row"], text["field"]) == (4, "全文内容")
    assert list(Rejection.objects.order_by("row").values_list("row", "field")) == [(3, "日期"), (4, "全文内容")]
    batch = ImportBatch.objects.get()
    assert (batch.rows, batch.new, batch.known) == (4, 2, 0) and len(batch.sha256) == 64


def test_a_missing_date_is_the_time_of_receipt_and_says_so(tmp_path: Path) -> None:
    import_file(write_csv(tmp_path / "a.csv", [long_row(1, 日期="")]), NOW)
    post = Post.objects.get()
    assert post.published_at == NOW and any("发布时间缺失" in note for note in post.notes)


def test_a_future_date_is_kept_for_the_round_to_decide(tmp_path: Path) -> None:
    import_file(write_csv(tmp_path / "a.csv", [long_row(1, 日期="2024-06-01 08:00")]), NOW)
    assert Post.objects.get().published_at == datetime(2024, 6, 1, 0, 0, tzinfo=UTC)


def test_without_id_or_link_equal_words_of_two_people_stay_two_posts(tmp_path: Path) -> None:
    rows = [
        {"正文": "求助，孩子走失", "作者": "甲", "日期": "2024-05-20 08:00"},
        {"正文": "求助，孩子走失", "作者": "乙", "日期": "2024-05-20 08:00"},
        {"正文": "求助，孩子走失", "作者": "乙", "日期": "2024-05-20 08:00"},
    ]
    assert counts(import_file(write_csv(tmp_path / "a.csv", rows), NOW)) == (3, 2, 1, 0)


def test_the_platforms_number_is_identity_before_the_link(tmp_path: Path) -> None:
    row = {"mid": "5012345678901234", "正文": "一", "地址": "https://weibo.com/1/a?from=x", "媒体类型": "微博"}
    again = row | {"地址": "https://m.weibo.cn/status/a"}
    assert counts(import_file(write_csv(tmp_path / "a.csv", [row, again]), NOW)) == (2, 1, 1, 0)


def test_a_link_is_the_same_with_and_without_its_tracking(tmp_path: Path) -> None:
    rows = [
        {"标题": "一", "链接": "http://www.Example.cn/a/1.html?utm_source=x#top", "日期": "2024-05-20"},
        {"标题": "一（转）", "链接": "https://www.example.cn/a/1.html", "日期": "2024-05-20"},
        {"标题": "二", "链接": "https://www.example.cn/", "日期": "2024-05-20"},
        {"标题": "三", "链接": "https://www.example.cn/", "日期": "2024-05-20"},
    ]
    assert counts(import_file(write_csv(tmp_path / "a.csv", rows), NOW)) == (4, 3, 1, 0)


def test_running_numbers_of_two_files_do_not_merge_their_rows(tmp_path: Path) -> None:
    import_file(write_jsonl(tmp_path / "a.jsonl", [{"id": 1, "title": "甲"}, {"id": 2, "title": "乙"}]), NOW)
    report = import_file(write_jsonl(tmp_path / "b.jsonl", [{"id": 1, "title": "丙"}, {"id": 2, "title": "乙"}]), NOW)
    assert counts(report) == (2, 1, 1, 0)


# --- workbooks ---


def test_a_workbook_with_a_title_line_dates_and_text_ids(tmp_path: Path) -> None:
    path = write_xlsx(
        tmp_path / "a.xlsx",
        [
            ["舆情导出 2024-05-20"],
            ["标题/微博内容", "原文/评论链接", "来源网站", "媒体类型", "日期", "mid"],
            ["南大街有人打架", "https://weibo.com/1/a", "新浪微博", "微博", datetime(2024, 5, 20, 20, 58), "4987654321098765"],  # noqa: DTZ001
            [None, None, None, None, None, None],
            ["无日期", "https://weibo.com/1/b", "新浪微博", "微博", "哪天", "4987654321098766"],
        ],
    )
    report = import_file(path, NOW)
    assert counts(report) == (2, 1, 0, 1)
    assert report["rejected"][0]["row"] == 5
    post = Post.objects.get()
    assert post.external_id == "4987654321098765"
    assert post.published_at == datetime(2024, 5, 20, 12, 58, tzinfo=UTC)


def test_sixteen_digit_ids_stored_as_numbers_are_not_trusted(tmp_path: Path) -> None:
    """A spreadsheet keeps 15 digits: both rows below may have been different posts. Neither is lost, both are told of."""
    header = ["mid", "正文", "日期", "原文作者"]
    rows = [
        [4987654321098760, "第一条", "2024-05-20 08:00", "甲"],
        [4987654321098760, "第二条", "2024-05-20 08:01", "乙"],
        [4.98765432109876e15, "第三条", "2024-05-20 08:02", "丙"],
        [12345678901234567, "第四条", "2024-05-20 08:03", "丁"],
    ]
    report = import_file(write_xlsx(tmp_path / "a.xlsx", [header, *rows]), NOW)
    assert counts(report) == (4, 4, 0, 0)
    assert "4 行的编号以数字形式保存" in report["warnings"][0] and "行 2、3、4、5" in report["warnings"][0]
    assert all("失真" in post.notes[0] and post.external_id == "" for post in Post.objects.all())
    assert counts(import_file(tmp_path / "a.xlsx", NOW)) == (4, 0, 4, 0)


def test_a_formula_without_a_saved_value_is_rejected_and_says_so(tmp_path: Path) -> None:
    """The library that writes this file never computes; a spreadsheet that saves would store the value."""
    rows = [["标题", "正文", "日期"], ["甲", '="正"&"文"', "2024-05-20"], ["乙", "正文", "2024-05-20"], ["丙", "#N/A", "2024-05-20"]]
    report = import_file(write_xlsx(tmp_path / "a.xlsx", rows), NOW)
    assert counts(report) == (3, 1, 0, 2)
    first, second = report["rejected"]
    assert (first["row"], first["field"]) == (2, "正文") and "公式" in first["reason"]
    assert (second["row"], second["field"]) == (4, "正文") and "#N/A" in second["reason"]


def test_a_formula_with_a_saved_value_is_that_value(tmp_path: Path) -> None:
    import zipfile

    plain = write_xlsx(tmp_path / "a.xlsx", [["标题", "转发数"], ["甲", 12]])
    computed = tmp_path / "b.xlsx"
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(computed, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"<v>12</v>", b"<f>6+6</f><v>12</v>"))
    assert counts(import_file(computed, NOW)) == (1, 1, 0, 0)
    assert Post.objects.get().reposts == 12


def test_a_workbook_that_understates_its_size_is_read_whole(tmp_path: Path) -> None:
    import re
    import zipfile

    plain = write_xlsx(tmp_path / "a.xlsx", [["标题", "正文"], ["甲", "一"], ["乙", "二"]])
    lying = tmp_path / "b.xlsx"
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(lying, "w") as new:
        for name in old.namelist():
            new.writestr(name, re.sub(rb'<dimension ref="[^"]+"', b'<dimension ref="A1"', old.read(name)))
    assert counts(import_file(lying, NOW)) == (2, 2, 0, 0)


# --- JSON lines ---


def test_plain_json_lines_with_the_first_line_as_row_one(tmp_path: Path) -> None:
    rows = [
        {"title": "标题", "body": "正文", "url": "https://a.cn/1", "published_at": "2024-05-20T20:58:15+08:00",
         "source": "华商网", "platform": "news"},
        "{broken",
        ["not", "an", "object"],
        "",
        {"title": "晚些", "content": "内容", "url": "https://a.cn/2", "published_at": 1716209895, "platform": "weibo"},
        {"foo": "bar"},
    ]  # fmt: skip
    report = import_file(write_jsonl(tmp_path / "a.jsonl", rows), NOW)
    assert counts(report) == (5, 2, 0, 3)
    assert [r["row"] for r in report["rejected"]] == [2, 3, 6]
    assert "foo" in report["rejected"][2]["reason"]
    first, second = Post.objects.order_by("id")
    assert (first.title, first.body, first.site, first.platform, first.outlet) == ("标题", "正文", "华商网", "news", "media")
    assert first.published_at == second.published_at and second.platform == "weibo"


def test_gsdata_records_are_understood(tmp_path: Path) -> None:
    row = {
        "news_uuid": "u-1", "news_url": "https://a.cn/1", "news_title": "通报", "news_content": "警方通报",
        "news_posttime": "2024-05-20 20:58:15", "platform_name": "微信", "media_name": "平安某地",
        "media_verifiedtype": "政府", "news_read_count": 5,
    }  # fmt: skip
    import_file(write_jsonl(tmp_path / "a.jsonl", [row]), NOW)
    post = Post.objects.get()
    assert (post.platform, post.site, post.outlet, post.external_id, post.reads) == ("wechat", "平安某地", "authority", "u-1", 5)


def test_debris_that_databases_refuse_is_removed(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"title": "甲\\u0000乙\\ud800", "url": "https://a.cn/1"}\n')
    import_file(tmp_path / "a.jsonl", NOW)
    assert Post.objects.get().title == "甲乙"


# --- what cannot be read at all ---


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "空"),
        ("a.csv", b"\xef\xbb\xbf \r\n", "空"),
        ("a.xlsx", b"PK\x03\x04 broken", "不是完整的 XLSX"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "旧版 .xls"),
        ("a.csv", "甲,乙\n1,2\n".encode(), "读到：甲、乙"),
        ("a.json", b'[{"title": "x"}]', "JSON 数组"),
        ("a.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "不是 XLSX、CSV 或 JSONL"),
        ("a.csv", "性别,头像\n女,x\n".encode(), "认不出表头"),
    ],
)
def test_an_unreadable_file_says_why_and_leaves_nothing(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Unreadable, match=said):
        import_file(tmp_path / name, NOW)
    assert not Post.objects.exists() and not ImportBatch.objects.exists()


def test_a_workbook_cut_in_half_is_unreadable(tmp_path: Path) -> None:
    whole = write_xlsx(tmp_path / "a.xlsx", [["标题", "正文"], *[[f"标题{n}", "正文" * 50] for n in range(200)]])
    (tmp_path / "b.xlsx").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(Unreadable, match="不是完整的 XLSX"):
        import_file(tmp_path / "b.xlsx", NOW)


def test_an_unclosed_quote_costs_its_row_only(tmp_path: Path) -> None:
    lines = ["标题,正文,日期", "一,正常,2024-05-20", '二,"没有关上的引号,2024-05-20', '三,"他说""好""",2024-05-20', "四,正常,2024-05-20"]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    report = import_file(tmp_path / "a.csv", NOW)
    assert [r["row"] for r in report["rejected"]] == [3]
    assert set(Post.objects.values_list("title", flat=True)) == {"一", "三", "四"}


def test_more_cells_than_headers_is_a_shifted_row(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("标题,正文,日期\n一,甲,乙,2024-05-20\n二,正文,2024-05-20,,\n")
    report = import_file(tmp_path / "a.csv", NOW)
    assert counts(report) == (2, 1, 0, 1) and "4 列" in report["rejected"][0]["reason"]


def test_one_damaged_byte_does_not_turn_a_utf8_file_into_another_encoding(tmp_path: Path) -> None:
    raw = "标题,正文,日期\n一,正常文字,2024-05-20\n二,坏".encode() + b"\xe5\x00"[:1] + b",2024-05-20\n"
    (tmp_path / "a.csv").write_bytes(raw)
    assert counts(import_file(tmp_path / "a.csv", NOW)) == (2, 2, 0, 0)
    assert Post.objects.filter(body="正常文字").exists()


# --- templates ---


def test_a_template_names_a_vendors_own_headers(tmp_path: Path) -> None:
    (tmp_path / "mappings.toml").write_text(
        '[[mapping]]\nname = "甲公司"\n[mapping.columns]\nbody = ["舆情原文"]\n[mapping.defaults]\nplatform = "weibo"\n'
    )
    templates.seed(tmp_path)
    path = write_csv(tmp_path / "a.csv", [{"舆情原文": "路口起火", "时间": "2024-05-20 08:00"}])
    import_file(path, NOW, mapping="甲公司")
    assert Post.objects.get().body == "路口起火" and Post.objects.get().platform == "weibo"
    with pytest.raises(Unreadable, match="没有对照模板“乙公司”；现有：甲公司"):
        import_file(path, NOW, mapping="乙公司")


def test_the_shipped_templates_know_every_column_of_the_vendors_forms(settings, tmp_path: Path) -> None:
    assert templates.seed(Path(settings.BASE_DIR) / "config") == 4 and templates.seed(tmp_path) == 0
    assert "手工登记表" in templates.names()
    report = import_file(write_csv(tmp_path / "a.csv", [long_row(1)]), NOW, mapping="新浪舆情通（37列）")
    assert counts(report) == (1, 1, 0, 0) and report["unknown_headers"] == []
    short = {"mid": "4987654321098765", "作者ID": "77", "发布日期": "2024-05-20 08:00", "地址": "https://weibo.com/1/a", "标题／微博内容": "路口起火", "认证类型": "普通用户", "评": 3, "赞": 4, "转": 5, "性别": "女"}
    report = import_file(write_csv(tmp_path / "b.csv", [short], encoding="gb18030"), NOW, mapping="新浪舆情通（短表）")
    post = Post.objects.get(external_id="4987654321098765")
    assert report["unknown_headers"] == [] and (post.comments, post.likes, post.reposts) == (3, 4, 5)
    record = {"news_uuid": "u1", "news_title": "路口起火", "news_posttime": "2024-05-20 08:00:00", "media_name": "华商网", "platform_name": "网站", "news_emotion": "负面", "news_author": "记者"}
    assert import_file(write_jsonl(tmp_path / "c.jsonl", [record]), NOW, mapping="清博（GSData）")["unknown_headers"] == []


def test_of_several_headers_of_a_field_the_first_that_is_named_counts(tmp_path: Path) -> None:
    templates.save("甲", {"第二": "body", "第一": "body"}, {}, "li", NOW)
    import_file(write_csv(tmp_path / "a.csv", [{"第一": "乙文", "第二": "甲文"}, {"第一": "丙文", "第二": ""}]), NOW, mapping="甲")
    assert set(Post.objects.values_list("body", flat=True)) == {"甲文", "丙文"}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[[mapping]]\nname = "甲"\n[mapping.columns]\nheading = ["x"]\n', "heading"),
        ('[[mapping]]\nname = "甲"\n[mapping.columns]\n[[mapping]]\nname = "甲"\n[mapping.columns]\n', "name"),
        ('[[mapping]]\nname = "甲"\n', "columns"),
    ],
)
def test_a_wrong_template_is_refused_by_key(tmp_path: Path, text: str, key: str) -> None:
    (tmp_path / "mappings.toml").write_text(text)
    with pytest.raises(ConfigError) as refused:
        load_mappings(tmp_path)
    assert refused.value.key.endswith(key)


# --- workbooks of several sheets, merged headers, bombs ---


def workbook(path: Path, sheets: dict[str, list[list]], hidden: tuple[str, ...] = (), merged: dict[str, list[str]] | None = None) -> Path:
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
        for area in (merged or {}).get(title, ()):
            sheet.merge_cells(area)
        sheet.sheet_state = "hidden" if title in hidden else "visible"
    book.save(path)
    return path


def test_every_visible_sheet_is_read_and_the_others_are_named(tmp_path: Path) -> None:
    head = ["标题", "正文", "日期"]
    sheets = {
        "说明": [["本文件由某公司导出"]],
        "微博": [head, ["一", "甲", "2024-05-20"]],
        "草稿": [head, ["二", "乙", "2024-05-20"]],
        "新闻": [["导出条件"], head, ["三", "丙", "2024-05-20"], ["四", "丁", "哪天"]],
        "空": [],
    }
    report = import_file(workbook(tmp_path / "a.xlsx", sheets, hidden=("草稿",)), NOW)
    assert counts(report) == (3, 2, 0, 1)
    assert report["rejected"][0]["row"] == 4 and "工作表“新闻”" in report["rejected"][0]["reason"]
    said = "\n".join(report["warnings"])
    assert "隐藏的工作表未读取：草稿" in said and "“说明”未读取：没有认得的表头" in said and "“空”未读取：没有数据" in said
    assert set(Post.objects.values_list("body", flat=True)) == {"甲", "丙"}


def test_a_header_of_two_rows_with_merged_cells_is_one(tmp_path: Path) -> None:
    rows = [
        ["标题", "正文", "日期", "互动量", None, None],
        [None, None, None, "转发数", "评论数", "点赞数"],
        ["一", "甲", "2024-05-20", 3, 4, 5],
    ]
    merged = {"数据": ["A1:A2", "B1:B2", "C1:C2", "D1:F1"]}
    assert counts(import_file(workbook(tmp_path / "a.xlsx", {"数据": rows}, merged=merged), NOW)) == (1, 1, 0, 0)
    post = Post.objects.get()
    assert (post.title, post.reposts, post.comments, post.likes) == ("一", 3, 4, 5)


def test_a_merged_cell_above_names_the_column_that_is_empty_below(tmp_path: Path) -> None:
    rows = [
        ["正文", "基本信息", None, None, "互动量", None],
        [None, "标题", "日期", "来源网站", "转发数", "评论数"],
        ["甲", "一", "2024-05-20", "华商网", 3, 4],
    ]
    import_file(workbook(tmp_path / "a.xlsx", {"数据": rows}), NOW)
    post = Post.objects.get()
    assert (post.title, post.body, post.site, post.reposts) == ("一", "甲", "华商网", 3)


def bomb(path: Path, part: str, content: bytes, times: int) -> Path:
    """A whole workbook in which one part is `content` again and again."""
    import zipfile

    good = workbook(path.with_name("good.xlsx"), {"数据": [["标题", "正文"], ["一", "甲"]]})
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name in source.namelist():
            if name != part:
                made.writestr(name, source.read(name))
        with made.open(part, "w", force_zip64=True) as out:
            for _ in range(times):
                out.write(content)
    return path


def test_a_zip_bomb_is_refused_before_it_unpacks(tmp_path: Path) -> None:
    path = bomb(tmp_path / "a.xlsx", "xl/worksheets/sheet1.xml", b"\0" * (1 << 20), 80)
    assert path.stat().st_size < 1 << 20
    with pytest.raises(Unreadable, match="疑似压缩炸弹"):
        import_file(path, NOW)


def test_a_row_number_beyond_any_sheet_is_refused_and_fills_no_gap(tmp_path: Path) -> None:
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>标题</t></is></c></row><row r="4000000000"><c r="A4000000000" t="inlineStr"><is><t>一</t></is></c></row>'
        "</sheetData></worksheet>"
    )
    with pytest.raises(Unreadable, match="超出工作表"):
        import_file(bomb(tmp_path / "a.xlsx", "xl/worksheets/sheet1.xml", sheet.encode(), 1), NOW)


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))


@pytest.mark.parametrize(("entities", "said"), [('<!ENTITY e SYSTEM "file:///etc/passwd">', None), (f'<!ENTITY l0 "哈">{LAUGHS}', "&l11;")])
def test_entities_of_a_workbook_are_neither_expanded_nor_fetched(tmp_path: Path, entities: str, said: str | None) -> None:
    sheet = (
        f"<!DOCTYPE x [{entities}]>"
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>标题</t></is></c></row>'
        f'<row r="2"><c r="A2" t="inlineStr"><is><t>一{said or "&e;"}</t></is></c></row></sheetData></worksheet>'
    )
    path = bomb(tmp_path / "a.xlsx", "xl/worksheets/sheet1.xml", sheet.encode(), 1)
    try:
        import_file(path, NOW)
    except Unreadable as e:
        assert said and "不是完整的 XLSX" in str(e)
    assert set(Post.objects.values_list("title", flat=True)) <= {"一"}


def test_an_import_that_was_killed_goes_on_where_it_stood(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [*(long_row(n) for n in range(250)), long_row(999, 日期="哪天")])
    with importing.opened(path, None) as sheet:
        batch = importing.begin("a.csv", "0" * 64, importing.source(), NOW, "li")
        stop = iter([False, False, True])
        importing.take_in(batch, sheet, None, NOW, Tally(), stopping=lambda: next(stop))
    again = ImportBatch.objects.get()
    assert (again.state, again.rows, Post.objects.count()) == ("running", 200, 200)
    with importing.opened(path, None) as sheet:
        importing.take_in(again, sheet, None, NOW, Tally())
    done = ImportBatch.objects.get()
    assert (done.state, done.rows, done.new, done.known, done.refused) == ("done", 251, 250, 0, 1)


def test_what_a_refused_row_said_is_kept_without_its_person(tmp_path: Path) -> None:
    import_file(write_csv(tmp_path / "a.csv", [long_row(1, 日期="哪天", 全文内容="我的电话13812345678")]), NOW)
    cells = Rejection.objects.get().cells
    assert cells["全文内容"] == "我的电话138****5678" and cells["日期"] == "哪天"
    assert not cells.keys() & {"原文作者", "性别", "主页链接", "头像", "精准地域"}
