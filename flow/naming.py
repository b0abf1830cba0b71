"""What names in queries stand for: units and their aliases, the topics that people keep."""

from __future__ import annotations

from analysis.models import Unit
from archive.models import SavedSearch

SHORTEST = 2  # a one-character alias would find everything


class TableNames:
    """`archive.naming.Names` over the tables; reads them when asked."""

    def called(self, field: str, name: str) -> tuple[str, ...]:
        """A unit's full name and aliases, whichever of them was asked for; a place also with and without 市 区 县."""
        if field == "place":
            stem = name[:-1] if len(name) > SHORTEST and name[-1] in "市区县镇" else name
            return tuple(dict.fromkeys((name, stem)))
        for unit in Unit.objects.order_by("id"):
            called = (unit.name, *unit.aliases)
            if name in called:
                return tuple(n for n in dict.fromkeys(called) if len(n) >= SHORTEST)
        return (name,)

    def topic(self, name: str) -> str | None:
        return SavedSearch.objects.filter(name=name, deleted_at=None).values_list("query", flat=True).first()


NAMES = TableNames()
