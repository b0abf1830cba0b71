"""What the silence of a page is worth: which sources are read, which are quiet or failing, and is the engine alive."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from archive import indexing
from archive.coverage import BY_HAND, statement
from archive.models import Source
from flow import instants
from flow.models import Lease, Round

State = Source.State
# The watch ticks each second (design.md §5); ten missed ticks are no hiccup.
ENGINE_DEAD = timedelta(seconds=10)


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Counts by state, names of what does not work, and the last item of any source."""

    alive: int
    quiet: int
    failing: tuple[str, ...]
    capped: tuple[str, ...]
    silent: tuple[str, ...]  # of the quiet ones, those that have been so for longer than chance explains; and what dried up
    off: int
    last_item_at: datetime | None
    engine_on: bool
    last_round_at: datetime | None
    search: indexing.Behind

    @property
    def reading(self) -> bool:
        return bool(self.alive or self.quiet or self.failing or self.capped)


def coverage() -> Coverage:
    """Five queries, however many sources there are."""
    by_state: dict[str, list[str]] = {state: [] for state in State.values}
    last_item = None
    silent: list[str] = []
    rows = Source.objects.order_by("name").values_list("name", "kind", "state", "code", "enabled", "last_item_at")
    for name, kind, state, code, enabled, item_at in rows:
        # A file or a person's entry is not read again: it counts by its last item only.
        if kind not in BY_HAND:
            by_state[state if enabled else State.OFF].append(name)
            if enabled and code in ("silent", "degraded"):
                silent.append(name)
        if item_at and (last_item is None or item_at > last_item):
            last_item = item_at
    age = tick_age()
    newest = Round.objects.order_by("-now").values_list("now", flat=True).first()
    return Coverage(
        alive=len(by_state[State.ALIVE]),
        quiet=len(by_state[State.QUIET]),
        failing=tuple(by_state[State.FAILING]),
        capped=tuple(by_state[State.CAPPED]),
        silent=tuple(silent),
        off=len(by_state[State.OFF]),
        last_item_at=last_item,
        engine_on=age is not None and age <= ENGINE_DEAD,
        # Shown only while the engine is off: a running one would change the fragment each second.
        last_round_at=newest,
        search=indexing.behind(),
    )


LONGEST_LOOK = timedelta(days=400)  # of a window: beyond it the picture is too coarse to hatch days


@dataclass(frozen=True, kw_only=True)
class Down:
    """Days (Shanghai) on which sources could not be heard, by name. `looked`: False when the window is too long to tell."""

    days: dict[date, tuple[str, ...]] = field(default_factory=dict)
    looked: bool = True

    @property
    def names(self) -> list[tuple[str, int]]:
        """(source, on how many days), the worst first."""
        counts = Counter(name for names in self.days.values() for name in names)
        return sorted(counts.items(), key=lambda c: (-c[1], c[0]))


def down_days(start: datetime | None, end: datetime | None, now: datetime) -> Down:
    """Where the window's silence is worth nothing (archive/coverage.py)."""
    end = min(end or now, now)
    start = start or end - LONGEST_LOOK
    if end - start > LONGEST_LOOK:
        return Down(looked=False)
    return Down(days=statement(start, end, now).deaf_days())


def tick_age() -> timedelta | None:
    """Real time since the engine last looked at the deadlines; None when it never did."""
    ticked = Lease.objects.filter(name="engine").values_list("ticked_at", flat=True).first()
    return instants.real_now() - ticked if ticked else None


def last_audit() -> tuple[timedelta | None, list[dict[str, str]]]:
    """Real time since the auditor last looked (None when it never did), and what it found broken."""
    row = Lease.objects.filter(name="auditor").values_list("ticked_at", "found").first()
    return (instants.real_now() - row[0], row[1]) if row and row[0] else (None, [])
