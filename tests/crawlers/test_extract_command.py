"""huiying extract: one JSON line per page, whatever else lies in the folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from config.cli import main

PAGE = """<html><head><meta charset="{charset}"><title>江城警方通报一起盗窃案_江城晚报网</title></head><body>
<div class="nav"><a href="/">首页</a> <a href="/news">新闻</a></div>
<h1>江城警方通报一起盗窃案</h1>
<div class="info">2026年03月02日 09:14　来源：江城晚报　作者：李明</div>
<div class="article-content">
<p>3月1日，江城市公安局城东分局破获一起入室盗窃案，抓获嫌疑人两名，追回财物若干。</p>
<p>目前，案件正在进一步办理中，警方提醒市民出门时关好门窗。</p>
</div><div class="editor">责任编辑：王芳</div>
<div class="footer">版权所有 江城晚报社 ICP备12345678号</div></body></html>"""


def run(*words: str) -> int:
    """The exit code of a command line."""
    try:
        main(["huiying", *words])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@pytest.mark.parametrize("charset", ["utf-8", "gbk"])
def test_a_page_is_one_line_with_its_path_title_time_and_text(tmp_path: Path, capsys: pytest.CaptureFixture[str], charset: str) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "page.html").write_bytes(PAGE.format(charset=charset).encode(charset))
    (tmp_path / "notes.txt").write_text("no page")
    assert run("extract", str(tmp_path)) == 0
    (line,) = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    assert (found["path"], found["title"]) == ("a/page.html", "江城警方通报一起盗窃案")
    assert (found["published"], found["source"], found["author"]) == ("2026-03-02T09:14:00+08:00", "江城晚报", "李明")
    assert found["text"].splitlines()[0].startswith("3月1日") and "王芳" not in found["text"] and "版权" not in found["text"]


def test_a_file_that_is_no_page_is_told_and_the_rest_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "0.html").write_bytes(b"")
    (tmp_path / "1.html").write_bytes(b"\x00\xff\xfe\x80" * 500)
    (tmp_path / "2.html").write_text(PAGE.format(charset="utf-8"))
    assert run("extract", str(tmp_path), "--json") == 0
    said = capsys.readouterr()
    assert [json.loads(line)["path"] for line in said.out.splitlines()] == ["2.html"]
    assert [json.loads(line)["path"] for line in said.err.splitlines()] == ["0.html", "1.html"]
    assert all(json.loads(line)["error"] for line in said.err.splitlines())


def test_a_folder_that_is_not_there_exits_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("extract", str(tmp_path / "none")) == 2
    assert "不是文件夹" in capsys.readouterr().err
