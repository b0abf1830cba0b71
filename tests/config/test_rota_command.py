"""huiying rota: show, export, import, check, as a script calls them."""

from __future__ import annotations

import json
import subprocess

import pytest
from openpyxl import load_workbook

from config.clock import SHANGHAI, real_now


@pytest.fixture
def rota(huiying, service_env, tmp_path):
    (tmp_path / "password").write_text("Long-enough-password-1\n")

    def call(*args, code=0):
        run = subprocess.run([*huiying, *map(str, args), "--json"], env=service_env, capture_output=True, text=True)
        assert run.returncode == code, (args, run.stdout[-500:], run.stderr[-2000:])
        return json.loads(run.stdout)

    for name, role in {"zhang": "duty_officer", "li": "duty_officer", "chen": "shift_leader"}.items():
        call("createuser", name, "--role", role, "--password-file", tmp_path / "password")
    return call


def test_a_rota_comes_from_a_file_answers_and_goes_back_into_one(rota, tmp_path):
    empty, filled, back = (tmp_path / f"{n}.xlsx" for n in ("empty", "filled", "back"))
    assert rota("rota", "show")["on_duty"]["duty_officer"] == []
    rota("rota", "check", code=1)
    rota("rota", "export", empty)
    book = load_workbook(empty)
    today = real_now().astimezone(SHANGHAI).date().isoformat()
    for role, people in (("值班员", "zhang、li"), ("带班领导", "chen"), ("新闻中心主任", "chen"), ("局领导", "nobody")):
        book["轮值"].append([role, "主班", people, "08:00-20:00、20:00-08:00", "2026-01-01"])
    book.save(filled)
    refused = rota("rota", "import", filled, "--by", "chen", code=1)
    assert refused["rejected"] == [{"sheet": "轮值", "row": 5, "field": "人员", "reason": "没有名为“nobody”的在用账号"}]
    book["轮值"]["C5"] = "chen"
    book.save(filled)
    rehearsed = rota("rota", "import", filled, "--by", "chen", "--dry-run")
    assert rehearsed["new"] == 4 and rota("rota", "show")["shifts"] == []
    assert rota("rota", "import", filled, "--by", "chen")["new"] == 4
    shown = rota("rota", "show", "--days", 2)
    assert shown["on_duty"]["duty_officer"] in (["zhang"], ["li"]) and shown["gaps"] == []
    checked = rota("rota", "check", code=1)
    assert any(c["twice"] for c in checked["overlaps"]), "chen stands on three levels at once"
    assert [n for n in rota("check")["notes"] if n.startswith("rota: 0 empty")]
    rota("rota", "export", back)
    assert [row[0] for row in load_workbook(back)["轮值"].values][1:] and load_workbook(back)["排班表"]["A3"].value == today
    assert rota("rota", "import", back, "--by", "chen")["known"] == 4


def test_what_cannot_be_done_names_the_option(rota, tmp_path):
    assert rota("rota", "import", code=2)["field"] == "file"
    assert rota("rota", "import", tmp_path / "none.xlsx", "--by", "chen", code=2)["field"] == "file"
    (tmp_path / "text.xlsx").write_text("no workbook")
    assert rota("rota", "import", tmp_path / "text.xlsx", code=2)["field"] == "by"
    assert rota("rota", "import", tmp_path / "text.xlsx", "--by", "chen", code=2)["field"] == "file"
    assert rota("rota", "show", "--days", 1000, code=2)["field"] == "days"
