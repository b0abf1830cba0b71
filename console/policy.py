"""The policy files as this process read them at its start."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from flow.policy import Policy, live_policy


@cache
def policy() -> Policy:
    """A change of the files takes effect at the next start, in the pages as in the engine."""
    return live_policy(settings.POLICY)
