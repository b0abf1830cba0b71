"""What people do with 专题: save, mute, delete and take back; each with its audit entry.

Refusals raise sla.engine.Unmet(error, field); nothing is written then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F

from archive import query
from archive.models import SavedSearch
from archive.naming import meant
from archive.query import QueryError
from flow import audit, topics
from flow.naming import NAMES
from sla.engine import Unmet

MOST_PER_DAY = 200  # of one topic; more is no alert but a feed, and the topic's page shows it


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A topic as somebody wants it saved."""

    name: str
    query: str
    shared: bool = True
    alerting: bool = False
    tells: str = "owner"
    most_per_day: int = 30
    raises: str = ""
    names_type: str = ""


def save(wish: Wish, user: User, now: datetime, row: SavedSearch | None = None, version: int | None = None) -> SavedSearch:
    """Save a new topic, or change `row` if it is still at `version`.

    Refused: an empty or unreadable query, a name in use, one that would fire more often than its limit.
    """
    _check(wish, now)
    values = {**wish.__dict__, "name": wish.name.strip(), "query": wish.query.strip(), "changed_at": now}
    try:
        with transaction.atomic():
            if row is None:
                row = SavedSearch.objects.create(owner=user, created_at=now, **values)
            elif not SavedSearch.objects.filter(id=row.id, version=version or 0).update(version=F("version") + 1, **values):
                raise Unmet("这期间有人改过此专题：请看过现在的内容再改", "version")
            audit.record(user.username, "topic.saved", f"topic:{row.id}", now)
    except IntegrityError as e:
        raise Unmet(f"已有名为“{wish.name.strip()}”的专题", "name") from e
    row.refresh_from_db()
    return row


def _check(wish: Wish, now: datetime) -> None:
    if not wish.name.strip():
        raise Unmet("请写名称", "name")
    try:
        node = meant(wish.query, NAMES, now)
    except QueryError as e:
        raise Unmet(str(e), "query") from e
    if isinstance(node, query.Everything):
        raise Unmet("检索式是空的：会命中每一条信息", "query")
    if not 0 < wish.most_per_day <= MOST_PER_DAY:
        raise Unmet(f"每日上限须为 1 至 {MOST_PER_DAY}", "most_per_day")
    if wish.alerting and (why := topics.too_often(topics.tried(node, now), wish.most_per_day)):
        raise Unmet(why, "query")


def mute(row: SavedSearch, hours: float, user: User, now: datetime) -> None:
    """Tell nobody of its hits for so long (0: tell again); hits are kept."""
    until = now + timedelta(hours=hours) if hours > 0 else None
    with transaction.atomic():
        SavedSearch.objects.filter(id=row.id).update(muted_until=until, changed_at=now, version=F("version") + 1)
        audit.record(user.username, "topic.muted" if until else "topic.unmuted", f"topic:{row.id}", now)


def delete(row: SavedSearch, user: User, now: datetime) -> None:
    with transaction.atomic():
        if SavedSearch.objects.filter(id=row.id, deleted_at=None).update(deleted_at=now, changed_at=now):
            audit.record(user.username, "topic.deleted", f"topic:{row.id}", now)


def restore(row: SavedSearch, user: User, now: datetime) -> None:
    """Take a deletion back. Refused when its name is in use again."""
    try:
        with transaction.atomic():
            if SavedSearch.objects.filter(id=row.id).exclude(deleted_at=None).update(deleted_at=None, changed_at=now):
                audit.record(user.username, "topic.restored", f"topic:{row.id}", now)
    except IntegrityError as e:
        raise Unmet(f"已另有名为“{row.name}”的专题：请先改那一个的名称", "name") from e
