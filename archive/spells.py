"""A source's state is written here and nowhere else: the columns people see, and the spell that history keeps."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from archive.models import Source, Spell

UNREAD = "unread"  # the service was down: nobody looked


def turn(source: Source, state: str, code: str, detail: str, at: datetime, **columns: Any) -> None:
    """Write the state with its reason, and other columns with it; a new spell begins when state or reason changed.

    Expects the caller's transaction. `source` is changed too.
    """
    values = {"state": state, "code": code, "detail": detail[:500], **columns}
    for name, value in values.items():
        setattr(source, name, value)
    Source.objects.filter(pk=source.pk).update(**values)
    now = Spell.objects.filter(source=source, ends_at=None).first()
    if now and (now.state, now.code) == (state, code):
        return
    if now:
        _close(now, at)
    Spell.objects.create(source=source, state=state, code=code, detail=detail[:500], starts_at=at)


def unread(source: Source, since: datetime, until: datetime) -> None:
    """Nobody looked between these instants, whatever the spell of that time says: it is interrupted."""
    now = Spell.objects.filter(source=source, ends_at=None).first()
    if now is None or until <= since:
        return
    state, code, detail = now.state, now.code, now.detail
    since = max(since, now.starts_at)
    _close(now, since)
    Spell.objects.create(source=source, state=UNREAD, detail="服务未运行", starts_at=since, ends_at=until)
    Spell.objects.create(source=source, state=state, code=code, detail=detail, starts_at=until)


def _close(spell: Spell, at: datetime) -> None:
    """One that lasted no time at all tells nothing."""
    if at <= spell.starts_at:
        spell.delete()
        return
    spell.ends_at = at
    spell.save(update_fields=["ends_at"])
