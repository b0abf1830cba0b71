"""Values of 时间: 热度: 转发: as ranges of whole numbers; a limit that was named belongs to the range."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, time, timedelta

from archive.tree import HEAT_WORDS, HEATS, Range
from config.clock import SHANGHAI

_BETWEEN = re.compile(r"\.\.|~|至")
_COMPARED = re.compile(r"(>=|<=|=>|=<|>|<|≥|≤|=)(.*)", re.DOTALL)
_DAY = re.compile(
    r"(?P<y>\d{4})(?:[-/.年](?P<m>\d{1,2})(?:月|(?:[-/.月](?P<d>\d{1,2})日?)?)|年)?"
    r"(?:[T ]?(?P<H>\d{1,2})[:时](?:(?P<M>\d{1,2})分?(?::(?P<S>\d{1,2}))?)?)?"
)
_LAST = re.compile(r"近(\d{1,4})(小时|天|日|周)")
_HOURS = {"小时": 1, "天": 24, "日": 24, "周": 168}
_NUMBER = re.compile(r"(\d{1,12}(?:\.\d{1,4})?)([万千亿]?)")
_TIMES = {"": 1, "千": 1000, "万": 10_000, "亿": 100_000_000}
EXAMPLES = {
    "time": "时间:2024-05-01、时间:2024-05-01..2024-05-07、时间:>=2024-05、时间:近7天",
    "heat": "热度:红、热度:>=橙（由低到高：蓝、黄、橙、红）",
    "reposts": "转发:>=100、转发:100..1000、转发:>1万",
}


def parse_range(field: str, text: str, now: datetime | None) -> Range:
    """The range that NFKC-folded `text` names. Raises ValueError with what is wrong with it, in Chinese."""
    if field == "time" and (last := _LAST.fullmatch(text)):
        if now is None:
            raise ValueError(f"这里不能用相对时间“{text}”")
        return Range("time", _seconds(now - timedelta(hours=int(last[1]) * _HOURS[last[2]])), None)
    if compared := _COMPARED.fullmatch(text):
        low, high = _limits(field, compared[2].strip(), now)
        return _beyond(field, compared[1], low, high, text)
    ends = [end.strip() for end in _BETWEEN.split(text)]
    if len(ends) == 1:
        return Range(field, *_limits(field, text, now))
    if len(ends) > 2 or not any(ends):
        raise ValueError(f"看不懂范围“{text}”")
    first = _limits(field, ends[0], now)[0] if ends[0] else None
    last_one = _limits(field, ends[1], now)[1] if ends[1] else None
    if first is not None and last_one is not None and first > last_one:
        raise ValueError(f"范围“{text}”的起点在终点之后")
    return Range(field, first, last_one)


def _beyond(field: str, sign: str, low: int, high: int, text: str) -> Range:
    if sign == "=":
        return Range(field, low, high)
    if sign in (">", ">=", "=>", "≥"):
        found = Range(field, high + 1 if sign == ">" else low, None)
    else:
        found = Range(field, None, low - 1 if sign == "<" else high)
    if (field == "heat" and (found.low, found.high) in ((len(HEATS) + 1, None), (None, 0))) or found.high == -1:
        raise ValueError(f"“{text}”里不会有任何信息")
    return found


def _limits(field: str, text: str, now: datetime | None) -> tuple[int, int]:
    """The first and the last number that a word stands for: a day is all its seconds."""
    if field == "time":
        return _time(text, now)
    if field == "heat":
        rank = next((i for i, heat in enumerate(HEATS, 1) if text in (heat, HEAT_WORDS[heat], HEAT_WORDS[heat] + "色")), 0)
        if not rank:
            raise ValueError(f"没有“{text}”这个热度")
        return rank, rank
    number = _NUMBER.fullmatch(text.replace(",", ""))
    if not number:
        raise ValueError(f"看不懂数目“{text}”")
    value = round(float(number[1]) * _TIMES[number[2]])
    return value, value


def _time(text: str, now: datetime | None) -> tuple[int, int]:
    if text in ("今天", "昨天") and now is not None:
        day = datetime.combine(now.astimezone(SHANGHAI), time(), SHANGHAI) - timedelta(days=text == "昨天")
        return _seconds(day), _seconds(day + timedelta(days=1)) - 1
    zoned = re.fullmatch(r"(.+\d)(Z|[+-]\d\d:?\d\d)", text) if "T" in text else None
    found = None if zoned else _DAY.fullmatch(text)
    try:
        if zoned:
            at = _seconds(datetime.fromisoformat(text))
            return at, at
        if not found:
            raise ValueError
        return _named(found)
    except (ValueError, OverflowError):
        raise ValueError(f"没有“{text}”这个时间") from None


def _named(found: re.Match[str]) -> tuple[int, int]:
    part = {name: int(value) for name, value in found.groupdict().items() if value is not None}
    if "H" in part and "d" not in part:
        raise ValueError
    start = datetime(
        part["y"], part.get("m", 1), part.get("d", 1), part.get("H", 0), part.get("M", 0), part.get("S", 0),
        tzinfo=SHANGHAI,
    )  # fmt: skip
    if "S" in part:
        length = timedelta(seconds=1)
    elif "H" in part:
        length = timedelta(minutes=1) if "M" in part else timedelta(hours=1)
    elif "d" in part:
        length = timedelta(days=1)
    elif "m" in part:
        length = timedelta(days=monthrange(part["y"], part["m"])[1])
    else:
        length = datetime(part["y"] + 1, 1, 1, tzinfo=SHANGHAI) - start
    return _seconds(start), _seconds(start + length) - 1


def _seconds(instant: datetime) -> int:
    return int(instant.astimezone(UTC).timestamp() // 1)
