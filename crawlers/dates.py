"""Publication times as sites and vendors write them. Pure; a time without a zone is Asia/Shanghai."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

from config.clock import SHANGHAI

_MONTHS = {m: i + 1 for i, m in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])}
# CST in a Chinese feed is China Standard Time; e-mail libraries read it as Chicago's.
_ZONES = {"z": 0, "gmt": 0, "utc": 0, "ut": 0, "cst": 8, "bjt": 8, "hkt": 8, "est": -5, "edt": -4, "pst": -8, "pdt": -7}
_ZONE = r"(?P<zone>[+-]\d{2}:?\d{2}|Z|GMT(?:[+-]\d{1,2}(?::?\d{2})?)?|UTC(?:[+-]\d{1,2}(?::?\d{2})?)?|[A-Z]{2,4})"
_CLOCK = r"(?P<h>\d{1,2})[:时点](?P<m>\d{1,2})(?:[:分](?P<s>\d{1,2}))?(?:[.,]\d+)?[秒分]?"
_NUMERIC = re.compile(
    r"(?P<Y>\d{4})[-/.年]\s*(?P<M>\d{1,2})[-/.月]\s*(?P<D>\d{1,2})日?"
    rf"(?:[T\s]*(?:(?:星期|周)[一二三四五六日天])?\s*(?P<half>上午|下午|晚上|凌晨|中午|AM|PM)?\s*{_CLOCK}\s*{_ZONE}?)?$",
    re.I,
)
_ENGLISH = re.compile(
    rf"(?:\w+,?\s+)?(?P<D>\d{{1,2}})[\s-](?P<mon>[A-Za-z]{{3}})[a-z]*[\s-](?P<Y>\d{{4}}|\d{{2}})(?:\s+{_CLOCK}\s*{_ZONE}?)?$",
    re.I,
)
_CTIME = re.compile(
    rf"[A-Za-z]{{3}}\s+(?P<mon>[A-Za-z]{{3}})\s+(?P<D>\d{{1,2}})\s+{_CLOCK}\s+(?:{_ZONE}\s+)?(?P<Y>\d{{4}})$", re.I
)
_COMPACT = re.compile(r"(?P<Y>20\d{2})(?P<M>\d{2})(?P<D>\d{2})(?:T?(?P<h>\d{2})(?P<m>\d{2})(?P<s>\d{2})(?P<zone>Z)?)?$")
_EXCEL_DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet serial has no zone
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
DAY_ONLY = "发布时间只有日期，按当日零时计"


@dataclass(frozen=True, kw_only=True)
class When:
    """An instant in aware UTC, and what must be said about it ("" = nothing)."""

    at: datetime
    note: str = ""


def read_when(value: object) -> When | None:
    """The instant a cell or an element names: texts, unix seconds or milliseconds, spreadsheet serials, datetimes.

    None when it cannot be read, or lies before 1990 (an empty field shown as 1970 or 1900).
    """
    found = _read(value)
    return found if found and found.at >= EARLIEST else None


def _read(value: object) -> When | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, datetime):
        return When(at=_aware(value))
    if isinstance(value, date):
        return When(at=_aware(datetime(value.year, value.month, value.day)), note=DAY_ONLY)  # noqa: DTZ001
    if isinstance(value, (int, float)):
        return _from_number(float(value))
    text = unicodedata.normalize("NFKC", str(value)).strip()
    if re.fullmatch(r"\d{10}|\d{13}", text):
        return _from_number(float(text))
    for form in (_NUMERIC, _ENGLISH, _CTIME, _COMPACT):
        if m := form.match(text):
            return _from_parts(m.groupdict())
    return None


def _aware(value: datetime) -> datetime:
    return (value if value.tzinfo else value.replace(tzinfo=SHANGHAI)).astimezone(UTC)


def _from_number(value: float) -> When | None:
    try:
        if 20_000 <= value < 80_000:  # days since 1899-12-30: 1954 to 2119
            note = DAY_ONLY if value.is_integer() else ""
            return When(at=_aware(_EXCEL_DAY_ZERO + timedelta(seconds=round(value * 86400))), note=note)
        if 1e12 <= value < 1e14:
            return When(at=datetime.fromtimestamp(value / 1000, UTC))
        if 6e8 <= value < 1e11:
            return When(at=datetime.fromtimestamp(value, UTC))
        if 19_900_101 <= value < 21_000_101 and value.is_integer():
            return _read(str(int(value)))
    except (OverflowError, ValueError, OSError):
        pass
    return None


def _from_parts(part: dict[str, str | None]) -> When | None:
    month = part.get("M")
    number = int(month) if month else _MONTHS.get((part["mon"] or "").lower(), 0)
    year = int(part["Y"] or 0)
    year += 2000 if year < 70 else 1900 if year < 100 else 0
    hour = int(part["h"] or 0)
    half = (part.get("half") or "").lower()
    if half in ("下午", "晚上", "pm") and hour < 12:
        hour += 12
    if half in ("上午", "凌晨", "am") and hour == 12:
        hour = 0
    # 24:00 is how offices write midnight at the end of a day.
    day_over, hour = divmod(hour, 24) if hour == 24 else (0, hour)
    try:
        local = datetime(year, number, int(part["D"] or 0), hour, int(part["m"] or 0), int(part["s"] or 0))  # noqa: DTZ001
        at = (local + timedelta(days=day_over)).replace(tzinfo=_zone(part.get("zone"))).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return When(at=at, note="" if part["h"] else DAY_ONLY)


def _zone(name: str | None) -> tzinfo:
    if not name:
        return SHANGHAI
    if m := re.fullmatch(r"(?:GMT|UTC)?([+-])(\d{1,2}):?(\d{2})?", name, re.I):
        offset = timedelta(hours=int(m[2]), minutes=int(m[3] or 0))
        return timezone(-offset if m[1] == "-" else offset)
    hours = _ZONES.get(name.lower())
    return SHANGHAI if hours is None else timezone(timedelta(hours=hours))
