"""对照模板 as rows: seeded from mappings.toml once, edited on the page 导入."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from django.db import transaction

from crawlers.columns import FIELDS, NEVER_STORED, Template, fold_header, load_mappings
from crawlers.models import MappingTemplate


class TemplateRefused(Exception):
    """A template that cannot be saved, with the form's field and the reason."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


def named(name: str) -> Template | None:
    row = MappingTemplate.objects.filter(name=name).first()
    return Template(name=row.name, columns=dict(row.columns), defaults=dict(row.defaults)) if row else None


def names() -> list[str]:
    return list(MappingTemplate.objects.order_by("name").values_list("name", flat=True))


def save(name: str, columns: Mapping[str, str], defaults: Mapping[str, str], by: str, now: datetime) -> MappingTemplate:
    """Keep (or replace) the template of this name. Raises TemplateRefused."""
    name = name.strip()
    if not 0 < len(name) <= 60:
        raise TemplateRefused("name", "名称应为 1 到 60 个字")
    folded = {fold_header(header): field for header, field in columns.items() if fold_header(header)}
    for header, field in folded.items():
        if field and field not in FIELDS:
            raise TemplateRefused("columns", f"没有字段“{field}”")
        if field and header in NEVER_STORED:
            raise TemplateRefused("columns", f"“{header}”是关于个人的列，按规定不收录")
    for field in defaults:
        if field not in FIELDS:
            raise TemplateRefused("defaults", f"没有字段“{field}”")
    said = {field: value.strip() for field, value in defaults.items() if value.strip()}
    row, _ = MappingTemplate.objects.update_or_create(
        name=name, defaults={"columns": list(folded.items()), "defaults": said, "changed_at": now, "changed_by": by}
    )
    return row


def seed(folder: Path) -> int:
    """The file's templates into an empty table; how many. Raises ConfigError."""
    found = load_mappings(folder)
    with transaction.atomic():
        if MappingTemplate.objects.exists():
            return 0
        MappingTemplate.objects.bulk_create(
            MappingTemplate(name=t.name, columns=list(t.columns.items()), defaults=dict(t.defaults)) for t in found.values()
        )
    return len(found)
