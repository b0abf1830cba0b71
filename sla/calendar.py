"""Working days: weekends, holidays, make-up days (调休), and deadlines counted in days. Pure.

A period of days does not count the day it starts on and ends with the last minute of its last day, Asia/Shanghai
(民法典 第二百零一条、第二百零三条).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from config.clock import SHANGHAI

DAY = timedelta(days=1)


class UnknownYear(Exception):
    """A working-day deadline reaches a year whose holidays nobody has entered."""


@dataclass(frozen=True)
class Calendar:
    """config/calendar.toml as values."""

    off: frozenset[date]
    work: frozenset[date]
    years: frozenset[int]
    provisional: frozenset[int] = frozenset()  # years whose official notice is not out

    def is_working_day(self, day: date) -> bool:
        """Raises UnknownYear where the holidays of that year are not known."""
        if day.year not in self.years:
            raise UnknownYear(f"{day.year} 年的节假日未录入，请补 calendar.toml")
        return day in self.work or (day.weekday() < 5 and day not in self.off)

    def add_working_days(self, day: date, n: int) -> date:
        """The n-th working day after `day`, which itself is not counted."""
        while n:
            day += DAY
            n -= self.is_working_day(day)
        return day

    def working_days_between(self, after: date, until: date) -> int:
        """How many working days lie in (after, until]."""
        return sum(self.is_working_day(after + DAY * i) for i in range(1, (until - after).days + 1))

    def weekdays_only(self, until: date) -> Calendar:
        """With the years up to `until` that nobody has entered counted by weekdays: better roughly due than never."""
        unknown = set(range(min(self.years), until.year + 2)) - self.years
        return Calendar(self.off, self.work, self.years | unknown, self.provisional | unknown)


def day_of(instant: datetime) -> date:
    return instant.astimezone(SHANGHAI).date()


def end_of(day: date) -> datetime:
    """24:00 of that day in Shanghai."""
    return datetime.combine(day + DAY, time(), SHANGHAI)


def start_of(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)


def period_of(day: date, every: str) -> tuple[str, date, date]:
    """("2026Q4", first day, last day) of the quarter, half-year or year that `day` lies in."""
    months = {"quarter": 3, "half_year": 6, "year": 12}[every]
    n = (day.month - 1) // months
    first = date(day.year, n * months + 1, 1)
    following = date(day.year + (n + 1) * months // 12, (n + 1) * months % 12 + 1, 1)
    name = {"quarter": f"{day.year}Q{n + 1}", "half_year": f"{day.year}H{n + 1}", "year": f"{day.year}"}[every]
    return name, first, following - DAY
