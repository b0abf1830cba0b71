import shutil

import pytest
from django.conf import settings

from config.door import ConfigError
from sla.policy import load_duties


def changed(tmp_path, old, new):
    text = (settings.BASE_DIR / "config" / "duties.toml").read_text()
    assert old in text
    (tmp_path / "duties.toml").write_text(text.replace(old, new, 1))
    shutil.copy(settings.BASE_DIR / "config" / "calendar.toml", tmp_path)
    return tmp_path


def test_the_shipped_duties_are_five_twenty_four_and_forty_eight_hours():
    duties = load_duties(settings.BASE_DIR / "config").duties
    assert [(d.code, d.hours) for d in duties][:3] == [("K1", 5), ("K2", 24), ("K3", 48)]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("hours = 5", "hours = 0", "duty[1].hours"),
        ("hours = 5", 'hours = "five"', "duty[1].hours"),
        ("[120, 60, 30]", "[120, 600]", "duty[1].warn_minutes"),
        ('"重大"]', '"很大"]', "duty[1].grades"),
        ('code = "K2"', 'code = "K1"', "duty[1].code"),
        ('met_by = "release"', 'met_by = "draft"', "duty[1].met_by"),
        ('name = "发布权威信息"', 'name = "发布权威信息"\ncolour = "red"', "duty[1].colour"),
        ("max_event_age_hours = 72", "", "max_event_age_hours"),
    ],
)
def test_a_mistake_is_refused_with_file_and_key(tmp_path, old, new, key):
    with pytest.raises(ConfigError) as e:
        load_duties(changed(tmp_path, old, new))
    assert (e.value.file, e.value.key) == ("duties.toml", key)


def test_a_missing_file_says_which(tmp_path):
    with pytest.raises(ConfigError, match=r"duties\.toml"):
        load_duties(tmp_path)
