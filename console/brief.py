"""A brief of 60 or 140 characters: what, how grave, where it stands, what is due. To paste or to read aloud."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from analysis.models import Event
from config.clock import SHANGHAI
from console.clocks import Clock
from console.words import FACTS, TYPES

LENGTHS = (60, 140)


def write(event: Event, running: Sequence[Clock], now: datetime, length: int) -> str:
    """Parts in order of weight, each whole or left out; only the title is ever cut."""
    grade = f"【{event.grade}{'·暂按' if event.provisional else ''}】" if event.grade else "【未定级】"
    tail = [_deadline(running[0], now)] if running else ["无计时"]
    tail += [_figures(event), f"信息{event.posts}条（去重{event.folds}）", _first_said(event), TYPES.get(event.type, "")]
    room = length - len(grade) - len(tail[0]) - 1
    title = event.title if len(event.title) <= room else event.title[: room - 1] + "…"
    text = f"{grade}{title}，{tail[0]}"
    for part in tail[1:]:
        if part and len(text) + len(part) + 1 <= length:
            text += f"，{part}"
    return text


def _deadline(clock: Clock, now: datetime) -> str:
    minutes = int(abs((clock.obligation.due_at - now).total_seconds())) // 60
    spoken = f"{minutes // 60}时{minutes % 60:02}分"
    return f"{clock.name}{'已超' if clock.standing == 'missed' else '还剩'}{spoken}"


def _figures(event: Event) -> str:
    said = [(FACTS[key][0], event.facts.get(key)) for key in ("deaths", "missing", "serious", "injured")]
    return "、".join(f"{name[:2]}{figure['low']}人" for name, figure in said if figure and figure["low"])


def _first_said(event: Event) -> str:
    first = event.t_first_post
    return f"首发{first.astimezone(SHANGHAI):%m-%d %H:%M}" if first else ""
