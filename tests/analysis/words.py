"""What the reading tests share: the shipped word lists, a reader, and posts in one line."""

import shutil
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from analysis.loading import load_reader
from analysis.reading import PostText, Reader, Verdict

CONFIG = Path(__file__).parents[2] / "config"
NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)


@cache
def reader(model: bool = False) -> Reader:
    return load_reader(CONFIG, None) if model else load_reader(CONFIG, None, model=None)


def post(title: str, body: str = "", *, outlet: str = "media", home: str = "", site: str = "某报") -> PostText:
    return PostText(
        title=title,
        body=body,
        published_at=NOON,
        site=site,
        source_home=home,
        outlet=outlet,
        platform="news",
        region="",
        is_repost=False,
    )


def read(title: str, body: str = "", **rest: str) -> Verdict:
    return reader().read(post(title, body, **rest))


def copied_policy(folder: Path) -> Path:
    """A policy folder of a test's own: the shipped words and units, to be spoiled."""
    shutil.copytree(CONFIG / "words", folder / "words")
    shutil.copy(CONFIG / "units.toml", folder)
    return folder
