"""How often a channel may be used, with a share kept for the gravest events. Pure.

Counted over the last minute, not as a bucket that refills: a bucket of 20 lets 39 through within one minute
when it starts full, and some providers block a robot for ten minutes at the 21st (alerting.md §6.3). The counts
are rows (Attempt), so a restart or a second sender starts with the true figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Rate:
    per_minute: int
    reserved: int  # of these, only for priority 1

    def share(self, priority: int) -> int:
        return self.per_minute if priority == 1 else self.per_minute - self.reserved


def free_at(sent: Sequence[datetime], rate: Rate, priority: int, now: datetime) -> datetime:
    """The earliest instant at which one more message of `priority` may go; `now` when it may go at once.

    `sent` are the instants of earlier tries, in any order; those older than a minute do not count.
    """
    recent = sorted(at for at in sent if at > now - WINDOW)
    share = rate.share(priority)
    if len(recent) < share:
        return now
    # Free again when so many of them have left the window that fewer than `share` remain.
    return recent[len(recent) - share] + WINDOW


def turns(sent: Sequence[datetime], rate: Rate, priority: int, now: datetime) -> list[datetime]:
    """When the next messages of `priority` may go, one each, while the channel is full; the last one is for all the rest."""
    recent = sorted(at for at in sent if at > now - WINDOW)
    return [at + WINDOW for at in recent[-rate.share(priority) :]] or [now]


def reason(rate: Rate, priority: int) -> str:
    return f"限速：该渠道每分钟 {rate.share(priority)} 条，已排队，未丢弃"
