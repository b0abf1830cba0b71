"""config/grades.toml is read whole, or refused with file, key, value and hint."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from analysis.policy import load_editions
from config.door import ConfigError

SHIPPED = Path(__file__).parents[2] / "config"

GOOD = """
[bureau]
name = "试"
floor = "按一般"
[[bureau.group]]
id = "a"
types = ["T05"]
source = "某办法"
effective = 2007-06-01
clauses = [
  { id = "a1", grade = "重大", quantity = "deaths", low = 10, text = "重大：死亡 10 人以上" },
  { id = "a2", grade = "较大", quantity = "deaths", low = 3, high = 10, text = "较大：死亡 3-9 人" },
]
[labels]
name = "标"
floor = "按一般"
[[labels.group]]
id = "b"
source = "指南"
effective = 2026-11-23
clauses = [{ id = "b1", grade = "较大", quantity = "deaths_ever", low = 3, text = "较大" }]
"""


def load(folder: Path, text: str) -> None:
    (folder / "grades.toml").write_text(text, encoding="utf-8")
    load_editions(folder)


def test_the_shipped_editions_load_with_source_date_and_hash() -> None:
    editions = load_editions(SHIPPED)
    assert set(editions) == {"bureau", "labels"}
    bureau = {clause.id: clause for clause in editions["bureau"].clauses}
    assert bureau["493-deaths-2"].effective == date(2007, 6, 1)
    assert (bureau["493-deaths-2"].low, bureau["493-deaths-2"].high) == (10, 30)
    assert all(clause.source and clause.text for clause in bureau.values())
    assert all(clause.on for clause in bureau.values())
    assert len(editions["labels"].hash) == 12


def test_unseen_clauses_ship_on_and_marked() -> None:
    bureau = load_editions(SHIPPED)["bureau"]
    unconfirmed = {clause.id.rsplit("-", 1)[0] for clause in bureau.clauses if clause.unconfirmed}
    assert {"crime-deaths", "crime-public", "accident-dead", "health-food"} <= unconfirmed


def test_a_good_file_loads(tmp_path: Path) -> None:
    load(tmp_path, GOOD)


MISTAKES = [
    ('grade = "重大", quantity = "deaths", low = 10', 'grade = "重要", quantity = "deaths", low = 10', "grade", "特别重大"),
    ('quantity = "deaths", low = 10', 'quantity = "dead", low = 10', "quantity", "deaths"),
    ("low = 10,", "low = 9,", "low", "may not overlap"),
    ("low = 3, high = 10", "low = 12, high = 20", "low", "graver one is the higher"),
    ("low = 3, high = 10", "low = 3", "low", "may not overlap"),
    ("high = 10", "high = 3", "high", "above low"),
    ("low = 3, high", "low = 0, high", "low", "at least 1"),
    ("low = 3, high", 'low = "3", high', "low", "number"),
    ('id = "a2"', 'id = "a1"', "id", "twice"),
    ('grade = "较大", quantity = "deaths", low = 3, high = 10', 'grade = "重大", quantity = "deaths", low = 3, high = 10', "grade", "already"),
    ('types = ["T05"]', 'types = ["T16"]', "types", "T01 to T15"),
    ('text = "较大：死亡 3-9 人"', 'text = "x", needs = ["pubic_place"]', "needs", "public_place"),
    ('text = "较大：死亡 3-9 人"', 'text = "x", unless = ["rain"]', "unless", "natural"),
    ('text = "较大：死亡 3-9 人"', 'text = "x", onn = false', "onn", "unknown key"),
    ("effective = 2007-06-01", 'effective = "2007-06-01"', "effective", "without quotes"),
    ('source = "某办法"\n', "", "source", "missing"),
    ('floor = "按一般"\n[[bureau', "[[bureau", "floor", "missing"),
    ("[bureau]", "[bureau]\nextra = 1", "extra", "unknown key"),
    ("[labels]", "[others]\nname = 1\n[labels]", "others", "unknown key"),
]


@pytest.mark.parametrize(("right", "wrong", "key", "hint"), MISTAKES)
def test_a_mistake_is_named_with_file_key_and_hint(tmp_path: Path, right: str, wrong: str, key: str, hint: str) -> None:
    assert right in GOOD
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, GOOD.replace(right, wrong, 1))
    assert caught.value.file == "grades.toml"
    assert key in caught.value.key
    assert hint in caught.value.hint


def test_an_edition_left_out_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="labels"):
        load(tmp_path, GOOD.split("[labels]")[0])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"grades\.toml"):
        load_editions(tmp_path)
