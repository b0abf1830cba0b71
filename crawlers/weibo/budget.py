"""How often Weibo may be asked: calls of one local day, spread over what is left of it. Pure."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from config.clock import SHANGHAI

PER_DAY = 100  # calls per day and authorised user of the general interfaces (sources.md §1.1, revision 16512)
COMMERCIAL = 5_000  # of the 50,000 calls an hour a contract allows: what a bureau's search needs, with room


def day_of(now: datetime) -> date:
    """The day a call at `now` counts for."""
    return now.astimezone(SHANGHAI).date()


def midnight(now: datetime) -> datetime:
    """When the next day's calls begin."""
    return datetime.combine(day_of(now) + timedelta(days=1), time(), SHANGHAI)


def next_round(now: datetime, *, used: int, limit: int, cost: int, least: timedelta) -> datetime:
    """When to ask again so that what is left of the day's calls lasts until its end; `cost` calls a round.

    Never sooner than `least`; with too few calls left, when the next day begins.
    """
    rounds = (limit - used) // max(cost, 1)
    end = midnight(now)
    if rounds <= 0:
        return end
    return min(now + max((end - now) / rounds, least), end)
