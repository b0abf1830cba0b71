"""config/retention.toml: what is shipped, and what a mistake is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings

from archive.retention import excerpt, load_retention
from config.door import ConfigError
from tests.archive.conftest import NOON


def test_individuals_keep_ninety_days_authorities_ten_years():
    policy = load_retention(settings.POLICY)
    assert policy.cutoff("individual", NOON) == NOON - timedelta(days=90)
    assert policy.cutoff("authority", NOON) == NOON - timedelta(days=3650)
    assert (policy.excerpt_chars, policy.after_close) == (200, timedelta(days=90))


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        (("individual = 90", "individual = 0"), "body_days.individual"),
        (("individual = 90", 'individual = "lang"'), "body_days.individual"),
        (("media = 3650", ""), "body_days.media"),
        (("excerpt_chars = 200", "excerpt_chars = 5000"), "excerpt_chars"),
        (("own = 3650", "own = 3650\nvendor = 3"), "body_days.vendor"),
        (("uneventful = 3 ", "uneventful = 0 "), "records.uneventful"),
        (("spells = 1095", "spell = 1095"), "records.spell"),
    ],
)
def test_a_mistake_names_its_key(tmp_path, changed, key):
    text = (settings.POLICY / "retention.toml").read_text().replace(*changed)
    (tmp_path / "retention.toml").write_text(text)
    with pytest.raises(ConfigError) as e:
        load_retention(tmp_path)
    assert e.value.key == key


def test_a_file_from_before_records_were_kept_by_policy_still_loads(tmp_path):
    text = (settings.POLICY / "retention.toml").read_text()
    (tmp_path / "retention.toml").write_text(text[: text.index("[records]")])
    assert load_retention(tmp_path).records == load_retention(settings.POLICY).records


def test_an_excerpt_says_that_it_was_cut():
    assert excerpt("一二三", 3) == "一二三"
    assert excerpt("一二三四", 3) == "一二三…"
