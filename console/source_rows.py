"""What the source pages show of many sources at once: a fixed number of queries, however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from archive import health
from archive.coverage import BY_HAND, deaf_days_by_source, statement
from archive.models import Approval, Source
from config.clock import SHANGHAI
from crawlers.adapters import ADAPTERS
from crawlers.models import Learned, SourceDay

State = Source.State
STRIP_DAYS = 28
HEIGHT, CELL = 22, 7  # of the small picture, in its own units
# What fails comes first, whatever the sort (ease.md 5).
ORDER = [State.FAILING, State.CAPPED, State.QUIET, State.ALIVE, State.OFF]
SHAPES = {State.ALIVE: "check", State.FAILING: "alarm", State.OFF: "dash", State.CAPPED: "square", State.QUIET: "ring"}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One day of the strip: new items as a bar, hatched when the source could not be read for half of it."""

    day: date
    new: int
    runs: int
    down: bool
    x: int
    height: float

    @property
    def y(self) -> float:
        return HEIGHT - self.height


@dataclass(frozen=True, kw_only=True)
class Row:
    """One source as the list shows it."""

    source: Source
    state: Any  # Source.State: off when not enabled, whatever was last known
    shape: str
    reason: health.Reason | None
    strip: list[Cell]
    fetched: int
    new: int
    items: int
    relevant: int
    waiting: Approval | None
    asks: bool  # we ask it by ourselves, so that "read now" makes sense
    by_hand: bool

    @property
    def share(self) -> int | None:
        """Relevant per hundred items of four weeks."""
        return round(100 * self.relevant / self.items) if self.items else None

    @property
    def down_count(self) -> int:
        return sum(cell.down for cell in self.strip)

    @property
    def word(self) -> str:
        return health.word(self.source.code)


def rows(sources: Iterable[Source], now: datetime) -> list[Row]:
    """The rows of these sources, what fails first."""
    sources = list(sources)
    ids = [s.pk for s in sources]
    first = now.astimezone(SHANGHAI).date() - timedelta(days=STRIP_DAYS - 1)
    days: dict[int, dict[date, SourceDay]] = defaultdict(dict)
    for day in SourceDay.objects.filter(source_id__in=ids, day__gte=first):
        days[day.source_id][day.day] = day
    start = datetime.combine(first, datetime.min.time(), SHANGHAI)
    dark = deaf_days_by_source(statement(start, now, now, ids))
    learned = {row.source_id: row for row in Learned.objects.filter(source_id__in=ids)}
    asked = Approval.objects.filter(source_id__in=ids, state=Approval.State.WAITING)
    waiting = {row.source_id: row for row in asked}
    found = [
        _row(s, days[s.pk], dark.get(s.pk, set()), learned.get(s.pk), waiting.get(s.pk), first) for s in sources
    ]
    return sorted(found, key=lambda r: (r.by_hand, ORDER.index(r.state), r.source.name))


def _row(
    source: Source, days: dict[date, SourceDay], dark: set[date], learned: Learned | None, waiting: Approval | None, first: date
) -> Row:
    state = State(source.state) if source.enabled else State.OFF
    return Row(
        source=source,
        state=state,
        shape=SHAPES[state],
        reason=health.REASONS.get(source.code),
        strip=strip(days, dark, first),
        fetched=sum(d.fetched for d in days.values()),
        new=sum(d.new for d in days.values()),
        items=learned.items if learned else 0,
        relevant=learned.relevant if learned else 0,
        waiting=waiting,
        asks=source.kind in ADAPTERS,
        by_hand=source.kind in BY_HAND,
    )


def strip(days: dict[date, SourceDay], dark: set[date], first: date) -> list[Cell]:
    most = max((d.new for d in days.values()), default=0) or 1
    cells = []
    for n in range(STRIP_DAYS):
        day = first + timedelta(days=n)
        row = days.get(day)
        new = row.new if row else 0
        cells.append(
            Cell(
                day=day,
                new=new,
                runs=row.runs if row else 0,
                down=day in dark or bool(row and row.bad * 2 >= row.runs),
                x=n * CELL,
                height=round(max((HEIGHT - 2) * new / most, 2.0 if new else 0.0), 1),
            )
        )
    return cells
