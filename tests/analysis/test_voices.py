"""Voices the training data lacks: comments, captions, letters, dialect, hints. All written for this test (voices.jsonl)."""

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from analysis import grading
from analysis.loading import load_reader
from analysis.measuring import MAJOR, kind_of
from analysis.policy import load_editions
from analysis.reading import PostText
from tests.analysis.words import CONFIG

ROWS = [json.loads(line) for line in (Path(__file__).parent / "voices.jsonl").read_text(encoding="utf-8").splitlines()]


@cache
def verdicts():
    reader = load_reader(CONFIG, None)
    return [reader.read(said(row["text"])) for row in ROWS]


def said(text):
    return PostText(
        title="", body=text, published_at=datetime(2026, 11, 3, 4, tzinfo=UTC), site="", source_home="",
        outlet="individual", platform="weibo", region="", is_repost=False,
    )  # fmt: skip


def shares(truth, got):
    both = sum(a and b for a, b in zip(truth, got, strict=True))
    return both / sum(got), both / sum(truth)


def test_there_are_two_hundred_of_them_in_all_kinds_of_voices():
    assert len(ROWS) == 200 and len({row["voice"] for row in ROWS}) >= 6 and len({row["kind"] for row in ROWS}) == 12


def test_what_names_the_police_is_found_in_any_voice():
    precision, recall = shares([r["tier"] == "direct" for r in ROWS], [v.tier == "direct" for v in verdicts()])
    assert precision >= 0.93 and recall >= 0.84


def test_what_concerns_the_police_is_found_in_any_voice():
    precision, recall = shares([r["tier"] != "none" for r in ROWS], [v.tier != "none" for v in verdicts()])
    assert precision >= 0.93 and recall >= 0.80


def test_the_kind_is_often_right_in_any_voice():
    assert sum(r["kind"] == kind_of(v) for r, v in zip(ROWS, verdicts(), strict=True)) / len(ROWS) >= 0.44


def test_none_of_them_is_graded_too_grave():
    labels = load_editions(CONFIG)["labels"]
    for row, verdict in zip(ROWS, verdicts(), strict=True):
        got = grading.propose(verdict.type, verdict.facts, verdict.happened, labels).grade
        assert got not in MAJOR or grading.RANK[got] <= grading.RANK[row["grade"]], row


def test_every_relevant_one_says_why():
    assert all(verdict.reasons for verdict in verdicts())
