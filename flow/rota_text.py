"""The rota's values as people write them, in the page's form and in a spreadsheet: 08:00-20:00、20:00-08:00."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User

from alerts.rota import DAYS, TURNS
from config.clock import SHANGHAI
from sla.engine import Unmet

WEEK = "一二三四五六日"
_SEPARATORS = re.compile(r"[、,，;；\n\r\t]+")
_BLOCK = re.compile(r"(\d{1,2})[:：](\d{2})\s*[-~—–至到]+\s*(\d{1,2})[:：](\d{2})")


class Names:
    """People by log-in name, or by full name where only one has it."""

    def __init__(self) -> None:
        self.by_login: dict[str, int] = {}
        self.by_name: dict[str, list[int]] = defaultdict(list)
        self._shown: dict[int, str] = {}
        for user in User.objects.filter(is_active=True).only("username", "first_name", "last_name"):
            self.by_login[user.username] = user.pk
            if name := user.get_full_name():
                self.by_name[name].append(user.pk)
            self._shown[user.pk] = name or user.username
        for user_id, name in list(self._shown.items()):
            if len(self.by_name.get(name, ())) > 1:
                self._shown[user_id] = next(k for k, v in self.by_login.items() if v == user_id)

    def id_of(self, text: str, field: str) -> int:
        """Raises Unmet naming `field`."""
        text = text.strip()
        if text in self.by_login:
            return self.by_login[text]
        found = self.by_name.get(text, [])
        if len(found) == 1:
            return found[0]
        if found:
            raise Unmet(f"有 {len(found)} 人叫{text}，请写登录名", field)
        raise Unmet(f"没有名为“{text}”的在用账号" if text else "请填姓名或登录名", field)

    def ids_of(self, text: str, field: str) -> list[int]:
        parts = [p for p in _SEPARATORS.split(text) if p.strip()]
        return [self.id_of(p, field) for p in parts]

    def shown(self, user_id: int | None) -> str:
        """A name that `id_of` reads as this person again; "" for nobody."""
        return self._shown.get(user_id or 0, "")


def blocks_of(text: str, field: str = "blocks") -> list[list[Any]]:
    """"08:00-20:00、20:00-08:00" as [["08:00", 12], ["20:00", 12]]; the same time twice is 24 hours."""
    found = []
    for part in (p.strip() for p in _SEPARATORS.split(text) if p.strip()):
        match = _BLOCK.fullmatch(part)
        if not match or int(match[1]) > 23 or int(match[3]) > 24 or int(match[2]) > 59 or int(match[4]) > 59:
            raise Unmet(f"“{part}”不是班次；请写 08:00-20:00，多个用顿号隔开", field)
        start = int(match[1]) * 60 + int(match[2])
        minutes = (int(match[3]) * 60 + int(match[4]) - start) % (24 * 60) or 24 * 60
        hours = minutes / 60
        found.append([f"{int(match[1]):02}:{match[2]}", int(hours) if hours.is_integer() else hours])
    return found


def blocks_text(blocks: Iterable[Sequence[Any]]) -> str:
    parts = []
    for start, hours in blocks:
        begin = datetime.strptime(str(start), "%H:%M").replace(tzinfo=SHANGHAI)
        parts.append(f"{begin:%H:%M}-{begin + timedelta(hours=float(hours)):%H:%M}")
    return "、".join(parts)


def weekdays_of(text: str, field: str = "weekdays") -> str:
    """ "一二三" as "123"; empty is every day."""
    letters = re.sub(r"[、,，\s周星期]", "", text).replace("天", "日").replace("七", "日")
    if not letters:
        return "1234567"
    if not set(letters) <= set(WEEK):
        raise Unmet(f"“{text}”不是星期；请写 一二三四五六日 中的几天", field)
    return "".join(sorted(str(WEEK.index(c) + 1) for c in set(letters)))


def weekdays_text(digits: str) -> str:
    return "".join(WEEK[int(d) - 1] for d in digits)


def word_of(words: Mapping[str, str], text: str, field: str, default: str) -> str:
    """The code whose Chinese word `text` is. Raises Unmet."""
    if not text.strip():
        return default
    for code, word in words.items():
        if text.strip() in (word, code):
            return code
    raise Unmet(f"“{text.strip()}”不认识；请写 {'、'.join(words.values())} 之一", field)


def day_of(value: Any, field: str) -> date:
    """A spreadsheet's date, or text such as 2026-11-25. Raises Unmet."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(re.sub(r"[./年月]", "-", str(value).strip()).rstrip("日"))
    except ValueError:
        raise Unmet(f"“{value}”不是日期；请写 2026-11-25", field) from None


def moment_of(value: Any, field: str) -> datetime:
    """A spreadsheet's date and time (Beijing), or text such as 2026-11-25 08:00. Raises Unmet."""
    if not isinstance(value, datetime):
        text = re.sub(r"\s+", " ", str(value).strip().replace("/", "-").replace("：", ":"))
        try:
            value = datetime.fromisoformat(text) if len(text) > 10 else None
        except ValueError:
            value = None
        if value is None:
            raise Unmet(f"“{text}”不是时间；请写 2026-11-25 08:00", field)
    return value.astimezone(SHANGHAI) if value.tzinfo else value.replace(tzinfo=SHANGHAI)


def moment_text(instant: datetime) -> str:
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


__all__ = ["DAYS", "TURNS", "Names"]
