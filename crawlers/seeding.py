"""config/sources.toml, read once into the sources table; afterwards the table is the truth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from archive import approval
from archive.models import Source
from config import clock
from config.door import Table, read_toml
from crawlers import robots
from crawlers.addresses import AddressRefused, check_url

FILE = "sources.toml"
APPROVAL = ("purpose", "legal_basis", "approved_by")  # 网络数据安全管理条例第十八条: assessed before it is read


@dataclass(frozen=True, kw_only=True)
class Seed:
    """One [[source]] of the file."""

    name: str
    url: str
    outlet: str
    home: str
    interval_s: int
    enabled: bool
    purpose: str
    legal_basis: str
    approved_by: str


def load_seeds(folder: Path) -> list[Seed]:
    """The checked content of sources.toml ([] without the file). Raises ConfigError; for `huiying check` too."""
    path = folder / FILE
    if not path.exists():
        return []
    top, _ = read_toml(path)
    tables = top.tables("source", [])
    top.done()
    seeds = [_seed(table) for table in tables]
    names = [seed.name for seed in seeds]
    for table, name in zip(tables, names, strict=True):
        if names.count(name) > 1:
            raise table.error("name", "名称重复；每个信源一个名称")
    return seeds


def _seed(table: Table) -> Seed:
    table.text("kind", "feed", one_of=("feed",))
    private = settings.ALLOW_PRIVATE_SOURCES
    seed = Seed(
        name=_short(table, "name", 120),
        url=_short(table, "url", 1000),
        outlet=table.text("outlet", "media", one_of=tuple(Source.Outlet.values)),
        home=table.text("home", ""),
        # Only a test city may be asked more often than once a minute.
        interval_s=round(60 * table.number("interval_minutes", 10, least=0.02 if private else 1)),
        enabled=table.flag("enabled", False),
        purpose=table.text("purpose", ""),
        legal_basis=table.text("legal_basis", ""),
        approved_by=table.text("approved_by", ""),
    )
    table.done()
    try:
        check_url(seed.url, allow_private=private)
    except AddressRefused as e:
        raise table.error("url", f"{e}；例如 https://example.gov.cn/rss.xml") from e
    if len(seed.approved_by) > 150:
        raise table.error("approved_by", "最多 150 个字符")
    for key in APPROVAL if seed.enabled else ():
        if not getattr(seed, key).strip():
            raise table.error(key, "启用的信源必须写明用途、依据和批准人；未批准的请设 enabled = false")
    return seed


def _short(table: Table, key: str, most: int) -> str:
    value = table.text(key)
    if not 0 < len(value.strip()) <= most:
        raise table.error(key, f"应为 1 到 {most} 个字符")
    return value.strip()


def seed_sources(folder: Path) -> int:
    """Create the file's sources when the table holds no feed yet; returns how many. Raises ConfigError."""
    seeds = load_seeds(folder)
    with transaction.atomic():
        if Source.objects.filter(kind=Source.Kind.FEED).exists():
            return 0
        for seed in seeds:
            _plant(seed, clock.now())
    return len(seeds)




def _plant(seed: Seed, now: datetime) -> None:
    """An enabled one was approved on paper: the file names who did."""
    columns = {k: v for k, v in seed.__dict__.items() if k not in ("enabled", "approved_by")}
    source = Source.objects.create(kind=Source.Kind.FEED, detail="未启用", **columns)
    asked = approval.ask(source, FILE, approval.FIRST, now)
    if seed.enabled:
        approval.give(asked, seed.approved_by.strip(), now, robots.snapshot(seed.url), f"批准人由 {FILE} 载明")
