"""Sources that fell silent, fail, dried up or lost their approval are told of once; so is their recovery."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from alerts import outbox
from alerts.escalation import Plan
from alerts.models import Alert
from archive.approval import ENGINE
from archive.models import Approval, Source
from flow import audit, telling
from flow.policy import Policy

State = Source.State
SILENT_AFTER = timedelta(hours=1)  # a source that has failed for so long is told of
NEVER_SPOKE = 3  # or one that failed so often and has never been read
TOLD_CODES = ("silent", "degraded")  # what crawlers/habits.py says of a source that answers


def run(policy: Policy, now: datetime, *, held: bool) -> Counter[str]:
    """Tell of new trouble, and tell those who were told when it is over; the next trouble is told anew."""
    _audit_lapses(now)
    trouble = in_trouble(now)
    counts = _over(trouble, now, held=held)
    new = [s for s in trouble.values() if s.silent_told_at is None]
    if not new:
        return counts
    with transaction.atomic():
        plans = [plan for source in new for plan in telling.source_silent(source, now, policy)]
        Source.objects.filter(id__in=[s.id for s in new]).update(silent_told_at=now)
        alerts, deliveries = outbox.write(plans, now, replay=held)
    return counts + Counter(alerts=alerts, deliveries=deliveries)


def in_trouble(now: datetime) -> dict[int, Source]:
    """By id, the sources that people must know of."""
    failing = Q(enabled=True, state=State.FAILING)
    lapsed = Q(enabled=False, code="unapproved", approvals__state=Approval.State.WAITING, approvals__asked_by=ENGINE)
    found = Source.objects.filter(failing | Q(enabled=True, code__in=TOLD_CODES) | lapsed).distinct()
    return {s.id: s for s in found if s.state != State.FAILING or _long(s, now)}


def _long(source: Source, now: datetime) -> bool:
    if source.silent_told_at:
        return True
    return now - source.last_ok_at >= SILENT_AFTER if source.last_ok_at else source.failures >= NEVER_SPOKE


def _over(trouble: dict[int, Source], now: datetime, *, held: bool) -> Counter[str]:
    counts: Counter[str] = Counter()
    told = Alert.objects.filter(kind="source_silent", stood_down_at=None).values_list("cause", flat=True)
    for cause in set(told):
        source_id = int(cause.split(":")[1])
        if source_id in trouble:
            continue
        source = Source.objects.filter(id=source_id).first()
        with transaction.atomic():
            plans: list[Plan] = telling.source_back(source, cause, now) if source and source.enabled else []
            Source.objects.filter(id=source_id).update(silent_told_at=None)
            outbox.stand_down_cause(cause, now)
            alerts, deliveries = outbox.write(plans, now, replay=held)
        counts += Counter(alerts=alerts, deliveries=deliveries)
    return counts


def _audit_lapses(now: datetime) -> None:
    """The crawler cannot write the audit: an approval that it ended is entered here."""
    for lapsed in Approval.objects.filter(asked_by=ENGINE, told_at=None):
        with transaction.atomic():
            if Approval.objects.filter(pk=lapsed.pk, told_at=None).update(told_at=now):
                audit.record(ENGINE, "source.lapsed", f"source:{lapsed.source_id}", now, approval=lapsed.pk, reason=lapsed.why)
