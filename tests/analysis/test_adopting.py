"""A new model takes the old one's place only when it is not worse on what was kept from both."""

from analysis import adopting
from analysis.policy import load_editions
from tests.analysis.words import CONFIG, reader

OLD = {"direct_f1": 0.97, "incident_f1": 0.95, "type_macro_f1": 0.73}


def test_a_model_that_is_worse_in_one_figure_is_not_adopted():
    assert adopting.worse(OLD, {**OLD, "type_macro_f1": 0.70}) == ["type_macro_f1"]


def test_an_equal_or_better_model_and_one_without_predecessor_are_adopted():
    assert adopting.worse(OLD, {**OLD, "direct_f1": 0.968}) == [] and adopting.worse(None, OLD) == []


def test_the_card_tells_data_figures_and_limits():
    row = {
        "id": "a", "text": "交警查处酒驾司机", "police_related": 1, "incident_type": "traffic", "grade": "一般",
        "published": "2026-11-20T12:00:00+08:00",
    }  # fmt: skip
    got = adopting.figures([row], reader(), load_editions(CONFIG)["labels"])
    header = {
        "version": "v", "rules": "r", "note": "n", "examples": 1, "corrections": 0, "own_labels": "h", "kept": "k",
        "files": {"pool.jsonl": "abc"},
    }  # fmt: skip
    told = adopting.card(header, got)
    assert got["direct_f1"] == 1.0
    assert "pool.jsonl" in told and "| traffic | 1 | 1.00 |" in told and "## Limits" in told
