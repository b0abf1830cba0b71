"""huiying import: what a script may rely on (exit codes, one JSON document)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archive.models import Post
from config.cli import main
from tests.crawlers.files import long_row, write_csv

pytestmark = pytest.mark.django_db(transaction=True)  # a command closes its connection


def run(*words: str) -> int:
    """The exit code of a command line."""
    try:
        main(["huiying", *words])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_a_clean_file_exits_0_with_one_json_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_csv(tmp_path / "a.csv", [long_row(1), long_row(1)])
    assert run("import", str(path), "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["rows"], report["new"], report["known"], report["rejected"]) == (2, 1, 1, [])


def test_rejected_rows_exit_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_csv(tmp_path / "a.csv", [long_row(1), long_row(2, 日期="？")])
    assert run("import", str(path)) == 1
    said = capsys.readouterr()
    assert "新增 1，已有 0，退回 1" in said.out and "第 3 行 日期" in said.err


def test_an_unreadable_file_exits_2_and_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("import", str(tmp_path / "none.csv"), "--json") == 2
    said = capsys.readouterr()
    assert "none.csv" in json.loads(said.out)["error"] and "无法读取" in said.err


def test_a_dry_run_from_the_command_line_stores_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_csv(tmp_path / "a.csv", [long_row(1)])
    assert run("import", str(path), "--dry-run") == 0
    assert "试运行" in capsys.readouterr().out and not Post.objects.exists()
