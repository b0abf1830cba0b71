"""What is exported is what was found: whole, in order, and safe to open."""

from __future__ import annotations

import csv
import io
import json

import openpyxl
import pytest

from archive.models import Post
from config.clock import real_now
from flow import exporting
from tests.flow import city

ODD = ["=1+1", "+86", "-减号", "@甲", "\t制表", " =空格", '引号"与,逗号', "两\n行", "竖排\x0b制表", "<b>&amp;", "😀", "正常"]


@pytest.fixture
def posts(db):
    return [city.post(title, "正文" + title, when="2026-11-23 08:00").id for title in ODD]


def made(kind: str, ids: list[int], most: int = 10**6) -> bytes:
    return b"".join(exporting.FORMATS[kind].chunks(exporting.rows([ids[:5], ids[5:]], most)))


def test_csv_opens_in_a_spreadsheet_and_no_cell_is_a_formula(posts):
    data = made("csv", posts)
    assert data.startswith(b"\xef\xbb\xbf")
    table = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert [int(row["编号"]) for row in table] == posts
    titles = [row["标题"] for row in table]
    assert titles[:6] == ["'" + title for title in ODD[:6]]
    assert titles[6:8] == ODD[6:8] and titles[9:] == ODD[9:]
    assert table[0]["发布时间"] == "2026-11-23T08:00:00+08:00"


def test_a_workbook_holds_every_row_as_text(posts):
    sheet = openpyxl.load_workbook(io.BytesIO(made("xlsx", posts)))["检索结果"]
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0] == tuple(exporting.COLUMNS.values())
    assert [row[0] for row in rows[1:]] == posts
    column = list(exporting.COLUMNS).index("title")
    assert [row[column] for row in rows[1:]] == [t.replace("\x0b", "") for t in ODD]
    assert all(cell.data_type != "f" for row in sheet for cell in row)


def test_json_lines_hold_the_texts_as_they_are(posts):
    lines = made("jsonl", posts).decode().splitlines()
    assert [json.loads(line)["title"] for line in lines] == ODD


def test_the_cap_cuts_and_withdrawn_posts_are_left_out(posts):
    Post.objects.filter(id=posts[1]).update(withdrawn_at=real_now())
    assert len(made("jsonl", posts, 3).splitlines()) == 3
    assert [json.loads(x)["post_id"] for x in made("jsonl", posts, 3).decode().splitlines()] == [posts[0], *posts[2:4]]


def test_the_first_part_comes_before_the_last_row_is_read():
    def endless():
        row = dict.fromkeys(exporting.COLUMNS, "文")
        while True:
            yield row

    for kind in exporting.FORMATS.values():
        chunks = kind.chunks(endless())
        assert next(chunks) and next(chunks)


def test_an_export_of_nothing_is_a_file_with_headings(db):
    assert made("csv", []).decode("utf-8-sig").startswith("编号,")
    assert openpyxl.load_workbook(io.BytesIO(made("xlsx", [])))["检索结果"].max_row == 1
    assert made("jsonl", []) == b""


def test_a_null_byte_stands_in_no_cell():
    row = dict.fromkeys(exporting.COLUMNS, "甲\x00乙")
    assert "\x00" not in b"".join(exporting.csv_chunks([row])).decode("utf-8-sig")
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(exporting.xlsx_chunks([row]))))["检索结果"]
    assert sheet["A2"].value == "甲乙"
