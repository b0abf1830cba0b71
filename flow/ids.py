"""Ids taken before the rows exist, so that decisions made in memory can name what they will write."""

from __future__ import annotations

from django.db import connection
from django.db.models import Model

BLOCK = 50


class NextIds:
    """Hands out ids for new rows of `model`.

    PostgreSQL takes them from the table's sequence, a block at a time. SQLite counts on from its last id: there is
    one placing writer, and should another process insert in between, the unique key refuses the batch and it is
    decided again after `reset()`.
    """

    def __init__(self, model: type[Model]) -> None:
        self._table = model._meta.db_table
        self._free: list[int] = []
        self._last: int | None = None

    def take(self) -> int:
        if connection.vendor == "postgresql":
            if not self._free:
                self._free = self._from_sequence()
            return self._free.pop(0)
        if self._last is None:
            self._last = self._last_in_table()
        self._last += 1
        return self._last

    def reset(self) -> None:
        """Forget what was handed out: called before each batch, and after one that was refused."""
        self._last = None

    def _from_sequence(self) -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [self._table, BLOCK]
            )
            return [row[0] for row in cursor.fetchall()]

    def _last_in_table(self) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [self._table])
            row = cursor.fetchone()
        return row[0] if row else 0
