"""What a platform pushes to us: a private message is a letter (flow/letters.py), never an opinion post."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from alerts.models import Inbox
from archive.models import Source
from config.clock import real_now
from flow import letters
from flow.models import Letter
from flow.policy import Policy
from sla.engine import Unmet

SOURCE = "wechat"


class Replayed(Exception):
    """The signature of an earlier push came with another message."""


def take(
    source: Source, *, number: str, kind: str, text: str, sent_at: datetime, signed: str, policy: Policy, now: datetime
) -> str:
    """One message, once, however often it is pushed; in words what became of it. Raises Replayed.

    `number` names the message, `signed` the push. In plain mode the signature covers no body: one that has been seen
    may carry the same message again (a retry), never another.
    """
    external_id = f"{source.pk}:{number}"
    try:
        with transaction.atomic():
            _once(f"{source.pk}:signature:{signed}", number)
            row = Inbox.objects.create(source=SOURCE, external_id=external_id, at=real_now())
            row.outcome = _outcome(source, number, kind, text, sent_at, policy, now)
            row.save(update_fields=["outcome"])
    except IntegrityError:
        known = Inbox.objects.filter(source=SOURCE, external_id=external_id).first()
        if known is None:
            raise
        return known.outcome
    return row.outcome


def _once(signature: str, number: str) -> None:
    row, new = Inbox.objects.get_or_create(
        source=SOURCE, external_id=signature, defaults={"at": real_now(), "outcome": number}
    )
    if not new and row.outcome != number:
        raise Replayed


def _outcome(source: Source, number: str, kind: str, text: str, sent_at: datetime, policy: Policy, now: datetime) -> str:
    if kind == "event":
        return f"事件 {text[:40]}，不留存"
    try:
        # The platform's clock may run a little ahead of ours; no letter is from tomorrow.
        letter, _ = letters.receive(
            Letter.Channel.MESSAGE, text, min(sent_at, now), policy, now, external_no=f"{source.pk}:{number}", by=source.name
        )
    except Unmet as e:
        return f"未收录：{e}"[:300]
    return f"来信 {letter.pk}"
