"""Slack after the sending: messages drawn anew when their alert changed, and answers to clicks that had no effect.

Cosmetic: an attempt whose outcome is unknown is not repeated, and nothing here delays or replaces a delivery.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from django.db.models import Q

from alerts.channels.base import DeliveryFailed
from alerts.channels.slack import Slack
from alerts.ladder import Ladder
from alerts.messages import moment
from alerts.models import Alert, Delivery, Inbox
from alerts.rendering import cut, slack_redrawn
from config.clock import real_now

log = logging.getLogger(__name__)
AT_ONCE = 20  # messages a beat; Slack allows about fifty changes a minute
ANSWER_FOR = timedelta(minutes=10)  # a later answer to a click only puzzles
CHANGED = (
    Q(alert__acked_at__isnull=False)
    | Q(alert__stood_down_at__isnull=False)
    | Q(alert__escalated_at__isnull=False, drawn="")
)


class Chat:
    """The beat of one channel; keeps only how long Slack asked to be left alone."""

    def __init__(self, ladder: Ladder) -> None:
        self._ladder = ladder
        self._outlet = Slack(ladder.channels["slack"])
        self._quiet_until = 0.0

    def beat(self) -> bool:
        """True when there may be more to do at once."""
        if time.monotonic() < self._quiet_until:
            return False
        try:
            self._answer()
            return self._redraw() >= AT_ONCE
        except DeliveryFailed as e:
            log.warning("slack messages are not redrawn for now: %s", e)
            self._quiet_until = time.monotonic() + max(e.retry_after or 0, 5)
            return False

    def _answer(self) -> None:
        for row in Inbox.objects.filter(reply_to__isnull=False).order_by("at")[:AT_ONCE]:
            place, _, person = (row.reply_to or "").partition(":")
            if row.at > real_now() - ANSWER_FOR:
                _unless_final(partial(self._outlet.whisper, place, person, row.outcome))
            Inbox.objects.filter(id=row.id).update(reply_to=None)

    def _redraw(self) -> int:
        kept = Delivery.objects.filter(redraw_until__isnull=False, channel="slack", state=Delivery.State.SENT)
        kept.filter(redraw_until__lt=real_now()).update(redraw_until=None)
        rows = list(kept.filter(CHANGED).select_related("alert__acked_by").order_by("id")[:AT_ONCE])
        for row in rows:
            state, words = what_became(row.alert, self._ladder)
            _unless_final(partial(self._outlet.redraw, row.provider_id, slack_redrawn(row.body, words)))
            over = {} if state == "escalated" else {"redraw_until": None}
            Delivery.objects.filter(id=row.id).update(drawn=state, **over)
        return len(rows)


def _unless_final(call: Callable[[], None]) -> None:
    """Do it; a failure that cannot be mended, or may have happened all the same, is let go. Raises the passing ones."""
    try:
        call()
    except DeliveryFailed as e:
        if not (e.permanent or e.unsure):
            raise
        log.info("a slack message was left as it is: %s", e)


def what_became(alert: Alert, ladder: Ladder) -> tuple[str, str]:
    """(code, words) of what a message should say of its alert now."""
    if alert.stood_down_at:
        return "settled", f"■ 事项已办结或撤下（{moment(alert.stood_down_at)}），无需再确认。"
    if alert.acked_at:
        who = _name(alert)
        return "acked", f"✔ {who} {moment(alert.acked_at)} 确认收到，不再就此逐级上报；时钟照走。"
    return "escalated", _went_on(alert, ladder)


def _went_on(alert: Alert, ladder: Ladder) -> str:
    newest = Alert.objects.filter(cause=alert.cause).order_by("-level", "-raised_at").first() or alert
    at: datetime = alert.escalated_at or newest.raised_at
    name = ladder.level(newest.level).name if newest.level <= len(ladder.levels) else ""
    return f"▲ {moment(at)} 前无人确认，已升级至第 {newest.level} 级（{name}）。此消息的按钮不再有效。"


def _name(alert: Alert) -> str:
    return cut(alert.acked_by.get_full_name() or alert.acked_by.get_username(), 40) if alert.acked_by else "已由消息按钮或链接"
