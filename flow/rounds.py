"""One round: the thirty lines that say what happens, in order, to posts and deadlines."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from archive import indexing
from config import clock
from flow import audit, delivery, documents, erasing, intake, watch
from flow.lived import last_instant
from flow.models import Round
from flow.placing import Placer
from flow.policy import Policy
from flow.readers import Readers


class TooEarly(Exception):
    """A replayed round may not lie before the last one."""


def play(policy: Policy, readers: Readers, now: datetime, *, replay: bool, send: bool) -> dict[str, Any]:
    """Live through everything up to `now` on a folder no engine runs on; the counts of commands.md `round`.

    Raises TooEarly when a round after `now` has been played.
    """
    last = last_instant()
    if last and now < last:
        raise TooEarly(f"the last round was at {clock.shanghai(last)}; give that or a later instant")
    placer = Placer(policy.edition, readers.here)
    counts = Counter(read=0, joined=0, opened=0, not_relevant=0, set_aside=0, kept=0, alerts=0, deliveries=0)
    held = replay and not send
    counts.update(intake.run(placer, readers, policy, now, replay=replay, held=held))
    counts.update(watch.run(policy, now, held=held))
    Round.objects.create(now=now, live=not replay, counts=dict(counts))
    erasing.withdraw(now)
    erasing.age(policy.retention, now)
    while audit.seal():
        pass
    indexing.drain(documents.documents)
    if send:
        delivery.send_all(policy.ladder, now)
    return {"now": clock.shanghai(now), **{name: counts[name] for name in COUNTED}}


COUNTED = ("read", "joined", "opened", "not_relevant", "set_aside", "kept", "alerts", "deliveries")
