"""`evaluate`: the reader measured against hand labels, every error listed with its reasons."""

import json

import pytest

from analysis.measuring import measure
from analysis.policy import load_editions
from analysis.scores import precision_at
from config.cli import Refused
from config.management.commands.evaluate import Command
from tests.analysis.words import CONFIG, reader

ROW = {"police_related": 1, "incident_type": "traffic", "grade": "一般", "published": "2026-11-20T12:00:00+08:00"}


def report(*rows):
    numbered = [{**ROW, **row, "id": f"r{n}"} for n, row in enumerate(rows)]
    return measure(numbered, reader(), load_editions(CONFIG)["labels"])


def test_what_is_right_and_wrong_is_counted_and_listed():
    got = report(
        {"text": "交警查处酒驾司机"},
        {"text": "明天天晴", "police_related": 0, "incident_type": "other", "grade": "none"},
        {"text": "花园里的事", "police_related": 1, "incident_type": "other"},
    )
    direct = got["relevance"]["direct"]
    assert (direct["precision"], direct["recall"], direct["f1"]) == (1.0, 0.5, 0.6667)
    assert [(e["id"], e["task"], e["expected"], e["got"]) for e in got["errors"]] == [
        ("r2", "direct", 1, 0), ("r2", "incident", 1, 0)
    ]  # fmt: skip


def test_rows_weigh_as_many_as_they_stand_for():
    got = report(
        {"text": "交警查处酒驾司机", "stratum_population": 900, "stratum_sampled": 9},
        {"text": "花园里的事", "stratum_population": 300, "stratum_sampled": 1},
    )
    assert got["relevance"]["direct"]["weighted_recall"] == 0.25


def test_broad_relevance_is_taken_from_the_label_where_there_is_one():
    got = report({"text": "五车追尾致两人死亡", "police_related": 0, "police_relevant_broad": 1})
    assert got["relevance"]["incident"]["recall"] == 1.0 and got["relevance"]["incident"]["derived"] == 0


def test_broad_relevance_is_derived_from_type_and_text_where_it_was_not_labelled():
    got = report(
        {"text": "五车追尾致两人死亡", "police_related": 0},
        {"text": "美国一高速五车追尾致两人死亡", "police_related": 0},
        {"text": "明天天晴", "police_related": 0, "incident_type": "other", "grade": "none"},
    )
    incident = got["relevance"]["incident"]
    assert (incident["derived"], incident["precision"], incident["recall"]) == (3, 1.0, 1.0)


def test_pairs_are_measured_when_given():
    pairs = [
        {"text_a": "花园路口两车相撞致三人受伤", "text_b": "花园路口两车相撞三人受伤", "same_event": 1, "near_duplicate": 1},
        {"text_a": "花园路口两车相撞致三人受伤", "text_b": "女子直播被骗五十万", "same_event": 0, "near_duplicate": 0},
    ]
    dated = [{**p, "id": f"p{n}", "date_a": "2026-01-02", "date_b": "2026-01-02"} for n, p in enumerate(pairs)]
    row = {**ROW, "id": "a", "text": "交警查处酒驾司机"}
    got = measure([row], reader(), load_editions(CONFIG)["labels"], dated)["pairs"]
    assert got["auc"] == 1.0 and set(got) >= {"auc", "f1_at_threshold", "near_duplicate"}


def test_the_best_cut_that_finds_enough_is_weighted():
    scored = [(0.9, True, 1.0), (0.8, False, 3.0), (0.7, True, 1.0)]
    assert precision_at(scored, 0.5) == 1.0 and precision_at(scored, 0.95) == 0.4


def test_grades_go_by_the_labelling_guide():
    got = report({"text": "高速五车追尾事故已致12人死亡，交警到场", "grade": "重大"})
    assert got["grade"]["confusion"] == {"重大": {"重大": 1}} and got["grade"]["recall_major"] == 1.0


def test_the_command_prints_one_document(tmp_path, capsys):
    path = tmp_path / "labels.jsonl"
    path.write_text(json.dumps({**ROW, "id": "a", "text": "交警查处酒驾司机"}, ensure_ascii=False) + "\n", encoding="utf-8")
    answer = Command().answer({"file": path})
    assert answer["rows"] == 1 and answer["type"]["accuracy"] == 1.0


@pytest.mark.parametrize("line", ["{broken", "[1]", '{"id": "a"}'])
def test_a_bad_line_is_refused_with_its_number(tmp_path, line):
    path = tmp_path / "labels.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(Refused, match=r"labels\.jsonl"):
        Command().answer({"file": path})
