"""Sources that read with somebody's authorisation: that person is reminded before it ends, and told when it has."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from django.db import transaction

from alerts import messages, outbox
from alerts.escalation import Plan, first_steps
from alerts.models import Alert
from alerts.roster import on_duty
from archive.models import Source
from flow.policy import Policy

STAGES = (("week", timedelta(days=7)), ("day", timedelta(days=1)), ("over", timedelta()))


def stage(until: datetime, now: datetime) -> str:
    """The newest reminder that is due: "week", "day", "over" or "" while there is time. Pure."""
    return next((name for name, before in reversed(STAGES) if now >= until - before), "")


def run(policy: Policy, now: datetime, *, held: bool) -> Counter[str]:
    """Remind of what ends; what was authorised anew, or is not read any more, stands its reminders down."""
    found = Source.objects.filter(enabled=True, authorised_until__lte=now + STAGES[0][1])
    ending = {_cause(source): source for source in found}
    told = Alert.objects.filter(kind="system", cause__contains=":authorisation:", stood_down_at=None)
    causes = set(told.values_list("cause", flat=True))
    for stale in {cause.rpartition(":")[0] for cause in causes} - ending.keys():
        outbox.stand_down_cause(f"{stale}:", now)
    due = {f"{cause}:{stage(s.authorised_until, now)}": s for cause, s in ending.items() if s.authorised_until}
    fresh = due.keys() - set(Alert.objects.filter(cause__in=due).values_list("cause", flat=True))
    if not fresh:
        return Counter()
    plans = [plan for cause in sorted(fresh) for plan in _plans(cause, due[cause], policy, now)]
    with transaction.atomic():
        alerts, deliveries = outbox.write(plans, now, replay=held)
    return Counter(alerts=alerts, deliveries=deliveries)


def _cause(source: Source) -> str:
    """An authorisation by its end: the next one has another, so it is reminded of anew."""
    assert source.authorised_until is not None
    return f"source:{source.pk}:authorisation:{source.authorised_until.astimezone(UTC):%Y%m%dT%H%MZ}"


def _plans(cause: str, source: Source, policy: Policy, now: datetime) -> list[Plan]:
    assert source.authorised_until is not None
    message = messages.authorisation(source.name, source.authorised_until, source.detail, now)
    return first_steps(cause, "system", message, grade=None, at=now, ladder=policy.ladder, on_duty=on_duty(now))
