"""Whole transactions once more: where the database asked for it, and only then."""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, connection

P = ParamSpec("P")
R = TypeVar("R")
TIMES = 5


def wants_repeating(e: DatabaseError) -> bool:
    """PostgreSQL gave this transaction up for another's sake (SQLSTATE class 40: deadlock, serialization)."""
    state = getattr(e.__cause__, "sqlstate", None)
    return bool(state and state.startswith("40"))


def retried(work: Callable[P, R]) -> Callable[P, R]:
    """`work` is one transaction; repeated when the database rolled it back for another's sake.

    Inside an outer transaction nothing can be repeated: its owner must.
    """

    @functools.wraps(work)
    def repeating(*args: P.args, **kwargs: P.kwargs) -> R:
        for n in range(TIMES):
            try:
                return work(*args, **kwargs)
            except DatabaseError as e:
                if n == TIMES - 1 or connection.in_atomic_block or not wants_repeating(e):
                    raise
            time.sleep(random.uniform(0.01, 0.05) * 2**n)
        raise AssertionError("unreachable")

    return repeating
