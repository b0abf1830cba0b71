"""What every page's frame shows: drill, server time, the person's roles and rights."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from config import clock
from console import inbox
from console.permissions import Rights, roles_of
from console.polling import milliseconds
from console.words import ROLES


def frame(request: HttpRequest) -> dict[str, Any]:
    """Counts are callables: a page that shows none pays for none."""
    user = getattr(request, "user", None)
    if user is None:  # an error page rendered before the session was read
        return {"drill": settings.DRILL}
    return {
        "drill": settings.DRILL,
        "server_ms": milliseconds(clock.now()),
        "clock_speed": clock.speed(),
        "may": Rights(user),
        "role_words": _role_words(user),
        "inbox_count": lambda: inbox.count(user),
    }


def _role_words(user: Any) -> str:
    held = roles_of(user)
    return "、".join(word for role, word in ROLES.items() if role in held)
