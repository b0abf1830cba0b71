"""config/sources.toml: checked at the door, read once."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.models import Source
from config.door import ConfigError
from crawlers.seeding import load_seeds, seed_sources

GOOD = """
[[source]]
name = "本地新闻"
url = "https://news.example.cn/rss.xml"
outlet = "media"
home = "西安"
interval_minutes = 5
enabled = true
purpose = "了解本地报道"
legal_basis = "robots 允许"
approved_by = "张三"
"""


def write(folder: Path, text: str) -> Path:
    (folder / "sources.toml").write_text(text)
    return folder


@pytest.mark.django_db
def test_sources_are_read_once_then_the_table_is_the_truth(tmp_path: Path) -> None:
    assert seed_sources(write(tmp_path, GOOD)) == 1
    source = Source.objects.get()
    assert (source.interval_s, source.enabled, source.state, source.home) == (300, True, "quiet", "西安")
    assert source.approvals.get().decided_by == source.approved_by == "张三"
    source.enabled = False
    source.save()
    assert seed_sources(write(tmp_path, GOOD.replace("本地新闻", "另一个"))) == 0
    assert not Source.objects.get().enabled


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('approved_by = "张三"', 'approved_by = " "', "source[1].approved_by"),
        ('legal_basis = "robots 允许"', "", "source[1].legal_basis"),
        ("https://news.example.cn/rss.xml", "http://127.0.0.1/rss.xml", "source[1].url"),
        ("https://news.example.cn/rss.xml", "file:///etc/passwd", "source[1].url"),
        ('outlet = "media"', 'outlet = "press"', "source[1].outlet"),
        ("interval_minutes = 5", "interval_minutes = 0.1", "source[1].interval_minutes"),
        ("interval_minutes = 5", "interval = 5", "source[1].interval"),
        ('name = "本地新闻"', 'name = ""', "source[1].name"),
        (GOOD, GOOD + GOOD, "source[1].name"),
    ],
)
def test_a_mistake_is_refused_with_its_key(tmp_path: Path, settings, old: str, new: str, key: str) -> None:
    settings.ALLOW_PRIVATE_SOURCES = False
    with pytest.raises(ConfigError) as refused:
        load_seeds(write(tmp_path, GOOD.replace(old, new)))
    assert (refused.value.file, refused.value.key) == ("sources.toml", key)


def test_the_shipped_file_is_right_and_enables_nothing(settings) -> None:
    seeds = load_seeds(Path(settings.BASE_DIR) / "config")
    assert seeds and not any(seed.enabled for seed in seeds)


def test_no_file_is_no_sources(tmp_path: Path) -> None:
    assert load_seeds(tmp_path) == []
