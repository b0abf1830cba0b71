"""The rota as a picture: lanes of a level, people as bars, empty time hatched; positions only, the template draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode

from alerts import rota
from alerts.escalation import Ladder
from alerts.rota import Duty
from config.clock import SHANGHAI
from flow import contacts
from flow.rota import Hole, interval_text
from flow.rota_text import WEEK

DAY_WIDTH, LABEL = 172, 96  # units of the drawing
BAR, PAD, HEAD = 30, 5, 24
WEEK_DAYS = 7
COLOURS = 8
WORDS = {"rotation": "轮值", "shift": "临时班", "cover": "换班"}


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    name: str
    label: str  # read aloud and in the tooltip
    look: str
    url: str  # where it can be changed; "" where the reader may not

    @property
    def text_x(self) -> float:
        return round(self.x + 7, 1)

    @property
    def text_y(self) -> float:
        return self.y + BAR / 2

    @property
    def shown(self) -> str:
        """The name as far as the bar is wide: about 14 units a character."""
        room = int((self.width - 10) / 14)
        return self.name if len(self.name) <= room else self.name[: max(0, room - 1)] + "…" if room > 1 else ""


@dataclass(frozen=True)
class Lane:
    name: str
    y: float
    height: float
    bars: tuple[Bar, ...]
    holes: tuple[Bar, ...]

    @property
    def text_y(self) -> float:
        return self.y + self.height / 2


@dataclass(frozen=True)
class Day:
    x: float
    label: str
    rest: bool
    today: bool


@dataclass(frozen=True)
class Strip:
    """Seven days of all levels."""

    title: str
    days: tuple[Day, ...]
    lanes: tuple[Lane, ...]
    height: float
    now_x: float | None
    right: float = LABEL + WEEK_DAYS * DAY_WIDTH


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def weeks(view: str, day: date) -> list[date]:
    """The Mondays the view shows: one, or those of the month `day` lies in."""
    if view != "month":
        return [monday(day)]
    first = day.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    found = monday(first)
    shown = []
    while found < following:
        shown.append(found)
        found += timedelta(days=WEEK_DAYS)
    return shown


def strip(
    start: date, duties: Sequence[Duty], holes: Sequence[Hole], ladder: Ladder, names: dict[int, str], now: datetime,
    *, editable: bool, workday: rota.Workday = rota.weekdays_only,
) -> Strip:  # fmt: skip
    """The week from `start` drawn; `duties` and `holes` may hold more than it."""
    begin, end = rota.midnight(start), rota.midnight(start + timedelta(days=WEEK_DAYS))
    people = sorted(names)
    lanes, y = [], float(HEAD)
    for level in ladder.levels:
        mine = [d for d in duties if d.role == level.role and d.starts_at < end and d.ends_at > begin]
        rows: list[datetime] = []
        bars = []
        for duty in mine:
            row = next((n for n, free in enumerate(rows) if free <= duty.starts_at), len(rows))
            rows[row : row + 1] = [duty.ends_at]
            at_y = y + PAD + row * (BAR + 3)
            bars.append(_bar(duty, at_y, begin, end, names, people, level.name, now, editable=editable))
        height = max(1, len(rows)) * (BAR + 3) - 3 + 2 * PAD
        empty = [h for h in holes if h.role == level.role and h.starts_at < end and h.ends_at > begin]
        hatched = tuple(_hole_bar(h, y + PAD, begin, end, names, ladder, now, editable=editable) for h in empty)
        lanes.append(Lane(level.name, y, height, tuple(bars), hatched))
        y += height
    today = now.astimezone(SHANGHAI).date()
    days = []
    for n in range(WEEK_DAYS):
        day = start + timedelta(days=n)
        label = f"{day.month}/{day.day} 周{WEEK[day.weekday()]}"
        days.append(Day(LABEL + n * DAY_WIDTH, label, not workday(day), day == today))
    last = start + timedelta(days=WEEK_DAYS - 1)
    title = f"{start.year}年{start.month}月{start.day}日至{last.month}月{last.day}日"
    return Strip(title, tuple(days), tuple(lanes), y, _x(now, begin, end) if begin <= now < end else None)


def _x(instant: datetime, begin: datetime, end: datetime) -> float:
    inside = min(max(instant, begin), end)
    return round(LABEL + (inside - begin) / timedelta(days=1) * DAY_WIDTH, 1)


def _bar(
    duty: Duty, y: float, begin: datetime, end: datetime, names: dict[int, str], people: list[int], level: str,
    now: datetime, *, editable: bool,
) -> Bar:  # fmt: skip
    x, right = _x(duty.starts_at, begin, end), _x(duty.ends_at, begin, end)
    name = names.get(duty.user, "?")
    label = f"{level} {name} {interval_text(duty.starts_at, duty.ends_at)}（{WORDS[duty.origin]}）"
    colour = people.index(duty.user) % COLOURS if duty.user in names else 0
    url = ""
    if editable and duty.ends_at > now:
        label += "，点按换班"
        url = _new("cover", role=duty.role, replaces=duty.user, starts_at=max(duty.starts_at, now), ends_at=duty.ends_at)
    return Bar(x + 1, y, max(2.0, round(right - x - 2, 1)), name, label, f"p{colour} {duty.origin}", url)


def _hole_bar(
    hole: Hole, y: float, begin: datetime, end: datetime, names: dict[int, str], ladder: Ladder, now: datetime,
    *, editable: bool,
) -> Bar:  # fmt: skip
    x, right = _x(hole.starts_at, begin, end), _x(hole.ends_at, begin, end)
    level = next(v.name for v in ladder.levels if v.role == hole.role)
    label = f"{level} {interval_text(hole.starts_at, hole.ends_at)} 无人值班"
    url = ""
    if editable and hole.ends_at > now:
        label += "，点按安排人员"
        url = _new("shift", role=hole.role, starts_at=max(hole.starts_at, now), ends_at=hole.ends_at)
    return Bar(x, y, round(right - x, 1), "无人", label, "hole", url)


def _new(table: str, **given: Any) -> str:
    told = {k: v.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M") if isinstance(v, datetime) else v for k, v in given.items()}
    return reverse("rota_new", args=[table]) + "?" + urlencode(told)


def now_and_next(ladder: Ladder, duties: Sequence[Duty], names: dict[int, str], now: datetime) -> list[dict[str, Any]]:
    """For every level: who is on duty now and until when, who comes next and when, and whether each can be reached."""
    spells = rota.spells(duties)
    crews = []
    for level in ladder.levels:
        mine = [d for d in spells if d.role == level.role]
        coming = [d for d in mine if d.starts_at > now]
        first = coming[0].starts_at if coming else None
        crews.append((level, rota.at(mine, now), [d for d in coming if d.starts_at == first], first))
    reach = contacts.standing(ladder, {d.user for _, here, following, _ in crews for d in (*here, *following)})
    return [
        {
            "level": level,
            "now": [(names.get(d.user, "?"), d.ends_at, reach.get(d.user)) for d in here],
            "next": [(names.get(d.user, "?"), reach.get(d.user)) for d in following],
            "next_at": first,
        }
        for level, here, following, first in crews
    ]


def told_instead(hole: Hole, ladder: Ladder, names: dict[int, str]) -> dict[str, Any]:
    """A hole in words: which level, when, and who is told in its place."""
    roles = {level.role: level.name for level in ladder.levels}
    parts = []
    for part in hole.instead:
        who = "、".join(names.get(u, "?") for u in part.users)
        told = f"{roles[part.role]}（{who}）" if part.role else f"{roles[hole.role]}岗位收件箱，上级亦无人在岗"
        when = "" if len(hole.instead) == 1 else interval_text(part.starts_at, part.ends_at) + " "
        parts.append(f"{when}告知{told}")
    return {"level": roles[hole.role], "when": interval_text(hole.starts_at, hole.ends_at), "instead": parts}
